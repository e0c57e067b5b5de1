/* SPDX-License-Identifier: MIT */
#include "daemon/token/jwk.h"

#include <errno.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "common/base64url.h"
#include "daemon/token/json-text.h"
#include "daemon/token/key-strength.h"

#define NUMBER_SIZE_MAX  1024u
#define ED25519_KEY_SIZE 32u

/* Adds a member in base64url; the intermediate text is wiped, because it may be private. */
static int set_bytes(json_t *object, const char *name, const uint8_t *bytes, size_t size) {
        char text[BASE64URL_ENCODED_SIZE(NUMBER_SIZE_MAX) + 1];
        int r;

        if (base64url_encode(bytes, size, text, sizeof(text)))
                return -EIO;
        r = json_object_set_new(object, name, json_string(text)) ? -ENOMEM : 0;
        secret_wipe(text, sizeof(text));
        return r;
}

/* Adds a number of the key; @size 0 writes the shortest form, else it is padded to it. */
static int set_number(
        json_t *object, const char *name, EVP_PKEY *pkey, const char *param, size_t size) {
        uint8_t bytes[NUMBER_SIZE_MAX];
        BIGNUM *number = NULL;
        int r = -EIO;

        if (EVP_PKEY_get_bn_param(pkey, param, &number) != 1)
                return -EIO;
        if (size == 0)
                size = (size_t)BN_num_bytes(number);
        if (size <= sizeof(bytes) && BN_bn2binpad(number, bytes, (int)size) == (int)size)
                r = set_bytes(object, name, bytes, size);
        BN_clear_free(number);
        secret_wipe(bytes, sizeof(bytes));
        return r;
}

static const Algorithm *algorithm_of_pkey(EVP_PKEY *pkey) {
        for (size_t i = 0; i < ALGORITHM_COUNT; i++)
                if (key_fits_algorithm(pkey, algorithm_at(i)))
                        return algorithm_at(i);
        return NULL;
}

static int export_rsa(json_t *object, EVP_PKEY *pkey) {
        int r;

        r = json_text_set(object, "kty", "RSA");
        if (r == 0)
                r = set_number(object, "n", pkey, OSSL_PKEY_PARAM_RSA_N, 0);
        if (r == 0)
                r = set_number(object, "e", pkey, OSSL_PKEY_PARAM_RSA_E, 0);
        return r;
}

static int export_ec(json_t *object, EVP_PKEY *pkey, const Algorithm *algorithm) {
        int r;

        r = json_text_set(object, "kty", "EC");
        if (r == 0)
                r = json_text_set(object, "crv", algorithm->curve);
        if (r == 0)
                r = set_number(
                        object, "x", pkey, OSSL_PKEY_PARAM_EC_PUB_X, algorithm->coordinate_size);
        if (r == 0)
                r = set_number(
                        object, "y", pkey, OSSL_PKEY_PARAM_EC_PUB_Y, algorithm->coordinate_size);
        return r;
}

static int export_okp(json_t *object, EVP_PKEY *pkey, const Algorithm *algorithm) {
        uint8_t bytes[ED25519_KEY_SIZE];
        size_t size = sizeof(bytes);
        int r;

        if (EVP_PKEY_get_raw_public_key(pkey, bytes, &size) != 1)
                return -EIO;
        r = json_text_set(object, "kty", "OKP");
        if (r == 0)
                r = json_text_set(object, "crv", algorithm->curve);
        if (r == 0)
                r = set_bytes(object, "x", bytes, size);
        return r;
}

int jwk_export_public(EVP_PKEY *pkey, json_t **ret_object) {
        const Algorithm *algorithm = algorithm_of_pkey(pkey);
        json_t *object;
        int r = KEY_E_TYPE;

        if (!algorithm)
                return KEY_E_TYPE;
        object = json_object();
        if (!object)
                return -ENOMEM;
        if (algorithm->type == KEY_TYPE_RSA)
                r = export_rsa(object, pkey);
        else if (algorithm->type == KEY_TYPE_EC)
                r = export_ec(object, pkey, algorithm);
        else if (algorithm->type == KEY_TYPE_OKP)
                r = export_okp(object, pkey, algorithm);
        if (r) {
                json_decref(object);
                return r;
        }
        *ret_object = object;
        return 0;
}

int jwk_thumbprint(EVP_PKEY *pkey, char text[KEY_THUMBPRINT_SIZE + 1]) {
        uint8_t digest[SHA256_DIGEST_LENGTH];
        json_t *object;
        char *canonical;
        int r;

        r = jwk_export_public(pkey, &object);
        if (r)
                return r;
        /* RFC 7638 section 3: the required members alone, sorted, without white space. */
        canonical = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
        json_decref(object);
        if (!canonical)
                return -ENOMEM;
        r = EVP_Digest(canonical, strlen(canonical), digest, NULL, EVP_sha256(), NULL) == 1
                    ? base64url_encode(digest, sizeof(digest), text, KEY_THUMBPRINT_SIZE + 1)
                    : -EIO;
        free(canonical);
        return r ? -EIO : 0;
}

/* d may stand alone: RFC 7518 section 6.3.2. */
static bool has_factors(EVP_PKEY *pkey) {
        BIGNUM *factor = NULL;
        bool has = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_FACTOR1, &factor) == 1;

        BN_clear_free(factor);
        return has;
}

static int set_private(json_t *object, EVP_PKEY *pkey, const Algorithm *algorithm) {
        static const struct {
                const char *member, *param;
        } rsa[] = {
                { "d", OSSL_PKEY_PARAM_RSA_D },
                { "p", OSSL_PKEY_PARAM_RSA_FACTOR1 },
                { "q", OSSL_PKEY_PARAM_RSA_FACTOR2 },
                { "dp", OSSL_PKEY_PARAM_RSA_EXPONENT1 },
                { "dq", OSSL_PKEY_PARAM_RSA_EXPONENT2 },
                { "qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1 },
        };
        uint8_t bytes[ED25519_KEY_SIZE];
        size_t size = sizeof(bytes);
        int r = 0;

        if (algorithm->type == KEY_TYPE_EC)
                return set_number(
                        object, "d", pkey, OSSL_PKEY_PARAM_PRIV_KEY, algorithm->coordinate_size);
        if (algorithm->type == KEY_TYPE_RSA) {
                for (size_t i = 0; i < (has_factors(pkey) ? ARRAY_SIZE(rsa) : 1) && r == 0; i++)
                        r = set_number(object, rsa[i].member, pkey, rsa[i].param, 0);
                return r;
        }
        if (EVP_PKEY_get_raw_private_key(pkey, bytes, &size) != 1)
                return -EIO;
        r = set_bytes(object, "d", bytes, size);
        secret_wipe(bytes, sizeof(bytes));
        return r;
}

int jwk_export_private(EVP_PKEY *pkey, json_t *object) {
        const Algorithm *algorithm = algorithm_of_pkey(pkey);
        int r = algorithm ? set_private(object, pkey, algorithm) : KEY_E_TYPE;

        ERR_clear_error();
        return r;
}

int jwk_export_secret(const Secret *secret, json_t *object) {
        int r;

        r = json_text_set(object, "kty", "oct");
        if (r == 0 && secret->size > NUMBER_SIZE_MAX)
                r = -EIO;
        if (r == 0)
                r = set_bytes(object, "k", (const uint8_t *)secret->data, secret->size);
        return r;
}
