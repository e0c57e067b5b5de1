/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "common/cleanup.h"
#include "daemon/token/key-file.h"
#include "folder-fixture.h"
#include "token-fixture.h"

#define OCT_1 "{\"kty\":\"oct\",\"kid\":\"one\",\"alg\":\"HS256\",\"k\":\"" OCT_K "\"}"
#define OCT_2 "{\"kty\":\"oct\",\"kid\":\"two\",\"alg\":\"HS256\",\"k\":\"" OCT_K "\"}"
#define OCT_K "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define EC_POINT                                                 \
        "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"," \
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define EC       "{\"kty\":\"EC\",\"crv\":\"P-256\"," EC_POINT ",\"kid\":\"ec\"}"
#define EC_ENC   "{\"kty\":\"EC\",\"crv\":\"P-256\"," EC_POINT ",\"kid\":\"enc\",\"use\":\"enc\"}"
#define EC_SHORT "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\",\"kid\":\"short\"}"
#define UNKNOWN  "{\"kty\":\"AKP\",\"kid\":\"new\"}"

typedef enum Half {
        HALF_PRIVATE,
        HALF_PUBLIC,
        HALF_TRADITIONAL, /* SEC 1 or PKCS#1 */
        HALF_ENCRYPTED,
} Half;

static char *pem_from(EVP_PKEY *pkey, Half half) {
        BIO *bio = BIO_new(BIO_s_mem());
        char *text, *copy;
        long size;
        int r = 0;

        switch (half) {
        case HALF_PRIVATE:
                r = PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL);
                break;
        case HALF_PUBLIC:
                r = PEM_write_bio_PUBKEY(bio, pkey);
                break;
        case HALF_TRADITIONAL:
                r = PEM_write_bio_PrivateKey_traditional(bio, pkey, NULL, NULL, 0, NULL, NULL);
                break;
        case HALF_ENCRYPTED:
                r = PEM_write_bio_PKCS8PrivateKey(
                        bio, pkey, EVP_aes_128_cbc(), "secret", 6, NULL, NULL);
                break;
        }
        assert_int_equal(r, 1);
        size = BIO_get_mem_data(bio, &text);
        copy = strndup(text, (size_t)size);
        BIO_free(bio);
        EVP_PKEY_free(pkey);
        return copy;
}

static char *pem_of(const char *type, const char *group, Half half) {
        return pem_from(group ? EVP_PKEY_Q_keygen(NULL, NULL, type, group)
                              : EVP_PKEY_Q_keygen(NULL, NULL, type, (size_t)2048),
                half);
}

static const struct {
        const char *name, *text;
        int outcome;
} texts[] = {
        { "a JWK", OCT_1, 0 },
        { "a JWK behind white space", " \n\t" OCT_1 "\n", 0 },
        { "a set", "{\"keys\":[" OCT_1 "," OCT_2 "]}", 0 },
        { "a set with a key that encrypts", "{\"keys\":[" EC "," EC_ENC "]}", 0 },
        { "a set with a key of a new type", "{\"keys\":[" EC "," UNKNOWN "]}", 0 },
        { "a set with a malformed key", "{\"keys\":[" EC "," EC_SHORT "]}", KEY_E_MALFORMED },
        { "a set in which a name stands twice", "{\"keys\":[" OCT_1 "," OCT_1 "]}",
                KEY_E_DUPLICATE },
        { "a set with a secret beside public keys", "{\"keys\":[" OCT_1 "," EC "]}", KEY_E_MIXED },
        { "a set of keys that are not for signatures", "{\"keys\":[" EC_ENC "]}", KEY_E_NONE },
        { "an empty set", "{\"keys\":[]}", KEY_E_NONE },
        { "a set that is no list", "{\"keys\":{}}", KEY_E_MALFORMED },
        { "a set of text", "{\"keys\":[\"a\"]}", KEY_E_MALFORMED },
        { "a member twice", "{\"kty\":\"oct\",\"kty\":\"oct\"}", KEY_E_MALFORMED },
        { "a key that encrypts", EC_ENC, KEY_E_USE },
        { "an unknown type", UNKNOWN, KEY_E_TYPE },
        { "a secret without an algorithm", "{\"kty\":\"oct\",\"kid\":\"a\",\"k\":\"" OCT_K "\"}",
                KEY_E_AMBIGUOUS },
        { "a secret without a name", "{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":\"" OCT_K "\"}",
                KEY_E_KID_MISSING },
        { "a short secret", "{\"kty\":\"oct\",\"kid\":\"a\",\"alg\":\"HS384\",\"k\":\"" OCT_K "\"}",
                KEY_E_SHORT },
        { "an empty secret", "{\"kty\":\"oct\",\"kid\":\"a\",\"alg\":\"HS256\",\"k\":\"\"}",
                KEY_E_SHORT },
        { "a curve that is not the algorithm's",
                "{\"kty\":\"EC\",\"crv\":\"P-256\"," EC_POINT ",\"alg\":\"ES384\"}",
                KEY_E_ALGORITHM },
        { "nothing", "", KEY_E_FILE_SIZE },
        { "prose", "hello", KEY_E_MALFORMED },
        { "a broken PEM", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
                KEY_E_MALFORMED },
        { "a certificate's label", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                KEY_E_MALFORMED },
};

