#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The secrets behind refresh tokens in a ring. They never sign, verify or show among its keys.
 */

#include "daemon/token/keyring.h"

/**
 * keyring_add_refresh() - hand a key for refresh tokens over to the ring
 * @keyring:    not in use yet
 * @key:        HS256 secret; owned by the ring on success only
 *
 * Return: 0; KEY_E_DUPLICATE its kid is taken by another one; KEY_E_FULL.
 */
int keyring_add_refresh(Keyring *keyring, Key *key);

/**
 * keyring_choose_refresh_key() - decide which key makes refresh tokens
 * @keyring:    not in use yet
 * @kid:        its name; NULL: the only one, or none
 *
 * Return: 0; KEY_E_REFRESH_KEY; KEY_E_SEVERAL_REFRESH.
 */
int keyring_choose_refresh_key(Keyring *keyring, const char *kid);

/**
 * keyring_refresh_key() - the key that makes refresh tokens
 * @keyring:    ring
 *
 * Return: borrowed; NULL when this host makes none.
 */
Key *keyring_refresh_key(const Keyring *keyring);

/**
 * keyring_find_refresh() - the key for refresh tokens with this name
 * @keyring:    ring
 * @kid:        as a session says it
 *
 * Return: borrowed; NULL when there is none.
 */
Key *keyring_find_refresh(const Keyring *keyring, const char *kid);

/**
 * keyring_refresh_size() - number of keys for refresh tokens
 * @keyring:    ring
 */
size_t keyring_refresh_size(const Keyring *keyring);

/**
 * keyring_refresh_at() - walk over the keys for refresh tokens, in the order they were added
 * @keyring:    ring
 * @index:      below keyring_refresh_size()
 *
 * Return: borrowed.
 */
Key *keyring_refresh_at(const Keyring *keyring, size_t index);
