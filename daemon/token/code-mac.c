/* SPDX-License-Identifier: MIT */
#include "daemon/token/code-mac.h"

#include <errno.h>
#include <string.h>

#include "common/base64url.h"

#define MAC_BYTES 16u

/* As in refresh tokens, which use the same key: the purpose comes first. */
#define PURPOSE "authtoken login code 1"

/* Each part ends with a NUL, which none of them can contain: two codes never give the same bytes. */
static int message_of(CodeOwner owner, const Secret *canonical, Secret **ret_message) {
        const char *parts[] = { PURPOSE, owner.tenant, owner.user, canonical->data };
        _cleanup_(secret_freep) Secret *message = NULL;
        int r;

        r = secret_new(NULL, 0, &message);
        for (size_t i = 0; i < ARRAY_SIZE(parts) && r == 0; i++)
                r = secret_append(message, parts[i], strlen(parts[i]) + 1);
        if (r == 0)
                *ret_message = TAKE_PTR(message);
        return r;
}

int code_mac(Key *key, CodeOwner owner, const Secret *canonical, char mac[CODE_MAC_SIZE + 1]) {
        _cleanup_(secret_freep) Secret *message = NULL;
        uint8_t signature[KEY_SIGNATURE_MAX];
        size_t size;
        int r;

        r = message_of(owner, canonical, &message);
        if (r)
                return r;
        r = key_sign(key, (KeyBytes){ message->data, message->size }, signature, &size);
        if (r == 0 && (size < MAC_BYTES ||
                              base64url_encode(signature, MAC_BYTES, mac, CODE_MAC_SIZE + 1)))
                r = -EIO;
        secret_wipe(signature, sizeof(signature));
        return r > 0 ? -EIO : r;
}