static void test_texts(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                int r = fixture_load(texts[i].text, NULL);

                if (r != texts[i].outcome)
                        fail_msg("%s: %s", texts[i].name, key_error_text(r));
        }
}

static void test_pem(void **state) {
        static const struct {
                const char *type, *group;
                Half half;
                const char *algorithm;
        } rows[] = {
                { "EC", "P-256", HALF_PRIVATE, "ES256" },
                { "EC", "P-384", HALF_PUBLIC, "ES384" },
                { "EC", "P-521", HALF_TRADITIONAL, "ES512" },
                { "RSA", NULL, HALF_PRIVATE, "RS256" },
                { "RSA", NULL, HALF_TRADITIONAL, "RS256" },
                { "RSA", NULL, HALF_PUBLIC, "RS256" },
                { "ED25519", "", HALF_PRIVATE, "EdDSA" },
                { "ED25519", "", HALF_PUBLIC, "EdDSA" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(freep) char *text = pem_of(rows[i].type, rows[i].group, rows[i].half);
                _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring_from(text);
                Key *key = keyring_at(keyring, 0);

                assert_string_equal(key_algorithm(key)->name, rows[i].algorithm);
                assert_string_equal(key_kid(key), key_thumbprint(key));
                assert_int_equal(key_may_sign(key), rows[i].half != HALF_PUBLIC);
        }
}

static void test_pem_that_is_refused(void **state) {
        _cleanup_(freep) char *one = pem_of("EC", "P-256", HALF_PRIVATE);
        _cleanup_(freep) char *other = pem_of("EC", "P-256", HALF_PUBLIC);
        _cleanup_(freep) char *encrypted = pem_of("EC", "P-256", HALF_ENCRYPTED);
        _cleanup_(freep) char *strange = pem_of("EC", "secp256k1", HALF_PRIVATE);
        _cleanup_(freep) char *agreement = pem_of("X25519", "", HALF_PRIVATE);
        _cleanup_(freep) char *both = NULL;

        (void)state;
        assert_true(asprintf(&both, "%s%s", one, other) > 0);
        assert_int_equal(fixture_load(both, NULL), KEY_E_SEVERAL);
        assert_int_equal(fixture_load(encrypted, NULL), KEY_E_ENCRYPTED);
        assert_int_equal(fixture_load(strange, NULL), KEY_E_TYPE);
        assert_int_equal(fixture_load(agreement, NULL), KEY_E_TYPE);
}

/* A key that is bound to a hash, as "openssl genpkey -pkeyopt rsa_pss_keygen_md" makes it. */
static char *pss_pem(const char *digest, const char *mgf1_digest, int salt_size) {
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
        EVP_PKEY *pkey = NULL;

        assert_int_equal(EVP_PKEY_keygen_init(context), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048), 1);
        if (digest)
                assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_md_name(context, digest, NULL), 1);
        if (mgf1_digest)
                assert_int_equal(
                        EVP_PKEY_CTX_set_rsa_pss_keygen_mgf1_md_name(context, mgf1_digest), 1);
        if (salt_size)
                assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_saltlen(context, salt_size), 1);
        assert_int_equal(EVP_PKEY_generate(context, &pkey), 1);
        EVP_PKEY_CTX_free(context);
        return pem_from(pkey, HALF_PRIVATE);
}

