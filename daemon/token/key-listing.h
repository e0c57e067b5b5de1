#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What a list of keys tells of one.
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

/* What key_listing_state() would be of a key for refresh tokens. */
#define KEY_LISTING_REFRESH "refresh"

/**
 * key_listing_file() - where a key came from
 * @key:        key
 *
 * Return: borrowed, the last part of the path; "" without one.
 */
const char *key_listing_file(const Key *key);
