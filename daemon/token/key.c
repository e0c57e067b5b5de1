/* SPDX-License-Identifier: MIT */
#include "daemon/token/key.h"

#include <errno.h>
#include <string.h>

#include <jansson.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "common/base64url.h"
#include "daemon/token/ecdsa-signature.h"
#include "daemon/token/jwk.h"
#include "daemon/token/key-digest.h"
#include "daemon/token/key-strength.h"

#define HMAC_SIZE_MAX 64u

/* Contexts of one algorithm, set up and never used themselves. */
typedef struct KeyTemplate {
        EVP_MD_CTX *verify;
        EVP_MAC_CTX *mac; /* used directly: an HMAC starts again without its key */
} KeyTemplate;

struct Key {
        char *kid;
        char *file;
        char *header; /* base64url */
        size_t header_size;
        const Algorithm *algorithm;
        EVP_PKEY *pkey;
        Secret *secret;
        KeySigning *signing; /* NULL: there is no private half, and no secret that signs */
        EVP_MD_CTX *scratch;
        EcdsaOrder order;
        bool may_sign;
        bool accepts[ALGORITHM_COUNT];
        KeyTemplate templates[ALGORITHM_COUNT];
        char thumbprint[KEY_THUMBPRINT_SIZE + 1];
};

static int mac_template_new(const Key *key, const Algorithm *algorithm, EVP_MAC_CTX **ret_context) {
        OSSL_PARAM params[2] = { OSSL_PARAM_construct_utf8_string(
                                         OSSL_MAC_PARAM_DIGEST, (char *)algorithm->digest, 0),
                OSSL_PARAM_construct_end() };
        EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
        EVP_MAC_CTX *context = mac ? EVP_MAC_CTX_new(mac) : NULL;

        EVP_MAC_free(mac);
        if (!context)
                return -ENOMEM;
        if (EVP_MAC_init(context, (const unsigned char *)key->secret->data, key->secret->size,
                    params) != 1) {
                EVP_MAC_CTX_free(context);
                return -EIO;
        }
        *ret_context = context;
        return 0;
}

/* The template of an accepted algorithm; made at its first use. */
static int key_template(Key *key, const Algorithm *algorithm, KeyTemplate **ret_template) {
        KeyTemplate *template = &key->templates[algorithm_index(algorithm)];
        int r = 0;

        if (!key_accepts(key, algorithm))
                return KEY_E_ALGORITHM;
        if (key->secret && !template->mac)
                r = mac_template_new(key, algorithm, &template->mac);
        if (key->pkey && !template->verify)
                r = key_digest_new(key->pkey, algorithm, KEY_DIGEST_VERIFY, &template->verify);
        if (r)
                return r;
        *ret_template = template;
        return 0;
}

static int hmac_compute(
        EVP_MAC_CTX *context, KeyBytes message, uint8_t mac[HMAC_SIZE_MAX], size_t *ret_size) {
        if (EVP_MAC_init(context, NULL, 0, NULL) != 1 ||
                EVP_MAC_update(context, message.data, message.size) != 1 ||
                EVP_MAC_final(context, mac, ret_size, HMAC_SIZE_MAX) != 1)
                return -EIO;
        return 0;
}

static int hmac_verify(EVP_MAC_CTX *context, KeyBytes message, KeyBytes signature) {
        uint8_t mac[HMAC_SIZE_MAX];
        size_t size;
        int r;

        r = hmac_compute(context, message, mac, &size);
        if (r)
                return r;
        if (!secret_equal(mac, size, signature.data, signature.size))
                r = KEY_E_SIGNATURE;
        secret_wipe(mac, sizeof(mac));
        return r;
}

static int digest_verify(Key *key, EVP_MD_CTX *template, KeyBytes message, KeyBytes signature) {
        if (EVP_MD_CTX_copy_ex(key->scratch, template) != 1)
                return -ENOMEM;
        if (EVP_DigestVerify(
                    key->scratch, signature.data, signature.size, message.data, message.size) == 1)
                return 0;
        /* OpenSSL returns 0 or less for bad signatures and for its own failures: both are
         * refused. Clear its error queue, which keeps the errors. */
        ERR_clear_error();
        return KEY_E_SIGNATURE;
}

