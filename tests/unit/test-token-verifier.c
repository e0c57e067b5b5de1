/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "common/cleanup.h"
#include "daemon/token/token-verifier.h"
#include "folder-fixture.h"
#include "token-fixture.h"

/* Keys of RFC 7515, appendices A.1 and A.3. */
#define RFC_HS256                                                                                  \
        "{\"kty\":\"oct\",\"kid\":\"k\",\"alg\":\"HS256\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMk" \
        "oqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow\"}"
#define RFC_ES256                                                                                  \
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"," \
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"
#define RFC_PAYLOAD                                                                                \
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0" \
        "cnVlfQ"

static Reason verify(const Keyring *keyring, const VerifyRules *rules, const Secret *token) {
        VerifyRequest request = fixture_verify_request(token);
        Claims *claims = NULL;
        Reason reason;

        reason = token_verify(keyring, rules, &request, &claims);
        assert_int_equal(reason == REASON_OK && !rules->signature_only, claims != NULL);
        claims_unref(claims);
        return reason;
}

static Reason verify_text(const Keyring *keyring, const VerifyRules *rules, const char *text) {
        _cleanup_(secret_freep) Secret *token = NULL;

        assert_int_equal(secret_new(text, strlen(text), &token), 0);
        return verify(keyring, rules, token);
}

/* A header with a validly signed good payload; %s is the key's kid. */
static const struct {
        const char *name, *header;
        Reason reason, foreign;
} headers[] = {
        { "our own header", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", REASON_OK,
                REASON_OK },
        { "another order", "{\"typ\":\"at+jwt\",\"kid\":\"%s\",\"alg\":\"ES256\"}", REASON_OK,
                REASON_OK },
        { "the whole media type",
                "{\"alg\":\"ES256\",\"typ\":\"application/at+JWT\",\"kid\":\"%s\"}", REASON_OK,
                REASON_OK },
        { "a JWT of any purpose", "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"%s\"}",
                REASON_TYPE_UNEXPECTED, REASON_OK },
        { "no typ", "{\"alg\":\"ES256\",\"kid\":\"%s\"}", REASON_TYPE_UNEXPECTED, REASON_OK },
        { "a logout token", "{\"alg\":\"ES256\",\"typ\":\"logout+jwt\",\"kid\":\"%s\"}",
                REASON_TYPE_UNEXPECTED, REASON_TYPE_UNEXPECTED },
        { "an empty typ", "{\"alg\":\"ES256\",\"typ\":\"\",\"kid\":\"%s\"}", REASON_TYPE_UNEXPECTED,
                REASON_TYPE_UNEXPECTED },
        { "crit", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"crit\":[\"exp\"],\"kid\":\"%s\"}",
                REASON_HEADER_CRITICAL, REASON_HEADER_CRITICAL },
        { "b64", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"b64\":true,\"kid\":\"%s\"}",
                REASON_HEADER_CRITICAL, REASON_HEADER_CRITICAL },
        { "jku is not followed",
                "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"jku\":\"http://x\",\"kid\":\"%s\"}",
                REASON_OK, REASON_OK },
        { "alg twice", "{\"alg\":\"ES256\",\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}",
                REASON_HEADER_MALFORMED, REASON_HEADER_MALFORMED },
        { "kid twice", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"x\",\"kid\":\"%s\"}",
                REASON_HEADER_MALFORMED, REASON_HEADER_MALFORMED },
        { "none", "{\"alg\":\"none\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", REASON_ALGORITHM_REFUSED,
                REASON_ALGORITHM_REFUSED },
        { "another algorithm of the same curve",
                "{\"alg\":\"ES384\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", REASON_ALGORITHM_REFUSED,
                REASON_ALGORITHM_REFUSED },
        { "an HMAC with the public key", "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}",
                REASON_ALGORITHM_REFUSED, REASON_ALGORITHM_REFUSED },
        { "no kid", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", REASON_KEY_UNKNOWN,
                REASON_KEY_UNKNOWN },
        { "another kid", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"x%s\"}",
                REASON_KEY_UNKNOWN, REASON_KEY_UNKNOWN },
        { "a path as kid", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"../../../dev/null\"}",
                REASON_KEY_UNKNOWN, REASON_KEY_UNKNOWN },
        /* RFC 8259 section 6 lets a reader have limits; no member is exempt because nobody reads it. */
        { "the largest integer",
                "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"x\":9223372036854775807,\"kid\":\"%s\"}",
                REASON_OK, REASON_OK },
        { "an integer beyond 64 bits",
                "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"x\":9223372036854775808,\"kid\":\"%s\"}",
                REASON_HEADER_MALFORMED, REASON_HEADER_MALFORMED },
        { "a number beyond a double",
                "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"x\":1e400,\"kid\":\"%s\"}",
                REASON_HEADER_MALFORMED, REASON_HEADER_MALFORMED },
};

