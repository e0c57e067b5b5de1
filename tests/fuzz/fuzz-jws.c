/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/replay.h"

#include <string.h>

#include "common/base64url.h"
#include "daemon/token/jws.h"
#include "daemon/token/token-verifier.h"

static const VerifyRules rules = { .leeway_sec = 30, .max_lifetime_sec = 86400, .max_size = 8192 };

static const Keyring *keyring(void) {
        static char bytes[33] = { 7 };
        static const Secret secret = { .size = 32, .data = bytes };
        KeySource source = { .kid = "k", .algorithm = algorithm_at(0), .secret = &secret };
        static Keyring *ring;
        Key *key;

        if (!ring && (keyring_new(&ring) || key_new(&source, &key) || keyring_add(ring, key)))
                __builtin_trap();
        return ring;
}

/* There is one text for one value, or a revoked token could be spelt in another way. */
static void check_text(const char *text, KeyBytes part) {
        char copy[BASE64URL_ENCODED_SIZE(8192) + 1];

        if (base64url_encode(part.data, part.size, copy, sizeof(copy)) ||
                memcmp(copy, text, strlen(copy)) != 0)
                __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *token = (const char *)data;
        VerifyRequest request = { .token = token, .token_size = size, .now_sec = 1800000000 };
        Claims *claims = NULL;
        Jws jws = { 0 };

        if (size <= rules.max_size && jws_parse(token, size, &jws) == REASON_OK) {
                check_text(token, jws.header);
                check_text(token + jws.header_text.size + 1, jws.payload);
                check_text(token + jws.signed_text.size + 1, jws.signature);
        }
        jws_clear(&jws);
        if (token_verify(keyring(), &rules, &request, &claims) == REASON_OK && !claims->sid[0])
                __builtin_trap();
        claims_unref(claims);
        return 0;
}