int key_verify(Key *key, const Algorithm *algorithm, KeyBytes message, KeyBytes signature) {
        uint8_t der[ECDSA_DER_MAX];
        KeyTemplate *template;
        int r;

        r = key_template(key, algorithm, &template);
        if (r)
                return r;
        if (key->secret)
                return hmac_verify(template->mac, message, signature);
        if (algorithm->type == KEY_TYPE_EC) {
                if (ecdsa_signature_to_der(
                            &key->order, signature.data, signature.size, der, &signature.size))
                        return KEY_E_SIGNATURE;
                signature.data = der;
        } else if (signature.size != (size_t)EVP_PKEY_get_size(key->pkey)) {
                return KEY_E_SIGNATURE;
        }
        return digest_verify(key, template->verify, message, signature);
}

int key_signing(Key *key, KeySigning **ret_signing) {
        KeyTemplate *template;
        int r;

        if (!key_may_sign(key))
                return KEY_E_ALGORITHM;
        if (!key->signing) {
                r = key_template(key, key->algorithm, &template);
                if (r == 0)
                        r = key_signing_of_secret(template->mac, &key->signing);
                if (r)
                        return r;
        }
        *ret_signing = key_signing_ref(key->signing);
        return 0;
}

int key_sign(Key *key, KeyBytes message, uint8_t signature[KEY_SIGNATURE_MAX], size_t *ret_size) {
        KeyTemplate *template;
        int r;

        if (!key_may_sign(key))
                return KEY_E_ALGORITHM;
        if (key->pkey) {
                *ret_size = key_signing_size(key->signing);
                return key_signing_run(key->signing, message, signature);
        }
        r = key_template(key, key->algorithm, &template);
        return r ? r : hmac_compute(template->mac, message, signature, ret_size);
}

/* Which algorithms the key is for; the only one, when its source names it. */
static int key_init_algorithms(Key *key, const KeySource *source) {
        bool any = false;

        for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
                const Algorithm *algorithm = algorithm_at(i);

                if (source->algorithm && source->algorithm != algorithm)
                        continue;
                if (key->secret)
                        key->accepts[i] = algorithm->type == KEY_TYPE_OCT &&
                                          key->secret->size >= algorithm->digest_size;
                else
                        key->accepts[i] = key_fits_algorithm(key->pkey, algorithm);
                any = any || key->accepts[i];
        }
        key->algorithm = source->algorithm;
        if (any)
                return 0;
        if (key->secret)
                return source->algorithm && source->algorithm->type != KEY_TYPE_OCT
                               ? KEY_E_ALGORITHM
                               : KEY_E_SHORT;
        return source->algorithm ? KEY_E_ALGORITHM : KEY_E_TYPE;
}

static int key_init_order(Key *key) {
        BIGNUM *order = NULL;
        int size;

        if (!key->pkey || !EVP_PKEY_is_a(key->pkey, "EC"))
                return 0;
        if (EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_EC_ORDER, &order) != 1)
                return -EIO;
        size = BN_num_bytes(order);
        if ((size_t)size <= sizeof(key->order.bytes))
                key->order.size = (size_t)BN_bn2bin(order, key->order.bytes);
        BN_free(order);
        return key->order.size ? 0 : KEY_E_TYPE;
}

static int key_init_header(Key *key) {
        _cleanup_(freep) char *text = NULL;
        json_t *object;

        if (!key->kid || !key->algorithm)
                return 0;
        object = json_pack(
                "{s:s, s:s, s:s}", "alg", key->algorithm->name, "typ", "at+jwt", "kid", key->kid);
        if (!object)
                return KEY_E_KID;
        text = json_dumps(object, JSON_COMPACT); /* keeps the order of insertion */
        json_decref(object);
        if (!text)
                return -ENOMEM;
        key->header_size = BASE64URL_ENCODED_SIZE(strlen(text));
        key->header = malloc(key->header_size + 1);
        if (!key->header)
                return -ENOMEM;
        if (base64url_encode(
                    (const uint8_t *)text, strlen(text), key->header, key->header_size + 1))
                return -EIO;
        return 0;
}

