#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One signature in JWS form that is to be made. It has contexts of its own, so that any thread may make it, whatever
 * becomes of the key meanwhile.
 */

#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include "common/cleanup.h"
#include "daemon/token/ecdsa-signature.h"

typedef struct KeySigning KeySigning;

#define KEY_SIGNATURE_MAX 1024u /* RSA of 8192 bits */

/* Bytes to read, for functions that take two of them. */
typedef struct KeyBytes {
        const void *data;
        size_t size;
} KeyBytes;

/**
 * key_signing_of_pair() - prepare a signature by a private key
 * @template:   set up to sign; copied
 * @order:      of the curve; NULL for what is no ECDSA
 * @size:       bytes of the signature
 * @ret_signing: owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int key_signing_of_pair(
        const EVP_MD_CTX *template, const EcdsaOrder *order, size_t size, KeySigning **ret_signing);

/**
 * key_signing_of_secret() - prepare an HMAC
 * @template:   with the key; copied
 * @ret_signing: owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int key_signing_of_secret(const EVP_MAC_CTX *template, KeySigning **ret_signing);

/**
 * key_signing_size() - bytes that the signature will have
 * @signing:    any
 */
size_t key_signing_size(const KeySigning *signing);

/**
 * key_signing_run() - make the signature; once
 * @signing:    of no other thread meanwhile
 * @message:    what to sign
 * @signature:  receives key_signing_size() bytes
 *
 * Return: 0; -EIO.
 */
int key_signing_run(KeySigning *signing, KeyBytes message, uint8_t signature[KEY_SIGNATURE_MAX]);

/**
 * key_signing_free() - wipe and free
 * @signing:    NULL is fine
 *
 * Return: NULL.
 */
KeySigning *key_signing_free(KeySigning *signing);
DEFINE_CLEANUP(KeySigning, key_signing_free)
