/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "common/cleanup.h"
#include "daemon/token/json-text.h"
#include "daemon/token/jwk-generate.h"
#include "daemon/token/jwk.h"
#include "token-fixture.h"

#define EC_X  "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define EC_Y  "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define EC_D  "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"
#define EC    "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\""
#define OKP_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define OKP_D "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define OKP   "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" OKP_X "\""
#define RSA_N                                                                                      \
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"  \
        "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_" \
        "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI" \
        "4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
#define RSA "\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\""
#define OCT "\"kty\":\"oct\",\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\""

static int parse(const char *text, Jwk **ret_jwk) {
        json_t *object = NULL;
        int r;

        assert_int_equal(json_text_parse(text, strlen(text), &object), 0);
        r = jwk_parse(object, ret_jwk);
        json_decref(object);
        return r;
}

static const struct {
        const char *name, *text;
        int outcome;
} cases[] = {
        { "EC public", "{" EC "}", 0 },
        { "EC private", "{" EC ",\"d\":\"" EC_D "\"}", 0 },
        { "RSA public", "{" RSA "}", 0 },
        { "OKP public", "{" OKP "}", 0 },
        { "OKP private", "{" OKP ",\"d\":\"" OKP_D "\"}", 0 },
        { "a secret", "{" OCT "}", 0 },
        { "use sig", "{" EC ",\"use\":\"sig\"}", 0 },
        { "unknown members are ignored", "{" EC ",\"x5c\":[\"x\"],\"foo\":1}", 0 },
        { "use enc", "{" EC ",\"use\":\"enc\"}", KEY_E_USE },
        { "use in capitals", "{" EC ",\"use\":\"SIG\"}", KEY_E_USE },
        { "use as a list", "{" EC ",\"use\":[\"sig\"]}", KEY_E_MALFORMED },
        { "key_ops verify", "{" EC ",\"key_ops\":[\"verify\"]}", 0 },
        { "key_ops sign of a private key", "{" EC ",\"d\":\"" EC_D "\",\"key_ops\":[\"sign\"]}",
                0 },
        { "key_ops sign of a public key", "{" EC ",\"key_ops\":[\"sign\"]}", KEY_E_USE },
        { "key_ops sign alone of a secret", "{" OCT ",\"key_ops\":[\"sign\"]}", KEY_E_USE },
        { "key_ops encrypt", "{" EC ",\"key_ops\":[\"encrypt\"]}", KEY_E_USE },
        { "key_ops empty", "{" EC ",\"key_ops\":[]}", KEY_E_USE },
        { "key_ops as text", "{" EC ",\"key_ops\":\"verify\"}", KEY_E_MALFORMED },
        { "key_ops of numbers", "{" EC ",\"key_ops\":[1]}", KEY_E_MALFORMED },
        { "key_ops verify twice", "{" EC ",\"key_ops\":[\"verify\",\"verify\"]}", KEY_E_MALFORMED },
        { "an unknown key_ops twice", "{" EC ",\"key_ops\":[\"x\",\"verify\",\"x\"]}",
                KEY_E_MALFORMED },
        { "key_ops sign and verify",
                "{" EC ",\"d\":\"" EC_D "\",\"key_ops\":[\"sign\",\"verify\"]}", 0 },
        { "key_ops null", "{" EC ",\"key_ops\":null}", KEY_E_MALFORMED },
        { "use null", "{" EC ",\"use\":null}", KEY_E_MALFORMED },
        { "use enc and key_ops verify", "{" EC ",\"use\":\"enc\",\"key_ops\":[\"verify\"]}",
                KEY_E_USE },
        { "use sig and key_ops encrypt", "{" EC ",\"use\":\"sig\",\"key_ops\":[\"encrypt\"]}",
                KEY_E_USE },
        { "an unknown alg", "{" EC ",\"alg\":\"ES521\"}", KEY_E_ALGORITHM },
        { "alg none", "{" EC ",\"alg\":\"none\"}", KEY_E_ALGORITHM },
        { "alg as a number", "{" EC ",\"alg\":1}", KEY_E_MALFORMED },
        { "an empty kid", "{" EC ",\"kid\":\"\"}", KEY_E_KID },
        { "a kid with a newline", "{" EC ",\"kid\":\"a\\nb\"}", KEY_E_KID },
        { "a kid as a number", "{" EC ",\"kid\":7}", KEY_E_MALFORMED },
        { "no kty", "{\"crv\":\"P-256\"}", KEY_E_MALFORMED },
        { "an unknown kty", "{\"kty\":\"AKP\"}", KEY_E_TYPE },
        { "kty in lower case", "{\"kty\":\"ec\"}", KEY_E_TYPE },
        { "the curve of Bitcoin",
                "{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}",
                KEY_E_TYPE },
        { "no curve", "{\"kty\":\"EC\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}", KEY_E_MALFORMED },
        { "a point that is not on the curve",
                "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_Y "\",\"y\":\"" EC_X "\"}",
                KEY_E_POINT },
        { "a short coordinate",
                "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"" EC_Y "\"}",
                KEY_E_MALFORMED },
        { "no y", "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\"}", KEY_E_MALFORMED },
        { "padding in a coordinate",
                "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "=\",\"y\":\"" EC_Y "\"}",
                KEY_E_MALFORMED },
        { "an empty d", "{" EC ",\"d\":\"\"}", KEY_E_MALFORMED },
        { "d of one byte more", "{" EC ",\"d\":\"AI6bEJ5xkJi_mASH3x9dd-nLKWBuvtImO19XwhPfhPSy\"}",
                KEY_E_MALFORMED },
        { "d null", "{" EC ",\"d\":null}", KEY_E_MALFORMED },
        { "x as a number", "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":1,\"y\":\"" EC_Y "\"}",
                KEY_E_MALFORMED },
        { "crv as a number", "{\"kty\":\"EC\",\"crv\":256}", KEY_E_MALFORMED },
        { "kty as a list", "{\"kty\":[\"EC\"]}", KEY_E_MALFORMED },
        { "alg null", "{" EC ",\"alg\":null}", KEY_E_MALFORMED },
        { "kid null", "{" EC ",\"kid\":null}", KEY_E_MALFORMED },
        { "a short d", "{" EC ",\"d\":\"AQ\"}", KEY_E_MALFORMED },
        { "d as a number", "{" EC ",\"d\":1}", KEY_E_MALFORMED },
        { "an Ed25519 key whose halves differ", "{" OKP ",\"d\":\"" EC_D "\"}", KEY_E_PAIR },
        { "a long Ed25519 d", "{" OKP ",\"d\":\"" OKP_D "AA\"}", KEY_E_MALFORMED },
        { "an Ed25519 d as a number", "{" OKP ",\"d\":1}", KEY_E_MALFORMED },
        { "an Ed25519 key with the d of nobody's x",
                "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"" OKP_D "\"}", KEY_E_MALFORMED },
        /* RFC 8037 section 2 knows no y: like any unknown member, it is not looked at. */
        { "an Ed25519 key with y", "{" OKP ",\"y\":\"" EC_Y "\"}", 0 },
        { "a short Ed25519 key", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}",
                KEY_E_MALFORMED },
        { "Ed448", "{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"" OKP_X "\"}", KEY_E_TYPE },
        { "a key of agreement", "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" OKP_X "\"}",
                KEY_E_TYPE },
        { "RSA without e", "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\"}", KEY_E_MALFORMED },
        { "RSA with d and p alone", "{" RSA ",\"d\":\"AQAB\",\"p\":\"AQAB\"}", KEY_E_MALFORMED },
        { "RSA with more than two primes", "{" RSA ",\"d\":\"AQAB\",\"oth\":[]}", KEY_E_MALFORMED },
        { "RSA with an empty n", "{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}", KEY_E_MALFORMED },
        { "RSA with an empty d", "{" RSA ",\"d\":\"\"}", KEY_E_MALFORMED },
        { "RSA with e as a number", "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":65537}",
                KEY_E_MALFORMED },
        { "RSA with a zero in front of e", "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AAEAAQ\"}",
                KEY_E_MALFORMED },
        { "RSA with zeros in front of n",
                "{\"kty\":\"RSA\",\"n\":\"AAAA" RSA_N "\",\"e\":\"AQAB\"}", KEY_E_MALFORMED },
        /* key_new() refuses it for its size */
        { "an empty k", "{\"kty\":\"oct\",\"k\":\"\"}", 0 },
        { "no k", "{\"kty\":\"oct\"}", KEY_E_MALFORMED },
        { "k as an object", "{\"kty\":\"oct\",\"k\":{}}", KEY_E_MALFORMED },
};

