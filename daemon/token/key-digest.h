#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * OpenSSL's context for one key pair and one algorithm, as RFC 7518 section 3 demands.
 */

#include <openssl/types.h>

#include "daemon/token/algorithm.h"
#include "daemon/token/key-error.h"

typedef enum KeyDigestUse {
        KEY_DIGEST_VERIFY,
        KEY_DIGEST_SIGN,
} KeyDigestUse;

/**
 * key_digest_new() - set up a context that can be copied for each signature
 * @pkey:       RSA, EC or Ed25519; with its private half for KEY_DIGEST_SIGN
 * @algorithm:  one of the key's type
 * @use:        what for
 * @ret_context: owned by the caller
 *
 * Return: 0; KEY_E_ALGORITHM the key's own parameters forbid it (RFC 4055 section 3.1); -ENOMEM.
 */
int key_digest_new(
        EVP_PKEY *pkey, const Algorithm *algorithm, KeyDigestUse use, EVP_MD_CTX **ret_context);