static void test_a_pss_key_keeps_to_its_parameters(void **state) {
        static const struct {
                const char *digest, *mgf1_digest;
                int salt_size, outcome;
                const char *algorithm;
                bool fits[3]; /* PS256 PS384 PS512 */
        } rows[] = {
                { NULL, NULL, 0, 0, "PS256", { true, true, true } },
                { "SHA256", "SHA256", 0, 0, "PS256", { true, false, false } },
                { "SHA384", "SHA384", 48, 0, "PS384", { false, true, false } },
                { "SHA512", "SHA512", 20, 0, "PS512", { false, false, true } },
                { "SHA256", "SHA256", 33, KEY_E_RSA_PSS, NULL, { false } },
                { "SHA1", "SHA1", 0, KEY_E_RSA_PSS, NULL, { false } },
                /* MGF1 stays with SHA-1 unless its hash is named, too: no algorithm of JWS. */
                { "SHA256", NULL, 0, KEY_E_RSA_PSS, NULL, { false } },
        };
        static const char *const names[] = { "PS256", "PS384", "PS512" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(freep) char *pem =
                        pss_pem(rows[i].digest, rows[i].mgf1_digest, rows[i].salt_size);
                KeyFileRules rules = { .any_place = true, .any_algorithm = true };

                assert_int_equal(fixture_load(pem, NULL), rows[i].outcome);
                assert_int_equal(fixture_load(pem, &rules), rows[i].outcome);
                for (size_t j = 0; j < ARRAY_SIZE(names); j++) {
                        int refusal = rows[i].outcome ? rows[i].outcome : KEY_E_ALGORITHM;

                        rules.algorithm = algorithm_find(names[j]);
                        assert_int_equal(fixture_load(pem, &rules), rows[i].fits[j] ? 0 : refusal);
                }
                if (rows[i].outcome == 0) {
                        _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring_from(pem);

                        assert_string_equal(
                                key_algorithm(keyring_at(keyring, 0))->name, rows[i].algorithm);
                }
        }
}

/* The verify command takes keys whose algorithm nobody names. */
static const KeyFileRules any = { .any_place = true, .any_kid = true, .any_algorithm = true };

static void test_halves_of_a_pem_belong_together(void **state) {
        EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
        EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
        _cleanup_(freep) char *pem = NULL;
        unsigned char point[65];
        size_t size;

        (void)state;
        assert_int_equal(EVP_PKEY_get_octet_string_param(
                                 other, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &size),
                1);
        assert_int_equal(EVP_PKEY_set1_encoded_public_key(pkey, point, size), 1);
        EVP_PKEY_free(other);
        pem = pem_from(pkey, HALF_PRIVATE);
        assert_int_equal(fixture_load(pem, &any), KEY_E_PAIR);
        assert_int_equal(fixture_load(pem, NULL), KEY_E_PAIR);
}

/* Puts bytes behind the structure of a PEM block, or text behind its END line. */
static char *pem_with_rest(const char *pem, const char *bytes, const char *text) {
        BIO *input = BIO_new_mem_buf(pem, -1), *output = BIO_new(BIO_s_mem());
        char *name, *header, *data, *copy;
        unsigned char block[4096];
        long size;

        assert_int_equal(PEM_read_bio(input, &name, &header, (unsigned char **)&data, &size), 1);
        memcpy(block, data, (size_t)size);
        memcpy(block + size, bytes, strlen(bytes));
        size += (long)strlen(bytes);
        assert_true(PEM_write_bio(output, name, header, block, size) > 0);
        assert_int_equal(BIO_puts(output, text), (int)strlen(text));
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(data);
        size = BIO_get_mem_data(output, &data);
        copy = strndup(data, (size_t)size);
        BIO_free(input);
        BIO_free(output);
        return copy;
}

