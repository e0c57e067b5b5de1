#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A key's description in a list.
 */

#include "daemon/token/keyring.h"

/**
 * key_listing_state() - what a key does now
 * @keyring:    ring
 * @index:      below keyring_size()
 *
 * Return: "signing"; "retiring", it verifies until keyring_end_sec(); "staged", it could sign; "verifying".
 */
const char *key_listing_state(const Keyring *keyring, size_t index);

/* The state of a key for refresh tokens, in place of key_listing_state(). */
#define KEY_LISTING_REFRESH "refresh"

/**
 * key_listing_file() - where a key came from
 * @key:        key
 *
 * Return: borrowed, the last part of the path; "" without one.
 */
const char *key_listing_file(const Key *key);
