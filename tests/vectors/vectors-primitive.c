/* SPDX-License-Identifier: MIT */
#include "vectors.h"

#include <string.h>

#include <openssl/crypto.h>

#include "common/cleanup.h"
#include "daemon/token/key.h"

static const struct PrimitiveFile {
        const char *name, *algorithm;
} files[] = {
        { "ecdsa_secp256r1_sha256_p1363_test.json", "ES256" },
        { "ecdsa_secp384r1_sha384_p1363_test.json", "ES384" },
        { "ecdsa_secp521r1_sha512_p1363_test.json", "ES512" },
        { "ed25519_test.json", "EdDSA" },
        { "rsa_signature_2048_sha256_test.json", "RS256" },
        { "rsa_signature_2048_sha384_test.json", "RS384" },
        { "rsa_signature_2048_sha512_test.json", "RS512" },
        { "rsa_pss_2048_sha256_mgf1_32_test.json", "PS256" },
        { "rsa_pss_2048_sha384_mgf1_48_test.json", "PS384" },
        { "rsa_pss_4096_sha512_mgf1_64_test.json", "PS512" },
        { "hmac_sha256_test.json", "HS256" },
        { "hmac_sha384_test.json", "HS384" },
        { "hmac_sha512_test.json", "HS512" },
};

static const Algorithm *algorithm_of(const Vector *vector) {
        for (size_t i = 0; i < ARRAY_SIZE(files); i++)
                if (strcmp(files[i].name, vector->file) == 0)
                        return algorithm_find(files[i].algorithm);
        return NULL;
}

/* Bytes of a member in hexadecimal; the caller frees the data with OPENSSL_free(). */
static KeyBytes member_bytes(const json_t *object, const char *name) {
        const char *text = json_string_value(json_object_get(object, name));
        long size = 0;
        uint8_t *data = text && text[0] ? OPENSSL_hexstr2buf(text, &size) : NULL;

        return (KeyBytes){ data, (size_t)size };
}

static bool verify(Key *key, const Vector *vector, const char *signature_member) {
        KeyBytes message = member_bytes(vector->test, "msg");
        KeyBytes signature = member_bytes(vector->test, signature_member);
        bool taken;

        taken = key_verify(key, algorithm_of(vector), message, signature) == 0;
        OPENSSL_free((void *)message.data);
        OPENSSL_free((void *)signature.data);
        return taken;
}

/* A key with a small exponent is refused when it is loaded, whatever it would verify. */
static bool is_strong(const Vector *vector) {
        const json_t *key = json_object_get(vector->group, "publicKey");
        const char *exponent = json_string_value(json_object_get(key, "publicExponent"));

        return !exponent || strcmp(exponent, "010001") == 0;
}

static void visit_pem(VectorRun *run, const Vector *vector) {
        const KeyFileRules rules = { .any_place = true, .algorithm = algorithm_of(vector) };
        const char *pem = json_string_value(json_object_get(vector->group, "publicKeyPem"));
        _cleanup_(keyring_unrefp) Keyring *keyring = vectors_ring(pem, &rules);
        bool taken = keyring && verify(keyring_at(keyring, 0), vector, "sig");
        bool expected = is_strong(vector) && strcmp(vector->result, "valid") == 0;

        if (is_strong(vector) && strcmp(vector->result, "acceptable") == 0)
                run->n_right++; /* either verdict is right */
        else
                vectors_note(run, vector, expected, taken);
}

/* RFC 7518 section 3.2: no key shorter than the hash, and no tag that is cut. */
static bool is_jose_mac(const Vector *vector, size_t key_size) {
        size_t digest_size = algorithm_of(vector)->digest_size;

        return key_size >= digest_size && json_integer_value(json_object_get(vector->group,
                                                  "tagSize")) == (json_int_t)digest_size * 8;
}

static void visit_mac(VectorRun *run, const Vector *vector) {
        KeyBytes bytes = member_bytes(vector->test, "key");
        _cleanup_(secret_freep) Secret *secret = NULL;
        _cleanup_(key_freep) Key *key = NULL;
        KeySource source = { .kid = "k", .algorithm = algorithm_of(vector) };
        bool expected = is_jose_mac(vector, bytes.size) && strcmp(vector->result, "valid") == 0;
        bool taken = false;

        if (secret_new(bytes.data, bytes.size, &secret) == 0) {
                source.secret = secret;
                taken = key_new(&source, &key) == 0 && verify(key, vector, "tag");
        }
        OPENSSL_free((void *)bytes.data);
        vectors_note(run, vector, expected, taken);
}

/* The curve of Bitcoin is no curve of ours: its keys are refused, whatever they would verify. */
static void visit_foreign_curve(VectorRun *run, const Vector *vector) {
        static const KeyFileRules rules = { .any_place = true, .any_algorithm = true };
        _cleanup_(freep) char *jwk =
                json_dumps(json_object_get(vector->group, "publicKeyJwk"), JSON_COMPACT);
        const char *pem = json_string_value(json_object_get(vector->group, "publicKeyPem"));
        _cleanup_(keyring_unrefp) Keyring *from_jwk = vectors_ring(jwk, &rules);
        _cleanup_(keyring_unrefp) Keyring *from_pem = vectors_ring(pem, &rules);

        vectors_note(run, vector, false, from_jwk || from_pem);
}

void vectors_primitive(VectorRun *run) {
        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
                KeyType type = algorithm_find(files[i].algorithm)->type;

                vectors_visit(run, files[i].name, type == KEY_TYPE_OCT ? visit_mac : visit_pem);
        }
        vectors_visit(run, "ecdsa_secp256k1_sha256_p1363_test.json", visit_foreign_curve);
}
