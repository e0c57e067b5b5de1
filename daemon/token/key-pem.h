#pragma once
/* SPDX-License-Identifier: MIT */

#include <stdbool.h>

#include <openssl/types.h>

#include "common/secret.h"

/**
 * key_pem_read() - read the one key of a PEM text: PKCS#8, SEC 1, PKCS#1 or SPKI
 * @content:    NUL-terminated, without a NUL in it
 * @ret_is_private: whether it holds the private half
 * @ret_pkey:   owned by the caller
 *
 * Return: 0; KEY_E_SEVERAL; KEY_E_ENCRYPTED; KEY_E_MALFORMED; -ENOMEM.
 */
int key_pem_read(const Secret *content, bool *ret_is_private, EVP_PKEY **ret_pkey);