static void test_parse(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(jwk_freep) Jwk *jwk = NULL;
                int r = parse(cases[i].text, &jwk);

                if (r != cases[i].outcome)
                        fail_msg("%s: %s", cases[i].name, key_error_text(r));
        }
}

static void test_members_are_read(void **state) {
        _cleanup_(jwk_freep) Jwk *jwk = NULL;

        (void)state;
        assert_int_equal(parse("{" EC ",\"kid\":\"k\",\"alg\":\"ES256\"}", &jwk), 0);
        assert_string_equal(jwk->kid, "k");
        assert_string_equal(jwk->algorithm->name, "ES256");
        assert_false(jwk->has_private);
        assert_false(jwk->may_sign);
        assert_non_null(jwk->pkey);
        assert_null(jwk->secret);
}

static void test_thumbprints_of_the_standards(void **state) {
        static const struct {
                const char *text, *thumbprint;
        } rows[] = {
                { "{" RSA "}", "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" }, /* RFC 7638 §3.1 */
                { "{" OKP "}", "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" }, /* RFC 8037 A.3 */
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(jwk_freep) Jwk *jwk = NULL;
                char text[KEY_THUMBPRINT_SIZE + 1];

                assert_int_equal(parse(rows[i].text, &jwk), 0);
                assert_int_equal(jwk_thumbprint(jwk->pkey, text), 0);
                assert_string_equal(text, rows[i].thumbprint);
        }
}

