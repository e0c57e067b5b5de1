/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "common/cleanup.h"
#include "daemon/token/ecdsa-signature.h"
#include "daemon/token/key.h"
#include "token-fixture.h"

static const KeyBytes message = { "header.payload", 14 };

static void test_all_algorithms_sign_and_verify(void **state) {
        (void)state;
        for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
                const Algorithm *algorithm = algorithm_at(i);
                _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring(algorithm->name);
                Key *key = keyring_signing_key(keyring);
                uint8_t signature[KEY_SIGNATURE_MAX];
                KeyBytes bytes = { signature, 0 };

                assert_non_null(key);
                /* Twice: a template that a use would spoil fails the second time. */
                for (int round = 0; round < 2; round++) {
                        assert_int_equal(key_sign(key, message, signature, &bytes.size), 0);
                        assert_int_equal(key_verify(key, algorithm, message, bytes), 0);
                        signature[bytes.size / 2] ^= 1;
                        assert_int_equal(
                                key_verify(key, algorithm, message, bytes), KEY_E_SIGNATURE);
                        signature[bytes.size / 2] ^= 1;
                        assert_int_equal(
                                key_verify(key, algorithm, (KeyBytes){ "other", 5 }, bytes),
                                KEY_E_SIGNATURE);
                }
        }
}

static void test_every_other_size_of_a_signature_is_refused(void **state) {
        (void)state;
        for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
                const Algorithm *algorithm = algorithm_at(i);
                _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring(algorithm->name);
                Key *key = keyring_signing_key(keyring);
                uint8_t signature[KEY_SIGNATURE_MAX + 1] = { 0 };
                size_t size;

                assert_int_equal(key_sign(key, message, signature, &size), 0);
                for (size_t other = 0; other <= size + 1; other++) {
                        KeyBytes bytes = { signature, other };
                        int expected = other == size ? 0 : KEY_E_SIGNATURE;

                        assert_int_equal(key_verify(key, algorithm, message, bytes), expected);
                }
        }
}

static void test_a_der_signature_is_refused(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring("ES256");
        Key *key = keyring_signing_key(keyring);
        uint8_t raw[KEY_SIGNATURE_MAX], der[ECDSA_DER_MAX];
        EcdsaOrder order = { .size = 32 };
        size_t size;

        (void)state;
        memset(order.bytes, 0xff, order.size);
        assert_int_equal(key_sign(key, message, raw, &size), 0);
        assert_int_equal(size, 64);
        assert_int_equal(ecdsa_signature_to_der(&order, raw, size, der, &size), 0);
        assert_int_equal(key_verify(key, algorithm_find("ES256"), message, (KeyBytes){ der, size }),
                KEY_E_SIGNATURE);
}

static void test_a_key_does_no_other_algorithm(void **state) {
        (void)state;
        for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
                _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring(algorithm_at(i)->name);
                Key *key = keyring_signing_key(keyring);

                for (size_t j = 0; j < ALGORITHM_COUNT; j++) {
                        int expected = i == j ? KEY_E_SIGNATURE : KEY_E_ALGORITHM;

                        assert_int_equal(key_accepts(key, algorithm_at(j)), i == j);
                        assert_int_equal(
                                key_verify(key, algorithm_at(j), message, message), expected);
                }
        }
}

/* RFC 7518 section 3.5: the salt is as long as the hash. */
static void test_pss_with_another_salt_is_refused(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring("PS256");
        Key *key = keyring_signing_key(keyring);
        static const struct {
                int salt_size, outcome;
        } rows[] = { { 32, 0 }, { 0, KEY_E_SIGNATURE }, { 20, KEY_E_SIGNATURE },
                { 64, KEY_E_SIGNATURE } };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                EVP_MD_CTX *context = EVP_MD_CTX_new();
                uint8_t signature[KEY_SIGNATURE_MAX];
                size_t size = sizeof(signature);
                EVP_PKEY_CTX *pctx;

                assert_int_equal(EVP_DigestSignInit_ex(
                                         context, &pctx, "SHA256", NULL, NULL, key_pkey(key), NULL),
                        1);
                assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING), 1);
                assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, rows[i].salt_size), 1);
                assert_int_equal(
                        EVP_DigestSign(context, signature, &size, message.data, message.size), 1);
                assert_int_equal(key_verify(key, algorithm_find("PS256"), message,
                                         (KeyBytes){ signature, size }),
                        rows[i].outcome);
                EVP_MD_CTX_free(context);
        }
}

