#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * All keys of one issuer: which one signs, which ones verify.
 *
 * A ring never changes once it is in use. A reload builds a new one and swaps, so a reload that
 * fails leaves the old ring as it was, and whoever holds a reference keeps a consistent one.
 */

#include <stddef.h>

#include "common/cleanup.h"
#include "daemon/token/key.h"

typedef struct Keyring Keyring;

#define KEYRING_KEYS_MAX 256u

/**
 * keyring_new() - an empty ring
 * @ret_keyring: one reference, owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int keyring_new(Keyring **ret_keyring);

/**
 * keyring_ref() - one more reference
 * @keyring:    ring
 *
 * Return: @keyring.
 */
Keyring *keyring_ref(Keyring *keyring);

/**
 * keyring_unref() - drop a reference; the last one frees the keys
 * @keyring:    NULL is fine
 *
 * Return: NULL.
 */
Keyring *keyring_unref(Keyring *keyring);
DEFINE_CLEANUP(Keyring, keyring_unref)

/**
 * keyring_add() - hand a key over to the ring
 * @keyring:    not in use yet
 * @key:        owned by the ring on success only
 *
 * Return: 0; KEY_E_DUPLICATE its kid is taken; KEY_E_FULL.
 */
int keyring_add(Keyring *keyring, Key *key);

/**
 * keyring_choose_signing_key() - decide which key signs
 * @keyring:    not in use yet
 * @kid:        its name; NULL: the only private key, or none
 *
 * Return: 0 (without @kid also when there is no private key); KEY_E_SIGNING_KEY;
 * KEY_E_SEVERAL_SIGNING.
 */
int keyring_choose_signing_key(Keyring *keyring, const char *kid);

/**
 * keyring_signing_key() - the key that signs
 * @keyring:    ring
 *
 * Return: borrowed; NULL when this host cannot sign.
 */
Key *keyring_signing_key(const Keyring *keyring);

/**
 * keyring_find() - the key with this name
 * @keyring:    ring
 * @kid:        "kid" of a header; NULL: the header has none
 *
 * A key that answers to any kid is found last.
 * Return: borrowed; NULL when there is none.
 */
Key *keyring_find(const Keyring *keyring, const char *kid);

/**
 * keyring_find_header() - the key whose own encoded header this is, to the byte
 * @keyring:    ring
 * @header:     first part of a token
 *
 * Return: borrowed; NULL when there is none.
 */
Key *keyring_find_header(const Keyring *keyring, KeyBytes header);

/**
 * keyring_size() - number of keys
 * @keyring:    ring
 */
size_t keyring_size(const Keyring *keyring);

/**
 * keyring_at() - walk over the keys, in the order they were added
 * @keyring:    ring
 * @index:      below keyring_size()
 *
 * Return: borrowed.
 */
Key *keyring_at(const Keyring *keyring, size_t index);

/**
 * keyring_jwks() - the public keys as a JWK Set (RFC 7517 section 5)
 * @keyring:    ring
 * @ret_json:   owned by the caller, malloc'ed; never holds a private member or an HMAC key
 *
 * Return: 0; -ENOMEM; -EIO.
 */
int keyring_jwks(const Keyring *keyring, char **ret_json);
