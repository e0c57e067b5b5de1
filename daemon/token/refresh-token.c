/* SPDX-License-Identifier: MIT */
#include "daemon/token/refresh-token.h"

#include <errno.h>
#include <string.h>

#include "common/base64url.h"
#include "daemon/token/keyring-refresh.h"

#define PREFIX_SIZE (sizeof(REFRESH_TOKEN_PREFIX) - 1)
#define MAC_TEXT    BASE64URL_ENCODED_SIZE(REFRESH_TOKEN_MAC_SIZE)

/* The part that is left to read. */
typedef struct Cursor {
        const char *at;
        size_t left;
} Cursor;

static bool take_prefix(Cursor *cursor) {
        if (cursor->left < PREFIX_SIZE || memcmp(cursor->at, REFRESH_TOKEN_PREFIX, PREFIX_SIZE))
                return false;
        cursor->at += PREFIX_SIZE;
        cursor->left -= PREFIX_SIZE;
        return true;
}

/* SID.GENERATION, up to the second dot. */
static bool take_name(Cursor *cursor, RefreshToken *token) {
        const char *dot = cursor->left > SID_SIZE + 1 ? memchr(cursor->at + SID_SIZE + 1, '.',
                                                                cursor->left - SID_SIZE - 1)
                                                      : NULL;
        size_t size = dot ? (size_t)(dot - cursor->at) : 0;

        if (!dot || jti_parse(cursor->at, size, token->sid, &token->generation))
                return false;
        cursor->at += size + 1;
        cursor->left -= size + 1;
        return true;
}

static bool take_mac(Cursor *cursor, RefreshToken *token) {
        size_t used;

        return cursor->left == MAC_TEXT &&
               base64url_decode(cursor->at, cursor->left, token->mac, sizeof(token->mac), &used) ==
                       0 &&
               used == sizeof(token->mac);
}

int refresh_token_parse(const char *text, size_t size, RefreshToken *ret_token) {
        Cursor cursor = { text, size };
        RefreshToken token;

        if (!take_prefix(&cursor) || !take_name(&cursor, &token) || !take_mac(&cursor, &token))
                return REFRESH_TOKEN_E_MALFORMED;
        *ret_token = token;
        return 0;
}

static int mac_of(Key *key, const RefreshSubject *subject, uint8_t mac[REFRESH_TOKEN_MAC_SIZE]) {
        char jti[JTI_SIZE_MAX + 1];
        const char *const texts[] = { subject->tenant, subject->user, jti };

        jti_format(subject->sid, subject->generation, jti);
        return refresh_mac(key, REFRESH_MAC_TOKEN, texts, ARRAY_SIZE(texts), mac);
}

int refresh_token_check(
        const Keyring *keyring, const RefreshToken *token, const char *tenant, const char *user) {
        const RefreshSubject subject = { tenant, user, token->sid, token->generation };
        uint8_t mac[REFRESH_TOKEN_MAC_SIZE];
        bool same = false;
        int r = 0;

        for (size_t i = 0; i < keyring_refresh_size(keyring) && r == 0 && !same; i++) {
                r = mac_of(keyring_refresh_at(keyring, i), &subject, mac);
                same = r == 0 && secret_equal(mac, sizeof(mac), token->mac, sizeof(token->mac));
        }
        secret_wipe(mac, sizeof(mac));
        if (r)
                return r;
        return same ? 0 : REFRESH_TOKEN_E_MAC;
}

int refresh_token_make(const Keyring *keyring, const char *kid, const RefreshSubject *subject,
        Secret **ret_token) {
        Key *key = keyring_find_refresh(keyring, kid);
        char text[REFRESH_TOKEN_SIZE_MAX + 1] = REFRESH_TOKEN_PREFIX, *end;
        uint8_t mac[REFRESH_TOKEN_MAC_SIZE];
        int r;

        if (!key)
                return REFRESH_TOKEN_E_NO_KEY;
        r = mac_of(key, subject, mac);
        if (r)
                return r;
        jti_format(subject->sid, subject->generation, text + PREFIX_SIZE);
        end = text + strlen(text);
        *end++ = '.';
        r = base64url_encode(mac, sizeof(mac), end, MAC_TEXT + 1) ? -EIO : 0;
        if (r == 0)
                r = secret_new(text, strlen(text), ret_token);
        secret_wipe(text, sizeof(text));
        secret_wipe(mac, sizeof(mac));
        return r;
}