static void test_bytes_behind_the_structure_are_refused(void **state) {
        static const Half halves[] = { HALF_PRIVATE, HALF_PUBLIC, HALF_TRADITIONAL };
        static const char curve[] =
                "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(halves); i++) {
                _cleanup_(freep) char *pem = pem_of("EC", "P-256", halves[i]);
                _cleanup_(freep) char *same = pem_with_rest(pem, "", "prose\n");
                _cleanup_(freep) char *longer = pem_with_rest(pem, "\x05", "");
                _cleanup_(freep) char *second = pem_with_rest(pem, "\x30\x01\x05", "");
                _cleanup_(freep) char *old = NULL, *old_longer = NULL;

                assert_true(asprintf(&old, "%s%s", curve, same) > 0);
                assert_true(asprintf(&old_longer, "%s%s", curve, longer) > 0);
                assert_int_equal(fixture_load(same, NULL), 0);
                assert_int_equal(fixture_load(longer, NULL), KEY_E_MALFORMED);
                assert_int_equal(fixture_load(second, NULL), KEY_E_MALFORMED);
                assert_int_equal(fixture_load(old, NULL), 0);
                assert_int_equal(fixture_load(old_longer, NULL), KEY_E_MALFORMED);
        }
}

static void test_rules_for_one_key(void **state) {
        _cleanup_(freep) char *rsa = pem_of("RSA", NULL, HALF_PUBLIC);
        static const char two[] = "{\"keys\":[" OCT_1 "," OCT_2 "]}";
        const KeyFileRules named = { .any_place = true, .kid = "mine" };
        const KeyFileRules ps512 = { .any_place = true, .algorithm = algorithm_find("PS512") };
        static const char unknown[] =
                "{\"kty\":\"oct\",\"kid\":\"a\",\"alg\":\"HS257\",\"k\":\"" OCT_K "\"}";
        const KeyFileRules hs256 = { .any_place = true, .algorithm = algorithm_find("HS256") };
        const KeyFileRules es256 = { .any_place = true, .algorithm = algorithm_find("ES256") };

        (void)state;
        assert_int_equal(fixture_load(OCT_1, &named), 0);
        assert_int_equal(fixture_load(two, &named), KEY_E_SEVERAL);
        assert_int_equal(fixture_load(rsa, &ps512), 0);
        assert_int_equal(fixture_load(rsa, &es256), KEY_E_ALGORITHM);
        /* It has to fit the key, whatever the key says of itself. */
        assert_int_equal(fixture_load(OCT_1, &es256), KEY_E_ALGORITHM);
        assert_int_equal(fixture_load(OCT_1, &hs256), 0);
        assert_int_equal(fixture_load(unknown, NULL), KEY_E_ALGORITHM);
        assert_int_equal(fixture_load(unknown, &hs256), 0);
        assert_int_equal(fixture_load(two, &es256), KEY_E_NONE);
        assert_int_equal(fixture_load("{\"keys\":[" EC "]}", &es256), 0);
        assert_int_equal(fixture_load("{\"keys\":[" EC "]}", &ps512), KEY_E_NONE);
}

static int load_with_mode(const char *text, unsigned mode, KeyFault *fault) {
        static const KeyFileRules strict = { .kid = NULL };
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        char *folder = fixture_folder();
        _cleanup_(freep) char *path = fixture_write(folder, "key", text, mode);
        int r;

        assert_int_equal(keyring_new(&keyring), 0);
        r = key_file_load(keyring, path, &strict, fault);
        fixture_folder_free(folder);
        return r;
}

