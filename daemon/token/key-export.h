#pragma once
/* SPDX-License-Identifier: MIT */

#include "common/secret.h"
#include "daemon/token/key.h"

/**
 * key_export() - write a key as a JWK, as its file in a key directory
 * @key:        with one algorithm and a kid
 * @is_refresh: the key is for refresh tokens
 * @ret_text:   owned by the caller; with the private half or secret if the key may sign
 *
 * Return: 0; KEY_E_TYPE; -ENOMEM; -EIO.
 */
int key_export(const Key *key, bool is_refresh, Secret **ret_text);