static int try_key(EVP_PKEY *pkey, const char *algorithm) {
        _cleanup_(key_freep) Key *key = NULL;
        KeySource source = {
                .kid = "k",
                .algorithm = algorithm_find(algorithm),
                .pkey = pkey,
                .has_private = true,
                .may_sign = true,
        };

        assert_non_null(pkey);
        return key_new(&source, &key);
}

static EVP_PKEY *make_rsa(unsigned bits, uint64_t exponent) {
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
        EVP_PKEY *pkey = NULL;
        OSSL_PARAM params[] = {
                OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_RSA_BITS, &bits),
                OSSL_PARAM_construct_uint64(OSSL_PKEY_PARAM_RSA_E, &exponent),
                OSSL_PARAM_construct_end(),
        };

        assert_int_equal(EVP_PKEY_keygen_init(context), 1);
        assert_int_equal(EVP_PKEY_CTX_set_params(context, params), 1);
        assert_int_equal(EVP_PKEY_generate(context, &pkey), 1);
        EVP_PKEY_CTX_free(context);
        return pkey;
}

static void test_rsa_strength(void **state) {
        static const struct {
                unsigned bits;
                uint64_t exponent;
                int outcome;
        } rows[] = {
                { 2048, 65537, 0 },
                { 1024, 65537, KEY_E_RSA_SIZE },
                { 2047, 65537, KEY_E_RSA_SIZE },
                { 2048, 3, KEY_E_RSA_EXPONENT },
                { 2048, 65539, 0 },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                EVP_PKEY *pkey = make_rsa(rows[i].bits, rows[i].exponent);

                assert_int_equal(try_key(pkey, "RS256"), rows[i].outcome);
                EVP_PKEY_free(pkey);
        }
}

/* A modulus that is 1 modulo every prime of the fingerprint; it needs no factors to be refused. */
static void test_the_fingerprint_of_roca_is_seen(void **state) {
        BIGNUM *modulus = BN_new(), *exponent = BN_new();
        OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
        EVP_PKEY *pkey = NULL;
        OSSL_PARAM *params;

        (void)state;
        assert_true(BN_set_word(modulus, 1));
        for (unsigned number = 3; number <= 167; number += 2)
                assert_true(BN_mul_word(modulus, number));
        assert_true(BN_lshift(modulus, modulus, 2048 - BN_num_bits(modulus)));
        assert_true(BN_add_word(modulus, 1));
        assert_true(BN_set_word(exponent, 65537));
        assert_true(OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus));
        assert_true(OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent));
        params = OSSL_PARAM_BLD_to_param(builder);
        assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
        assert_int_equal(EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params), 1);
        assert_int_equal(try_key(pkey, "RS256"), KEY_E_RSA_ROCA);
        EVP_PKEY_free(pkey);
        EVP_PKEY_CTX_free(context);
        OSSL_PARAM_free(params);
        OSSL_PARAM_BLD_free(builder);
        BN_free(modulus);
        BN_free(exponent);
}

/* Its parameters are those of P-256, but the file brings them along: CVE-2020-0601. */
static void test_explicit_curve_parameters_are_refused(void **state) {
        EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");

        (void)state;
        assert_int_equal(EVP_PKEY_set_utf8_string_param(
                                 pkey, OSSL_PKEY_PARAM_EC_ENCODING, OSSL_PKEY_EC_ENCODING_EXPLICIT),
                1);
        assert_int_equal(try_key(pkey, "ES256"), KEY_E_TYPE);
        EVP_PKEY_free(pkey);
}

/* An admin's PEM may have been made for PSS alone. */
static void test_a_pss_key_does_pss_only(void **state) {
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
        EVP_PKEY *pkey = NULL;

        (void)state;
        assert_int_equal(EVP_PKEY_keygen_init(context), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048), 1);
        assert_int_equal(EVP_PKEY_generate(context, &pkey), 1);
        assert_int_equal(try_key(pkey, "PS384"), 0);
        assert_int_equal(try_key(pkey, "RS256"), KEY_E_ALGORITHM);
        EVP_PKEY_free(pkey);
        EVP_PKEY_CTX_free(context);
}

static void test_curves_belong_to_algorithms(void **state) {
        EVP_PKEY *p256 = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
        EVP_PKEY *p384 = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
        EVP_PKEY *k256 = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1");
        EVP_PKEY *ed448 = EVP_PKEY_Q_keygen(NULL, NULL, "ED448");

        (void)state;
        assert_int_equal(try_key(p256, "ES256"), 0);
        assert_int_equal(try_key(p384, "ES256"), KEY_E_ALGORITHM);
        assert_int_equal(try_key(p256, "ES384"), KEY_E_ALGORITHM);
        assert_int_equal(try_key(p256, "RS256"), KEY_E_ALGORITHM);
        assert_int_equal(try_key(p256, "HS256"), KEY_E_ALGORITHM);
        assert_int_equal(try_key(k256, "ES256"), KEY_E_ALGORITHM);
        assert_int_equal(try_key(ed448, "EdDSA"), KEY_E_TYPE);
        EVP_PKEY_free(p256);
        EVP_PKEY_free(p384);
        EVP_PKEY_free(k256);
        EVP_PKEY_free(ed448);
}

