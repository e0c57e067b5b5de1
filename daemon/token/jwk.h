#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * JSON Web Keys (RFC 7517, 7518 section 6, 8037 section 2): read, write, thumbprint (RFC 7638).
 */

#include <stdbool.h>

#include <jansson.h>
#include <openssl/types.h>

#include "common/cleanup.h"
#include "common/secret.h"
#include "daemon/token/algorithm.h"
#include "daemon/token/key.h"

/* RFC 7517 section 4.2 leaves room for values of one's own. */
#define JWK_USE_REFRESH "refresh"

/* A key as its file describes it. */
typedef struct Jwk {
        EVP_PKEY *pkey;             /* or */
        Secret *secret;             /* HMAC */
        const Algorithm *algorithm; /* NULL: the key names none */
        char *kid;                  /* NULL: the key has none */
        bool has_private;
        bool may_sign;
        bool is_refresh; /* "use" is "refresh": for refresh tokens, and for nothing else */
} Jwk;

/**
 * jwk_parse() - read one key
 * @object:     JSON object; borrowed
 * @ret_jwk:    owned by the caller
 *
 * "use" must be "sig" when it is there, or, for an HS256 secret, "refresh"; "key_ops" must allow the
 * operations of a signature key, and name none twice. Strength is checked by key_new(), not here.
 * Return: 0; KEY_E_MALFORMED, _TYPE, _ALGORITHM, _USE, _KID, _POINT, _PAIR; -ENOMEM.
 */
int jwk_parse(const json_t *object, Jwk **ret_jwk);

/**
 * jwk_free() - wipe and free
 * @jwk:        NULL is fine
 *
 * Return: NULL.
 */
Jwk *jwk_free(Jwk *jwk);
DEFINE_CLEANUP(Jwk, jwk_free)

/**
 * jwk_export_public() - the members that describe a public key
 * @pkey:       RSA, EC or Ed25519
 * @ret_object: owned by the caller; "kty" and the type's members, without kid and alg
 *
 * Return: 0; KEY_E_TYPE; -ENOMEM; -EIO.
 */
int jwk_export_public(EVP_PKEY *pkey, json_t **ret_object);

/**
 * jwk_export_private() - add the members of the private half
 * @pkey:       with a private half
 * @object:     of jwk_export_public()
 *
 * Return: 0; KEY_E_TYPE; -ENOMEM; -EIO.
 */
int jwk_export_private(EVP_PKEY *pkey, json_t *object);

/**
 * jwk_export_secret() - the members that describe an HMAC key
 * @secret:     at most 1024 bytes
 * @object:     empty
 *
 * Return: 0; -ENOMEM; -EIO.
 */
int jwk_export_secret(const Secret *secret, json_t *object);

/**
 * jwk_thumbprint() - SHA-256 thumbprint (RFC 7638 section 3)
 * @pkey:       RSA, EC or Ed25519
 * @text:       receives KEY_THUMBPRINT_SIZE characters and NUL
 *
 * Return: 0; KEY_E_TYPE; -ENOMEM; -EIO.
 */
int jwk_thumbprint(EVP_PKEY *pkey, char text[KEY_THUMBPRINT_SIZE + 1]);
