/* SPDX-License-Identifier: MIT */
#include "daemon/token/refresh-mac.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/secret.h"

/* Hosts of a fleet, and the next release, have to make the same MACs. */
static const char *const purposes[] = {
        [REFRESH_MAC_TOKEN] = "authtoken refresh token 1",
        [REFRESH_MAC_CODE] = "authtoken login code 1",
        [REFRESH_MAC_OWNER] = "authtoken session owner 1",
};

static char *put(char *end, const char *text) {
        return mempcpy(end, text, strlen(text) + 1);
}

/* Each text ends with a NUL, which none of them can contain: different texts never give the same bytes. */
static char *compose(
        const char *purpose, const char *const *texts, size_t n_texts, size_t *ret_size) {
        size_t size = strlen(purpose) + 1;
        char *message, *end;

        for (size_t i = 0; i < n_texts; i++)
                size += strlen(texts[i]) + 1;
        message = malloc(size);
        if (!message)
                return NULL;
        end = put(message, purpose);
        for (size_t i = 0; i < n_texts; i++)
                end = put(end, texts[i]);
        *ret_size = size;
        return message;
}

int refresh_mac(Key *key, RefreshMacPurpose purpose, const char *const *texts, size_t n_texts,
        uint8_t mac[REFRESH_MAC_SIZE]) {
        uint8_t signature[KEY_SIGNATURE_MAX];
        size_t message_size, size = 0;
        char *message = compose(purposes[purpose], texts, n_texts, &message_size);
        int r;

        if (!message)
                return -ENOMEM;
        r = key_sign(key, (KeyBytes){ message, message_size }, signature, &size);
        secret_wipe(message, message_size);
        free(message);
        if (r == 0 && size == REFRESH_MAC_SIZE)
                memcpy(mac, signature, REFRESH_MAC_SIZE);
        else if (r >= 0)
                r = -EIO;
        secret_wipe(signature, REFRESH_MAC_SIZE);
        return r;
}
