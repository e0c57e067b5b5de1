#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * All keys of one issuer: which one signs, which ones verify; and, apart from them, the secrets behind
 * refresh tokens, which no function of this header gives out: see keyring-refresh.h.
 *
 * A ring never changes once it is in use. A reload builds a new ring and swaps. So a reload that fails
 * leaves the old ring as it was, and a holder of a reference keeps a consistent ring.
 */

#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "daemon/token/key.h"

typedef struct Keyring Keyring;

#define KEYRING_KEYS_MAX 256u /* of each of the two kinds */

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
 * keyring_remove() - take a key out and free it
 * @keyring:    not in use yet
 * @index:      below keyring_size(); the keys behind it move up
 */
void keyring_remove(Keyring *keyring, size_t index);

/**
 * keyring_set_end() - say until when a key is needed
 * @keyring:    not in use yet
 * @index:      below keyring_size()
 * @end_sec:    seconds since the epoch
 */
void keyring_set_end(Keyring *keyring, size_t index, uint64_t end_sec);

/**
 * keyring_end_sec() - until when a key is needed
 * @keyring:    ring
 * @index:      below keyring_size()
 *
 * Return: seconds since the epoch; 0: it does not retire.
 */
uint64_t keyring_end_sec(const Keyring *keyring, size_t index);

/**
 * keyring_set_due() - say when a key has to be retired
 * @keyring:    not in use yet
 * @due_sec:    seconds since the epoch; 0: never
 */
void keyring_set_due(Keyring *keyring, uint64_t due_sec);

/**
 * keyring_due_sec() - when the next key has to be retired
 * @keyring:    ring
 *
 * Return: seconds since the epoch; 0: none has to.
 */
uint64_t keyring_due_sec(const Keyring *keyring);

/**
 * keyring_set_new() - note that its key was generated for it
 * @keyring:    not in use yet
 */
void keyring_set_new(Keyring *keyring);

/**
 * keyring_is_new() - whether this is the first ring, with a key that was generated for it
 * @keyring:    ring
 */
bool keyring_is_new(const Keyring *keyring);

/**
 * keyring_choose_signing_key() - decide which key signs
 * @keyring:    not in use yet
 * @kid:        its name; NULL: the only private key that does not retire, or none
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
 * keyring_index() - where the key of exactly this name is
 * @keyring:    ring
 * @kid:        name
 *
 * Return: below keyring_size(); keyring_size() when there is none.
 */
size_t keyring_index(const Keyring *keyring, const char *kid);

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