/* Any of the key's algorithms will do for the trial signature, which proves the key. */
static const Algorithm *key_trial_algorithm(const Key *key) {
        for (size_t i = 0; i < ALGORITHM_COUNT && !key->algorithm; i++)
                if (key->accepts[i])
                        return algorithm_at(i);
        return key->algorithm;
}

/* Only a signature that verifies proves that both halves belong together. */
static int key_prove_pair(Key *key, const Algorithm *algorithm) {
        static const KeyBytes message = { "authtoken", 9 };
        bool is_ec = algorithm->type == KEY_TYPE_EC;
        uint8_t signature[KEY_SIGNATURE_MAX];
        int r;

        r = key_private_check(key->pkey);
        if (r)
                return r;
        r = key_signing_of_pair(key->pkey, algorithm, is_ec ? &key->order : NULL, &key->signing);
        if (r)
                return r;
        if (key_signing_run(key->signing, message, signature) ||
                key_verify(key, algorithm, message,
                        (KeyBytes){ signature, key_signing_size(key->signing) }))
                return KEY_E_PAIR;
        return 0;
}

static int key_init_contexts(Key *key, const KeySource *source) {
        KeyTemplate *template;
        int r = 0;

        key->scratch = EVP_MD_CTX_new();
        if (!key->scratch)
                return -ENOMEM;
        if (key->algorithm)
                r = key_template(key, key->algorithm, &template);
        if (r || !key->pkey || !source->has_private)
                return r;
        return key_prove_pair(key, key_trial_algorithm(key));
}

static int key_copy_text(const char *text, char **ret_text) {
        if (!text)
                return 0;
        *ret_text = strdup(text);
        return *ret_text ? 0 : -ENOMEM;
}

static int key_init(Key *key, const KeySource *source) {
        int r;

        r = key_copy_text(source->kid, &key->kid);
        if (r == 0)
                r = key_copy_text(source->file, &key->file);
        if (r == 0 && source->secret)
                r = secret_new(source->secret->data, source->secret->size, &key->secret);
        if (r == 0 && source->pkey) {
                if (EVP_PKEY_up_ref(source->pkey) != 1)
                        return -EIO;
                key->pkey = source->pkey;
                r = key_strength_check(key->pkey);
        }
        if (r == 0)
                r = key_init_algorithms(key, source);
        if (r == 0)
                r = key_init_order(key);
        if (r == 0 && key->pkey)
                r = jwk_thumbprint(key->pkey, key->thumbprint);
        if (r == 0)
                r = key_init_header(key);
        if (r == 0)
                r = key_init_contexts(key, source);
        key->may_sign = r == 0 && source->may_sign && key->header && (key->secret || key->signing);
        return r;
}

int key_new(const KeySource *source, Key **ret_key) {
        Key *key = calloc(1, sizeof(*key));
        int r;

        if (!key)
                return -ENOMEM;
        r = key_init(key, source);
        ERR_clear_error();
        if (r) {
                key_free(key);
                return r;
        }
        *ret_key = key;
        return 0;
}

Key *key_free(Key *key) {
        if (!key)
                return NULL;
        for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
                EVP_MD_CTX_free(key->templates[i].verify);
                EVP_MAC_CTX_free(key->templates[i].mac);
        }
        key_signing_unref(key->signing);
        EVP_MD_CTX_free(key->scratch);
        EVP_PKEY_free(key->pkey);
        secret_free(key->secret);
        free(key->kid);
        free(key->file);
        free(key->header);
        free(key);
        return NULL;
}

bool key_accepts(const Key *key, const Algorithm *algorithm) {
        return key->accepts[algorithm_index(algorithm)];
}

bool key_may_sign(const Key *key) {
        return key->may_sign;
}

const char *key_kid(const Key *key) {
        return key->kid;
}

const Algorithm *key_algorithm(const Key *key) {
        return key->algorithm;
}

const char *key_file(const Key *key) {
        return key->file;
}

const char *key_thumbprint(const Key *key) {
        return key->thumbprint;
}

KeyBytes key_header(const Key *key) {
        return (KeyBytes){ key->header, key->header_size };
}

EVP_PKEY *key_pkey(const Key *key) {
        return key->pkey;
}

const Secret *key_secret(const Key *key) {
        return key->secret;
}
