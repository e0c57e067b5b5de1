#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One key, ready to work: the EVP contexts are set up once and copied for every operation, because
 * setting one up costs more than an HMAC and parsing a PEM more than a signature.
 *
 * A key belongs to one thread: its scratch contexts are reused.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include "common/cleanup.h"
#include "common/secret.h"
#include "daemon/token/algorithm.h"
#include "daemon/token/key-error.h"
#include "daemon/token/key-signing.h"

typedef struct Key Key;

#define KEY_KID_MAX         256u
#define KEY_THUMBPRINT_SIZE 43u /* SHA-256 in base64url */

/* The parts of a new key. All borrowed for the call of key_new(). */
typedef struct KeySource {
        const char *kid;            /* NULL: the key answers to any "kid", and cannot sign */
        const char *file;           /* for messages and lists; NULL without one */
        const Algorithm *algorithm; /* NULL: each that the key's type allows; cannot sign */
        EVP_PKEY *pkey;             /* or */
        const Secret *secret;       /* HMAC */
        bool has_private;           /* pkey holds the private half */
        bool may_sign;              /* has the private half or secret, and "key_ops" allows it */
} KeySource;

/**
 * key_new() - check a key's strength and consistency and set up its contexts
 * @source:     exactly one of pkey and secret is set
 * @ret_key:    owned by the caller
 *
 * A private half is proven to belong to its public half by a trial signature, whether or not the
 * source names an algorithm.
 * Return: 0; KEY_E_*; -ENOMEM; -EIO OpenSSL failed.
 */
int key_new(const KeySource *source, Key **ret_key);

/**
 * key_free() - wipe and free
 * @key:        NULL is fine
 *
 * Return: NULL.
 */
Key *key_free(Key *key);
DEFINE_CLEANUP(Key, key_free)

/**
 * key_accepts() - whether the key is for this algorithm
 * @key:        key
 * @algorithm:  row of the table
 */
bool key_accepts(const Key *key, const Algorithm *algorithm);

/**
 * key_verify() - check a signature in JWS form (ECDSA: r and s of fixed size, RFC 7518 section 3.4)
 * @key:        key
 * @algorithm:  one that key_accepts()
 * @message:    what was signed
 * @signature:  any size
 *
 * Return: 0; KEY_E_SIGNATURE; KEY_E_ALGORITHM; -ENOMEM; -EIO.
 */
int key_verify(Key *key, const Algorithm *algorithm, KeyBytes message, KeyBytes signature);

/**
 * key_sign() - sign in JWS form with the key's own algorithm
 * @key:        one for which key_may_sign() holds
 * @message:    what to sign
 * @signature:  receives KEY_SIGNATURE_MAX bytes at most
 * @ret_size:   bytes of @signature
 *
 * Return: 0; KEY_E_ALGORITHM the key cannot sign; -ENOMEM; -EIO.
 */
int key_sign(Key *key, KeyBytes message, uint8_t signature[KEY_SIGNATURE_MAX], size_t *ret_size);

/**
 * key_signing() - key_sign() for another thread
 * @key:        one for which key_may_sign() holds
 * @ret_signing: a reference
 *
 * Return: 0; KEY_E_ALGORITHM the key cannot sign; -ENOMEM; -EIO.
 */
int key_signing(Key *key, KeySigning **ret_signing);

/**
 * key_may_sign() - whether the key holds a private half or secret and one algorithm
 * @key:        key
 */
bool key_may_sign(const Key *key);

/**
 * key_kid() - the key's name in headers
 * @key:        key
 *
 * Return: borrowed; NULL when it answers to any.
 */
const char *key_kid(const Key *key);

/**
 * key_algorithm() - the one algorithm of the key
 * @key:        key
 *
 * Return: static row; NULL when its type's algorithms are all accepted.
 */
const Algorithm *key_algorithm(const Key *key);

/**
 * key_file() - where the key came from
 * @key:        key
 *
 * Return: borrowed path; NULL without one.
 */
const char *key_file(const Key *key);

/**
 * key_thumbprint() - SHA-256 thumbprint of the public key (RFC 7638)
 * @key:        key
 *
 * Return: borrowed; "" for a secret, whose thumbprint is not shown.
 */
const char *key_thumbprint(const Key *key);

/**
 * key_header() - the encoded protected header of every token that this key signs
 * @key:        key
 *
 * base64url of {"alg":…,"typ":"at+jwt","kid":…}, in this order.
 * Return: borrowed text; data is NULL for a key without kid or without one algorithm.
 */
KeyBytes key_header(const Key *key);

/**
 * key_secret() - the HMAC key, to be kept in a file
 * @key:        key
 *
 * Return: borrowed; NULL for a pair.
 */
const Secret *key_secret(const Key *key);

/**
 * key_pkey() - the public key for export
 * @key:        key
 *
 * Return: borrowed; NULL for a secret.
 */
EVP_PKEY *key_pkey(const Key *key);