static void test_headers(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring("ES256");
        Key *key = keyring_signing_key(keyring);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
                const char *payload = FIXTURE_PAYLOAD;
                VerifyRules rules = fixture_rules();
                _cleanup_(secret_freep) Secret *token = NULL;
                const char *place = strstr(headers[i].header, "%s");
                int before =
                        place ? (int)(place - headers[i].header) : (int)strlen(headers[i].header);
                char text[512];

                (void)snprintf(text, sizeof(text), "%.*s%s%s", before, headers[i].header,
                        place ? key_kid(key) : "", place ? place + 2 : "");
                token = fixture_token(key, text, payload, strlen(payload));
                if (verify(keyring, &rules, token) != headers[i].reason)
                        fail_msg("wrong: %s", headers[i].name);
                rules.foreign = true;
                if (verify(keyring, &rules, token) != headers[i].foreign)
                        fail_msg("wrong for another issuer: %s", headers[i].name);
        }
}

/* Payloads that are validly signed; what is in them is test-claims' matter. */
#define WITH_X(number) "{" FIXTURE_REQUIRED "," FIXTURE_TIMES ",\"x\":" number "}"

static void test_payloads(void **state) {
        static const struct {
                const char *payload;
                size_t size;
                Reason reason;
        } rows[] = {
                { FIXTURE_PAYLOAD, sizeof(FIXTURE_PAYLOAD) - 1, REASON_OK },
                { FIXTURE_PAYLOAD, sizeof(FIXTURE_PAYLOAD), REASON_CLAIMS_MALFORMED },
                { "", 0, REASON_TOKEN_MALFORMED },
                { "{}", 2, REASON_CLAIM_MISSING },
                { WITH_X("9223372036854775807"), sizeof(WITH_X("9223372036854775807")) - 1,
                        REASON_OK },
                { WITH_X("9223372036854775808"), sizeof(WITH_X("9223372036854775808")) - 1,
                        REASON_CLAIMS_MALFORMED },
                { WITH_X("-9223372036854775809"), sizeof(WITH_X("-9223372036854775809")) - 1,
                        REASON_CLAIMS_MALFORMED },
                { WITH_X("[1e400]"), sizeof(WITH_X("[1e400]")) - 1, REASON_CLAIMS_MALFORMED },
                { "[]", 2, REASON_CLAIMS_MALFORMED },
                { "\xff\xfe{\0}\0", 6, REASON_CLAIMS_MALFORMED },
        };
        _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring("EdDSA");
        Key *key = keyring_signing_key(keyring);
        VerifyRules any = fixture_rules(), rules = fixture_rules();
        char header[256];

        (void)state;
        any.signature_only = true;
        (void)snprintf(header, sizeof(header),
                "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", key_kid(key));
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(secret_freep) Secret *token =
                        fixture_token(key, header, rows[i].payload, rows[i].size);

                assert_int_equal(verify(keyring, &rules, token), rows[i].reason);
                assert_int_equal(verify(keyring, &any, token), REASON_OK);
        }
}

static Secret *good_token(const Keyring *keyring) {
        IssueRequest request = fixture_issue_request();
        Secret *token = NULL;

        assert_int_equal(token_issue(keyring, &request, &token), 0);
        return token;
}

static void test_every_changed_bit_is_seen(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring("HS256");
        _cleanup_(secret_freep) Secret *token = good_token(keyring);
        VerifyRules rules = fixture_rules();

        (void)state;
        assert_int_equal(verify(keyring, &rules, token), REASON_OK);
        for (size_t i = 0; i < token->size; i++)
                for (int bit = 0; bit < 8; bit++) {
                        token->data[i] ^= (char)(1 << bit);
                        assert_int_not_equal(verify(keyring, &rules, token), REASON_OK);
                        token->data[i] ^= (char)(1 << bit);
                }
}

