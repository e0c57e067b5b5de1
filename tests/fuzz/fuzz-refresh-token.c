/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/replay.h"

#include <stdio.h>
#include <string.h>

#include "common/base64url.h"
#include "daemon/token/keyring-refresh.h"
#include "daemon/token/refresh-token.h"

static const Keyring *keyring(void) {
        static char bytes[33] = { 7 };
        static const Secret secret = { .size = 32, .data = bytes };
        KeySource source = { .kid = "k", .algorithm = algorithm_at(0), .secret = &secret };
        static Keyring *ring;
        Key *key;

        source.may_sign = true;
        if (!ring &&
                (keyring_new(&ring) || key_new(&source, &key) || keyring_add_refresh(ring, key)))
                __builtin_trap();
        return ring;
}

/* There is one text for one token, or a used one could be spelt in another way. */
static void check_text(const RefreshToken *token, const uint8_t *data, size_t size) {
        char text[REFRESH_TOKEN_SIZE_MAX + 1],
                mac[BASE64URL_ENCODED_SIZE(REFRESH_TOKEN_MAC_SIZE) + 1], jti[JTI_SIZE_MAX + 1];

        jti_format(token->sid, token->generation, jti);
        if (base64url_encode(token->mac, sizeof(token->mac), mac, sizeof(mac)))
                __builtin_trap();
        snprintf(text, sizeof(text), REFRESH_TOKEN_PREFIX "%s.%s", jti, mac);
        if (strlen(text) != size || memcmp(text, data, size) != 0)
                __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        RefreshToken token;

        if (refresh_token_parse((const char *)data, size, &token))
                return 0;
        check_text(&token, data, size);
        if (refresh_token_check(keyring(), &token, "default", "alice") < 0)
                __builtin_trap();
        return 0;
}