static void test_export_is_what_was_read_and_nothing_private(void **state) {
        static const struct {
                const char *private, *public;
        } rows[] = {
                { "{" EC ",\"d\":\"" EC_D "\"}", "{" EC "}" },
                { "{" OKP ",\"d\":\"" OKP_D "\"}", "{" OKP "}" },
                { "{" RSA "}", "{" RSA "}" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(jwk_freep) Jwk *jwk = NULL;
                json_t *exported = NULL, *expected = NULL;

                assert_int_equal(parse(rows[i].private, &jwk), 0);
                assert_int_equal(jwk_export_public(jwk->pkey, &exported), 0);
                assert_int_equal(
                        json_text_parse(rows[i].public, strlen(rows[i].public), &expected), 0);
                assert_true(json_equal(exported, expected));
                json_decref(exported);
                json_decref(expected);
        }
}

static void test_generated_keys_are_read_again(void **state) {
        (void)state;
        for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
                _cleanup_(jwk_freep) Jwk *jwk = NULL;
                const Algorithm *algorithm = algorithm_at(i);

                assert_int_equal(parse(fixture_jwk(algorithm->name), &jwk), 0);
                assert_ptr_equal(jwk->algorithm, algorithm);
                assert_true(jwk->has_private && jwk->may_sign);
                assert_int_equal(strlen(jwk->kid), 11);
        }
}

/* Of random ids one in 64 would. */
static void test_generated_keys_are_not_named_like_options(void **state) {
        static const char *const names[] = { "EdDSA", "HS256" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const Algorithm *algorithm = algorithm_find(names[i]);

                for (size_t n = 0; n < 800; n++) {
                        _cleanup_(secret_freep) Secret *text = NULL;
                        char kid[KEY_THUMBPRINT_SIZE + 1];

                        assert_int_equal(jwk_generate(algorithm, kid, &text), 0);
                        assert_int_not_equal(*kid, '-');
                }
        }
}

#define EC_PRIVATE(d) "{" EC ",\"d\":\"" d "\"}"

/* The verify command takes keys whose algorithm nobody names. */
static const KeyFileRules any = { .any_place = true, .any_kid = true, .any_algorithm = true };

static void test_halves_of_a_jwk_belong_together(void **state) {
        static const struct {
                const char *text;
                int outcome;
        } rows[] = {
                { EC_PRIVATE(EC_D), 0 },
                { EC_PRIVATE("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LM"), KEY_E_PAIR },
                /* 0 and the order: as a factor they give the point at infinity. */
                { EC_PRIVATE("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), KEY_E_PAIR },
                { EC_PRIVATE("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE"), KEY_E_PAIR },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                int r = fixture_load(rows[i].text, &any);

                if (r != rows[i].outcome || fixture_load(rows[i].text, NULL) != r)
                        fail_msg("row %zu: %s", i, key_error_text(r));
        }
}

/* @names: members to leave out; d becomes 65537. */
static char *rsa_with_wrong_d(const char *const names[]) {
        json_t *object = json_loads(fixture_jwk("RS256"), 0, NULL);
        char *text;

        for (; *names; names++)
                assert_int_equal(json_object_del(object, *names), 0);
        assert_int_equal(json_object_set_new(object, "d", json_string("AQAB")), 0);
        text = json_dumps(object, 0);
        json_decref(object);
        return text;
}

static void test_halves_of_rsa_belong_together(void **state) {
        static const char *const alone[] = { "alg", "p", "q", "dp", "dq", "qi", NULL };
        static const char *const all[] = { "alg", NULL };
        _cleanup_(freep) char *d_alone = rsa_with_wrong_d(alone);
        _cleanup_(freep) char *d_and_primes = rsa_with_wrong_d(all);

        (void)state;
        assert_int_equal(fixture_load(d_alone, &any), KEY_E_PAIR);
        assert_int_equal(fixture_load(d_alone, NULL), KEY_E_PAIR);
        /* A signature is made from the primes; only a look at d itself shows it. */
        assert_int_equal(fixture_load(d_and_primes, &any), KEY_E_PAIR);
        assert_int_equal(fixture_load(d_and_primes, NULL), KEY_E_PAIR);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_members_are_read),
                cmocka_unit_test(test_thumbprints_of_the_standards),
                cmocka_unit_test(test_export_is_what_was_read_and_nothing_private),
                cmocka_unit_test(test_generated_keys_are_read_again),
                cmocka_unit_test(test_generated_keys_are_not_named_like_options),
                cmocka_unit_test(test_halves_of_a_jwk_belong_together),
                cmocka_unit_test(test_halves_of_rsa_belong_together),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