static void test_every_cut_is_refused(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring("ES256");
        _cleanup_(secret_freep) Secret *token = good_token(keyring);
        VerifyRules rules = fixture_rules();
        VerifyRequest request = fixture_verify_request(token);
        Claims *claims = NULL;

        (void)state;
        for (size_t size = 0; size < token->size; size++) {
                /* A copy of this size, so that a read behind its end is seen. */
                _cleanup_(freep) char *copy = malloc(size + !size);

                memcpy(copy, token->data, size);
                request.token = copy;
                request.token_size = size;
                assert_int_not_equal(token_verify(keyring, &rules, &request, &claims), REASON_OK);
        }
        assert_null(claims);
}

static void test_size_is_looked_at_first(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring("ES256");
        _cleanup_(secret_freep) Secret *token = good_token(keyring);
        VerifyRules rules = fixture_rules();
        VerifyRequest huge = { .token = NULL, .token_size = SIZE_MAX, .now_sec = FIXTURE_NOW };
        Claims *claims = NULL;

        (void)state;
        rules.max_size = token->size;
        assert_int_equal(verify(keyring, &rules, token), REASON_OK);
        rules.max_size--;
        assert_int_equal(verify(keyring, &rules, token), REASON_TOKEN_TOO_LARGE);
        assert_int_equal(token_verify(keyring, &rules, &huge, &claims), REASON_TOKEN_TOO_LARGE);
}

/* The classic: what everybody may know is not a secret. */
static void test_an_hmac_keyed_with_the_public_pem_is_refused(void **state) {
        static const KeyFileRules any = {
                .any_place = true, .any_kid = true, .any_algorithm = true
        };
        _cleanup_(keyring_unrefp) Keyring *rsa = fixture_ring("RS256"), *forger = NULL;
        _cleanup_(freep) char *encoded = NULL, *jwk = NULL, *path = NULL;
        _cleanup_(secret_freep) Secret *token = NULL;
        char *folder = fixture_folder();
        VerifyRules rules = fixture_rules();
        BIO *bio = BIO_new(BIO_s_mem());
        Keyring *by_file = NULL;
        char *pem;
        long size;

        (void)state;
        rules.foreign = true;
        assert_int_equal(PEM_write_bio_PUBKEY(bio, key_pkey(keyring_at(rsa, 0))), 1);
        size = BIO_get_mem_data(bio, &pem);
        encoded = fixture_encode(pem, (size_t)size);
        assert_true(
                asprintf(&jwk, "{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"%s\",\"k\":\"%s\"}",
                        key_kid(keyring_at(rsa, 0)), encoded) > 0);
        forger = fixture_ring_from(jwk);
        token = good_token(forger);
        assert_int_equal(verify(forger, &rules, token), REASON_OK);
        assert_int_equal(verify(rsa, &rules, token), REASON_ALGORITHM_REFUSED);

        BIO_write(bio, "", 1);
        (void)BIO_get_mem_data(bio, &pem);
        path = fixture_write(folder, "key.pem", pem, 0644);
        assert_int_equal(keyring_new(&by_file), 0);
        assert_int_equal(key_file_load(by_file, path, &any, NULL), 0);
        assert_int_equal(verify(by_file, &rules, token), REASON_ALGORITHM_REFUSED);
        keyring_unref(by_file);
        BIO_free(bio);
        fixture_folder_free(folder);
}

static void test_the_key_of_another_curve_is_refused(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring("ES384");
        Key *key = keyring_signing_key(keyring);
        _cleanup_(secret_freep) Secret *token = NULL;
        VerifyRules rules = fixture_rules();
        char header[256];

        (void)state;
        (void)snprintf(header, sizeof(header),
                "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", key_kid(key));
        token = fixture_token(key, header, FIXTURE_PAYLOAD, strlen(FIXTURE_PAYLOAD));
        assert_int_equal(verify(keyring, &rules, token), REASON_ALGORITHM_REFUSED);
}