static void test_modes(void **state) {
        static const struct {
                const char *text;
                unsigned mode;
                int outcome;
        } rows[] = {
                { OCT_1, 0600, 0 },
                { OCT_1, 0400, 0 },
                { OCT_1, 0640, KEY_E_FILE_MODE },
                { OCT_1, 0604, KEY_E_FILE_MODE },
                { OCT_1, 0660, KEY_E_FILE_MODE },
                { OCT_1, 0700, KEY_E_FILE_MODE },
                { OCT_1, 04600, KEY_E_FILE_MODE },
                { EC, 0644, 0 },
                { EC, 0444, 0 },
                { EC, 0664, KEY_E_FILE_MODE },
                { EC, 0646, KEY_E_FILE_MODE },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (load_with_mode(rows[i].text, rows[i].mode, NULL) != rows[i].outcome)
                        fail_msg("mode %o of row %zu", rows[i].mode, i);
}

static void test_the_fault_names_file_and_reason(void **state) {
        KeyFault fault;

        (void)state;
        assert_int_equal(load_with_mode(OCT_1, 0644, &fault), KEY_E_FILE_MODE);
        assert_non_null(strstr(fault.text, "/key: a private key needs mode 0600 or 0400"));
        assert_null(strstr(fault.text, OCT_K));
}

static void test_only_regular_files_of_a_bounded_size(void **state) {
        static const KeyFileRules strict = { .kid = NULL };
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        char *folder = fixture_folder();
        _cleanup_(freep) char *target = fixture_write(folder, "target", OCT_1, 0600);
        _cleanup_(freep) char *link = NULL, *fifo = NULL, *large = NULL, *path = NULL;

        (void)state;
        assert_int_equal(keyring_new(&keyring), 0);
        assert_true(asprintf(&link, "%s/link", folder) > 0);
        assert_true(asprintf(&fifo, "%s/fifo", folder) > 0);
        assert_int_equal(symlink(target, link), 0);
        assert_int_equal(mkfifo(fifo, 0600), 0);
        large = malloc(KEY_FILE_SIZE_MAX + 2);
        memset(large, ' ', KEY_FILE_SIZE_MAX + 1);
        large[KEY_FILE_SIZE_MAX + 1] = '\0';
        path = fixture_write(folder, "large", large, 0600);
        assert_int_equal(key_file_load(keyring, link, &strict, NULL), KEY_E_FILE_TYPE);
        assert_int_equal(key_file_load(keyring, fifo, &strict, NULL), KEY_E_FILE_TYPE);
        assert_int_equal(key_file_load(keyring, folder, &strict, NULL), KEY_E_FILE_TYPE);
        assert_int_equal(key_file_load(keyring, path, &strict, NULL), KEY_E_FILE_SIZE);
        assert_int_equal(key_file_load(keyring, "/nonexistent/key", &strict, NULL), -ENOENT);
        assert_int_equal(key_file_load(keyring, target, &strict, NULL), 0);
        fixture_folder_free(folder);
}

static void test_a_strangers_file_is_refused(void **state) {
        static const KeyFileRules strict = { .kid = NULL };
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        char *folder = fixture_folder();
        _cleanup_(freep) char *path = fixture_write(folder, "key", OCT_1, 0600);

        (void)state;
        if (chown(path, 65534, 65534) < 0) {
                fixture_folder_free(folder);
                skip(); /* only root can give a file away */
        }
        assert_int_equal(keyring_new(&keyring), 0);
        assert_int_equal(key_file_load(keyring, path, &strict, NULL), KEY_E_FILE_OWNER);
        fixture_folder_free(folder);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_texts),
                cmocka_unit_test(test_pem),
                cmocka_unit_test(test_pem_that_is_refused),
                cmocka_unit_test(test_a_pss_key_keeps_to_its_parameters),
                cmocka_unit_test(test_halves_of_a_pem_belong_together),
                cmocka_unit_test(test_bytes_behind_the_structure_are_refused),
                cmocka_unit_test(test_rules_for_one_key),
                cmocka_unit_test(test_modes),
                cmocka_unit_test(test_the_fault_names_file_and_reason),
                cmocka_unit_test(test_only_regular_files_of_a_bounded_size),
                cmocka_unit_test(test_a_strangers_file_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
