#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Whether a public key is good enough to trust signatures of it, and a private key consistent.
 */

#include <stdbool.h>

#include <openssl/types.h>

#include "daemon/token/algorithm.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192

/**
 * key_fits_algorithm() - whether type, curve and parameters of a key are the algorithm's
 * @pkey:       any key
 * @algorithm:  row of the table
 */
bool key_fits_algorithm(EVP_PKEY *pkey, const Algorithm *algorithm);

/**
 * key_strength_check() - refuse weak and malformed public keys
 * @pkey:       any key
 *
 * RSA: size, exponent and the ROCA fingerprint; RSA-PSS: parameters of some algorithm. EC: a named curve and a point on it.
 * Ed25519: none of the points of small order, for which anyone can make signatures.
 * Return: 0; KEY_E_TYPE, _RSA_SIZE, _RSA_EXPONENT, _RSA_ROCA, _RSA_PSS, _MALFORMED, _POINT; -ENOMEM;
 * -EIO.
 */
int key_strength_check(EVP_PKEY *pkey);

/**
 * key_private_check() - whether an RSA key's private exponent is that of its primes
 * @pkey:       any key with its private half
 *
 * A trial signature would not show a wrong one, as it is made from the primes. Other types have
 * nothing to compare.
 * Return: 0; KEY_E_PAIR; -ENOMEM; -EIO.
 */
int key_private_check(EVP_PKEY *pkey);
