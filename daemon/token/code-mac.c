/* SPDX-License-Identifier: MIT */
#include "daemon/token/code-mac.h"

#include <errno.h>

#include "common/base64url.h"
#include "common/cleanup.h"
#include "daemon/token/refresh-mac.h"

#define MAC_BYTES 16u

int code_mac(Key *key, CodeOwner owner, const Secret *canonical, char mac[CODE_MAC_SIZE + 1]) {
        const char *const texts[] = { owner.tenant, owner.user, canonical->data };
        uint8_t bytes[REFRESH_MAC_SIZE];
        int r;

        r = refresh_mac(key, REFRESH_MAC_CODE, texts, ARRAY_SIZE(texts), bytes);
        if (r == 0 && base64url_encode(bytes, MAC_BYTES, mac, CODE_MAC_SIZE + 1))
                r = -EIO;
        secret_wipe(bytes, sizeof(bytes));
        return r;
}
