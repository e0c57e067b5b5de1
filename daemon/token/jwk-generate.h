#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * New keys, written as JSON Web Keys.
 */

#include "common/secret.h"
#include "daemon/token/algorithm.h"
#include "daemon/token/key.h"

/**
 * jwk_generate() - make a new private key and write it as a JWK
 * @algorithm:  what it is for
 * @kid:        receives the beginning of its thumbprint, for HMAC a random name, and NUL; it begins with no dash
 * @ret_text:   owned by the caller; the whole JWK with kid, alg, use and the private members
 *
 * Return: 0; -ENOMEM; -EIO.
 */
int jwk_generate(const Algorithm *algorithm, char kid[KEY_THUMBPRINT_SIZE + 1], Secret **ret_text);

/**
 * jwk_generate_refresh() - make a new key for refresh tokens and write it as a JWK
 * @kid:        receives a random name and NUL
 * @ret_text:   owned by the caller; an HS256 secret whose "use" is "refresh"
 *
 * Return: 0; -ENOMEM; -EIO.
 */
int jwk_generate_refresh(char kid[KEY_THUMBPRINT_SIZE + 1], Secret **ret_text);

/**
 * jwk_generate_named() - the same under a name of one's own
 * @algorithm:  what it is for; NULL: for refresh tokens
 * @name:       UTF-8; NULL: as without this
 * @ret_text:   owned by the caller
 *
 * Return: 0; -ENOMEM; -EIO.
 */
int jwk_generate_named(const Algorithm *algorithm, const char *name, Secret **ret_text);
