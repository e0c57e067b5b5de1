/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "common/base64url.h"
#include "common/cleanup.h"
#include "daemon/token/jwk-generate.h"
#include "folder-fixture.h"
#include "token-fixture.h"

const char *fixture_jwk(const char *algorithm) {
        static char texts[ALGORITHM_COUNT][8192];
        const Algorithm *row = algorithm_find(algorithm);
        char *text = texts[algorithm_index(row)];

        if (!text[0]) {
                _cleanup_(secret_freep) Secret *secret = NULL;
                char kid[KEY_THUMBPRINT_SIZE + 1];

                assert_int_equal(jwk_generate(row, kid, &secret), 0);
                assert_true(secret->size < sizeof(texts[0]));
                memcpy(text, secret->data, secret->size + 1);
        }
        return text;
}

static int load(const char *text, const KeyFileRules *rules, Keyring *keyring) {
        static const KeyFileRules any_place = { .any_place = true };
        char *folder = fixture_folder();
        _cleanup_(freep) char *path = fixture_write(folder, "key", text, 0600);
        int r;

        r = key_file_load(keyring, path, rules ? rules : &any_place, NULL);
        fixture_folder_free(folder);
        return r;
}

Keyring *fixture_ring_from(const char *text) {
        Keyring *keyring = NULL;

        assert_int_equal(keyring_new(&keyring), 0);
        assert_int_equal(load(text, NULL, keyring), 0);
        assert_int_equal(keyring_choose_signing_key(keyring, NULL), 0);
        return keyring;
}

int fixture_load(const char *text, const KeyFileRules *rules) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;

        assert_int_equal(keyring_new(&keyring), 0);
        return load(text, rules, keyring);
}

Keyring *fixture_ring(const char *algorithm) {
        return fixture_ring_from(fixture_jwk(algorithm));
}

char *fixture_encode(const void *data, size_t size) {
        char *text = malloc(BASE64URL_ENCODED_SIZE(size) + 1);

        assert_non_null(text);
        assert_int_equal(base64url_encode(data, size, text, BASE64URL_ENCODED_SIZE(size) + 1), 0);
        return text;
}

Key *fixture_refresh_key(const char *kid, char first) {
        char bytes[33] = { first, 1, 2, 3 };
        const Secret secret = { .size = 32, .data = bytes };
        const KeySource source = { .kid = kid,
                .algorithm = algorithm_find("HS256"),
                .secret = &secret,
                .may_sign = true };
        Key *key;

        assert_int_equal(key_new(&source, &key), 0);
        return key;
}

Secret *fixture_token(Key *key, const char *header, const char *payload, size_t size) {
        _cleanup_(freep) char *first = fixture_encode(header, strlen(header));
        _cleanup_(freep) char *second = fixture_encode(payload, size);
        _cleanup_(freep) char *third = NULL;
        uint8_t signature[KEY_SIGNATURE_MAX];
        Secret *token = NULL;
        size_t signature_size;

        assert_int_equal(secret_new(first, strlen(first), &token), 0);
        assert_int_equal(secret_append(token, ".", 1), 0);
        assert_int_equal(secret_append(token, second, strlen(second)), 0);
        assert_int_equal(
                key_sign(key, (KeyBytes){ token->data, token->size }, signature, &signature_size),
                0);
        third = fixture_encode(signature, signature_size);
        assert_int_equal(secret_append(token, ".", 1), 0);
        assert_int_equal(secret_append(token, third, strlen(third)), 0);
        return token;
}

IssueRequest fixture_issue_request(void) {
        static const char *const audience[] = { FIXTURE_AUDIENCE };

        return (IssueRequest){
                .issuer = FIXTURE_ISSUER,
                .subject = "alice",
                .sid = FIXTURE_SID,
                .generation = 1,
                .audience = audience,
                .n_audience = 1,
                .issued_at_sec = FIXTURE_NOW,
                .expires_at_sec = FIXTURE_NOW + 900,
                .max_size = VERIFY_MAX_SIZE_DEFAULT,
        };
}

VerifyRules fixture_rules(void) {
        return (VerifyRules){
                .issuer = FIXTURE_ISSUER,
                .leeway_sec = VERIFY_LEEWAY_DEFAULT_SEC,
                .max_lifetime_sec = VERIFY_MAX_LIFETIME_DEFAULT_SEC,
                .max_size = VERIFY_MAX_SIZE_DEFAULT,
        };
}

VerifyRequest fixture_verify_request(const Secret *token) {
        return (VerifyRequest){
                .token = token->data,
                .token_size = token->size,
                .now_sec = FIXTURE_NOW,
                .audience = FIXTURE_AUDIENCE,
                .user = "alice",
        };
}
