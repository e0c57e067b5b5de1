#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * How a key signs, in JWS form. It has contexts of its own, one for each thread that signs at the same time, so that any
 * thread may sign, even if the key is freed meanwhile.
 */

#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include "common/cleanup.h"
#include "daemon/token/algorithm.h"
#include "daemon/token/ecdsa-signature.h"

typedef struct KeySigning KeySigning;

#define KEY_SIGNATURE_MAX 1024u /* RSA of 8192 bits */

/* Borrowed bytes, for functions that take several. */
typedef struct KeyBytes {
        const void *data;
        size_t size;
} KeyBytes;

/**
 * key_signing_of_pair() - how a private key signs
 * @pkey:       with its private half; a reference is taken
 * @algorithm:  one of the key's type
 * @order:      of the curve; NULL for what is no ECDSA
 * @ret_signing: owned by the caller
 *
 * Return: 0; KEY_E_ALGORITHM the key's own parameters forbid it; -ENOMEM; -EIO.
 */
int key_signing_of_pair(EVP_PKEY *pkey, const Algorithm *algorithm, const EcdsaOrder *order,
        KeySigning **ret_signing);

/**
 * key_signing_of_secret() - how a secret signs
 * @template:   an HMAC with the secret; copied
 * @ret_signing: owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int key_signing_of_secret(const EVP_MAC_CTX *template, KeySigning **ret_signing);

/**
 * key_signing_ref() - for a signature that is to be made
 * @signing:    of this thread, like all references
 *
 * Return: @signing.
 */
KeySigning *key_signing_ref(KeySigning *signing);

/**
 * key_signing_unref() - give up a reference; the last one wipes and frees
 * @signing:    at work in no thread, if it is the last; NULL is fine
 *
 * Return: NULL.
 */
KeySigning *key_signing_unref(KeySigning *signing);
DEFINE_CLEANUP(KeySigning, key_signing_unref)

/**
 * key_signing_size() - bytes that a signature has
 * @signing:    any
 */
size_t key_signing_size(const KeySigning *signing);

/**
 * key_signing_run() - make a signature, in any thread
 * @signing:    to which somebody holds a reference meanwhile
 * @message:    what to sign
 * @signature:  receives key_signing_size() bytes
 *
 * Return: 0; -ENOMEM; -EIO.
 */
int key_signing_run(KeySigning *signing, KeyBytes message, uint8_t signature[KEY_SIGNATURE_MAX]);