static void test_ed25519_points_of_small_order_are_refused(void **state) {
        static const uint8_t points[][32] = {
                { 0 },
                { 1 },
                { 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2,
                        0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1,
                        0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x85 },
                { 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
                { 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
                EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, points[i], 32);

                assert_int_equal(try_key(pkey, "EdDSA"), KEY_E_POINT);
                EVP_PKEY_free(pkey);
        }
}

static void test_a_secret_is_as_long_as_its_hash(void **state) {
        static const struct {
                const char *algorithm;
                size_t size;
                int outcome;
        } rows[] = {
                { "HS256", 32, 0 },
                { "HS256", 31, KEY_E_SHORT },
                { "HS384", 48, 0 },
                { "HS384", 47, KEY_E_SHORT },
                { "HS512", 64, 0 },
                { "HS512", 63, KEY_E_SHORT },
                { "HS256", 100, 0 },
                { "HS256", 0, KEY_E_SHORT },
                { "ES256", 64, KEY_E_ALGORITHM },
        };
        char bytes[100];

        (void)state;
        memset(bytes, 7, sizeof(bytes));
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(secret_freep) Secret *secret = NULL;
                _cleanup_(key_freep) Key *key = NULL;
                KeySource source = { .kid = "k", .may_sign = true };

                assert_int_equal(secret_new(bytes, rows[i].size, &secret), 0);
                source.secret = secret;
                source.algorithm = algorithm_find(rows[i].algorithm);
                assert_int_equal(key_new(&source, &key), rows[i].outcome);
        }
}

static void test_a_key_of_any_algorithm_verifies_and_never_signs(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring("RS384");
        _cleanup_(key_freep) Key *key = NULL;
        uint8_t signature[KEY_SIGNATURE_MAX];
        KeyBytes bytes = { signature, 0 };
        KeySource source = {
                .pkey = key_pkey(keyring_signing_key(keyring)),
                .has_private = true,
                .may_sign = true,
        };

        (void)state;
        assert_int_equal(key_new(&source, &key), 0);
        assert_int_equal(
                key_sign(keyring_signing_key(keyring), message, signature, &bytes.size), 0);
        assert_int_equal(key_verify(key, algorithm_find("RS384"), message, bytes), 0);
        assert_int_equal(key_verify(key, algorithm_find("RS256"), message, bytes), KEY_E_SIGNATURE);
        assert_int_equal(key_verify(key, algorithm_find("PS384"), message, bytes), KEY_E_SIGNATURE);
        assert_int_equal(key_verify(key, algorithm_find("ES256"), message, bytes), KEY_E_ALGORITHM);
        assert_false(key_may_sign(key));
        assert_int_equal(key_sign(key, message, signature, &bytes.size), KEY_E_ALGORITHM);
        assert_null(key_header(key).data);
}

static void test_the_header_has_its_fixed_order(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring =
                fixture_ring_from("{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"a\\\"b\","
                                  "\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}");
        static const char text[] = "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"a\\\"b\"}";
        _cleanup_(freep) char *expected = fixture_encode(text, strlen(text));
        KeyBytes header = key_header(keyring_signing_key(keyring));

        (void)state;
        assert_int_equal(header.size, strlen(expected));
        assert_memory_equal(header.data, expected, header.size);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_all_algorithms_sign_and_verify),
                cmocka_unit_test(test_every_other_size_of_a_signature_is_refused),
                cmocka_unit_test(test_a_der_signature_is_refused),
                cmocka_unit_test(test_a_key_does_no_other_algorithm),
                cmocka_unit_test(test_pss_with_another_salt_is_refused),
                cmocka_unit_test(test_rsa_strength),
                cmocka_unit_test(test_the_fingerprint_of_roca_is_seen),
                cmocka_unit_test(test_explicit_curve_parameters_are_refused),
                cmocka_unit_test(test_a_pss_key_does_pss_only),
                cmocka_unit_test(test_curves_belong_to_algorithms),
                cmocka_unit_test(test_ed25519_points_of_small_order_are_refused),
                cmocka_unit_test(test_a_secret_is_as_long_as_its_hash),
                cmocka_unit_test(test_a_key_of_any_algorithm_verifies_and_never_signs),
                cmocka_unit_test(test_the_header_has_its_fixed_order),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