/* OpenSSL would not even begin to verify, and that is not an error of ours. */
static void test_a_hash_that_a_pss_key_forbids_is_refused(void **state) {
        static const KeyFileRules any = {
                .any_place = true, .any_kid = true, .any_algorithm = true
        };
        static const char header[] = "{\"alg\":\"PS384\",\"typ\":\"at+jwt\"}";
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL, *signer = fixture_ring("PS384");
        _cleanup_(secret_freep) Secret *token = NULL;
        _cleanup_(freep) char *path = NULL;
        char *folder = fixture_folder();
        VerifyRules rules = fixture_rules();
        BIO *bio = BIO_new(BIO_s_mem());
        EVP_PKEY *pkey = NULL;
        char *pem;

        (void)state;
        assert_int_equal(EVP_PKEY_keygen_init(context), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_md_name(context, "SHA256", NULL), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_mgf1_md_name(context, "SHA256"), 1);
        assert_int_equal(EVP_PKEY_generate(context, &pkey), 1);
        assert_int_equal(PEM_write_bio_PUBKEY(bio, pkey), 1);
        BIO_write(bio, "", 1);
        (void)BIO_get_mem_data(bio, &pem);
        path = fixture_write(folder, "key.pem", pem, 0644);
        assert_int_equal(keyring_new(&keyring), 0);
        assert_int_equal(key_file_load(keyring, path, &any, NULL), 0);
        token = fixture_token(
                keyring_signing_key(signer), header, FIXTURE_PAYLOAD, strlen(FIXTURE_PAYLOAD));
        assert_int_equal(verify(keyring, &rules, token), REASON_ALGORITHM_REFUSED);
        EVP_PKEY_CTX_free(context);
        EVP_PKEY_free(pkey);
        BIO_free(bio);
        fixture_folder_free(folder);
}

static void test_a_token_of_another_key_of_the_same_name_is_refused(void **state) {
        static const char jwk[] = "{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"k\",\"k\":\"%s\"}";
        _cleanup_(keyring_unrefp) Keyring *ours = fixture_ring_from(RFC_HS256), *theirs = NULL;
        _cleanup_(secret_freep) Secret *token = NULL;
        VerifyRules rules = fixture_rules();
        char text[256];

        (void)state;
        (void)snprintf(text, sizeof(text), "%.*s%s\"}", (int)(sizeof(jwk) - 5), jwk,
                "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
        theirs = fixture_ring_from(text);
        token = good_token(theirs);
        assert_int_equal(verify(theirs, &rules, token), REASON_OK);
        assert_int_equal(verify(ours, &rules, token), REASON_SIGNATURE_INVALID);
}

static void test_tokens_of_rfc_7515(void **state) {
        static const KeyFileRules any = { .any_place = true, .any_kid = true };
        static const struct {
                const char *jwk, *token;
        } rows[] = {
                { RFC_HS256, "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." RFC_PAYLOAD
                             ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" },
                { RFC_ES256,
                        "eyJhbGciOiJFUzI1NiJ9." RFC_PAYLOAD ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4Gaw"
                        "xaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q" },
        };
        VerifyRules rules = fixture_rules();

        (void)state;
        rules.foreign = true;
        rules.signature_only = true;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
                char *folder = fixture_folder();
                _cleanup_(freep) char *path = fixture_write(folder, "k", rows[i].jwk, 0600);

                assert_int_equal(keyring_new(&keyring), 0);
                assert_int_equal(key_file_load(keyring, path, &any, NULL), 0);
                assert_int_equal(verify_text(keyring, &rules, rows[i].token), REASON_OK);
                fixture_folder_free(folder);
        }
}

/* libjwt 1.10.2 wrote past a buffer here, before it looked at the signature. */
static void test_regression_payload_e30_dot_aa(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring("HS256");
        VerifyRules rules = fixture_rules();

        (void)state;
        assert_int_equal(verify_text(keyring, &rules, ".e30.AA"), REASON_TOKEN_MALFORMED);
        assert_int_equal(verify_text(keyring, &rules, "e30.e30.AA"), REASON_HEADER_MALFORMED);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_headers),
                cmocka_unit_test(test_payloads),
                cmocka_unit_test(test_every_changed_bit_is_seen),
                cmocka_unit_test(test_every_cut_is_refused),
                cmocka_unit_test(test_size_is_looked_at_first),
                cmocka_unit_test(test_an_hmac_keyed_with_the_public_pem_is_refused),
                cmocka_unit_test(test_the_key_of_another_curve_is_refused),
                cmocka_unit_test(test_a_hash_that_a_pss_key_forbids_is_refused),
                cmocka_unit_test(test_a_token_of_another_key_of_the_same_name_is_refused),
                cmocka_unit_test(test_tokens_of_rfc_7515),
                cmocka_unit_test(test_regression_payload_e30_dot_aa),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
