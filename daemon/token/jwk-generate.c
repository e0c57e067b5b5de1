/* SPDX-License-Identifier: MIT */
#include "daemon/token/jwk-generate.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <jansson.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "common/base64url.h"
#include "daemon/token/json-text.h"
#include "daemon/token/jwk.h"

#define RSA_GENERATE_BITS  3072u
#define GENERATED_KID_SIZE 11u /* of the thumbprint: 66 bits */
#define REFRESH_KID_SIZE   6u  /* random: it stands in each session */

static int generate_secret(
        const Algorithm *algorithm, json_t *object, char kid[KEY_THUMBPRINT_SIZE + 1]) {
        uint8_t name[GENERATED_KID_SIZE * 3 / 4];
        _cleanup_(secret_freep) Secret *secret = NULL;
        int r;

        r = secret_new(NULL, algorithm->digest_size, &secret);
        if (r < 0)
                return r;
        if (getrandom(secret->data, secret->size, 0) != (ssize_t)secret->size ||
                getrandom(name, sizeof(name), 0) != sizeof(name) ||
                base64url_encode(name, sizeof(name), kid, KEY_THUMBPRINT_SIZE + 1))
                return -EIO;
        return jwk_export_secret(secret, object);
}

static int generate_pair(
        const Algorithm *algorithm, json_t **ret_object, char kid[KEY_THUMBPRINT_SIZE + 1]) {
        EVP_PKEY *pkey;
        int r;

        if (algorithm->type == KEY_TYPE_RSA)
                pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)RSA_GENERATE_BITS);
        else if (algorithm->type == KEY_TYPE_EC)
                pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", algorithm->group);
        else
                pkey = EVP_PKEY_Q_keygen(NULL, NULL, algorithm->group);
        if (!pkey)
                return -EIO;
        r = jwk_thumbprint(pkey, kid);
        /* The name goes into every token, and a prompt takes few characters. */
        kid[GENERATED_KID_SIZE] = '\0';
        if (r == 0)
                r = jwk_export_public(pkey, ret_object);
        if (r == 0)
                r = jwk_export_private(pkey, *ret_object);
        EVP_PKEY_free(pkey);
        return r;
}

static int generate_object(
        const Algorithm *algorithm, json_t **ret_object, char kid[KEY_THUMBPRINT_SIZE + 1]) {
        if (algorithm->type != KEY_TYPE_OCT)
                return generate_pair(algorithm, ret_object, kid);
        *ret_object = json_object();
        return *ret_object ? generate_secret(algorithm, *ret_object, kid) : -ENOMEM;
}

static int generate(const Algorithm *algorithm, const char *use, const char *name,
        char kid[KEY_THUMBPRINT_SIZE + 1], Secret **ret_text) {
        _cleanup_(secret_freep) Secret *secret = NULL;
        json_t *object = NULL;
        char *text = NULL;
        int r;

        /* People give its name to authtokenctl(1), which would take a dash in front for an option. */
        do {
                json_decref(object);
                object = NULL;
                r = generate_object(algorithm, &object, kid);
        } while (r == 0 && *kid == '-');
        ERR_clear_error();
        if (strcmp(use, JWK_USE_REFRESH) == 0)
                kid[REFRESH_KID_SIZE] = '\0';
        if (r == 0)
                r = json_text_set(object, "kid", name ? name : kid);
        if (r == 0)
                r = json_text_set(object, "alg", algorithm->name);
        if (r == 0)
                r = json_text_set(object, "use", use);
        if (r == 0) {
                text = json_dumps(object, JSON_INDENT(2));
                r = text ? secret_new(text, strlen(text), &secret) : -ENOMEM;
        }
        if (r == 0)
                r = secret_append(secret, "\n", 1);
        secret_free_text(text);
        json_decref(object);
        if (r)
                return r > 0 ? -EIO : r;
        *ret_text = TAKE_PTR(secret);
        return 0;
}

int jwk_generate(const Algorithm *algorithm, char kid[KEY_THUMBPRINT_SIZE + 1], Secret **ret_text) {
        return generate(algorithm, "sig", NULL, kid, ret_text);
}

int jwk_generate_refresh(char kid[KEY_THUMBPRINT_SIZE + 1], Secret **ret_text) {
        return generate(algorithm_find("HS256"), JWK_USE_REFRESH, NULL, kid, ret_text);
}

int jwk_generate_named(const Algorithm *algorithm, const char *name, Secret **ret_text) {
        char kid[KEY_THUMBPRINT_SIZE + 1];

        if (!algorithm)
                return generate(algorithm_find("HS256"), JWK_USE_REFRESH, name, kid, ret_text);
        return generate(algorithm, "sig", name, kid, ret_text);
}
