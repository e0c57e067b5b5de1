#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Another issuer's keys: a JWK Set (RFC 7517 section 5) that somebody else writes. A member that cannot
 * be used does not affect the others: it is left out and reported.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "daemon/token/key-error.h"
#include "daemon/token/keyring.h"

#define JWKS_SIZE_MAX 262144u /* some publish a chain of certificates with each key */

typedef struct JwksRules {
        uint32_t algorithms; /* bit i: algorithm_at(i) is taken */
        bool secrets;        /* HMAC keys are taken */
} JwksRules;

/* The outcome for a set's members. */
typedef struct JwksReport {
        size_t n_keys, n_left_out;
        KeyFault first; /* which was left out first, and why; empty if none was */
} JwksReport;

/**
 * jwks_parse() - build a ring from the text of a set
 * @text:       need not end with NUL
 * @size:       of @text
 * @rules:      which keys are taken
 * @ret_keyring: one reference, owned by the caller; nothing in it signs
 * @report:     filled, on failure too
 *
 * A member is left out when it is malformed or weak, is not for signatures ("use", "key_ops"), is for no
 * algorithm of the rules, holds a private half, has the name of an earlier one, or has none and is not alone.
 * Return: 0; KEY_E_MALFORMED not a set; KEY_E_NONE nothing in it can be used; KEY_E_FULL; -ENOMEM.
 */
int jwks_parse(const char *text, size_t size, const JwksRules *rules, Keyring **ret_keyring,
        JwksReport *report);

/**
 * jwks_load() - jwks_parse() of a file
 * @path:       file; secrets in it are taken only where others cannot read it
 * @rules:      which keys are taken
 * @ret_keyring: as above
 * @report:     filled; on failure its text says file and reason
 *
 * Return: as jwks_parse(); KEY_E_FILE_TYPE, _FILE_MODE others may write to it, _FILE_SIZE; negative errno.
 */
int jwks_load(const char *path, const JwksRules *rules, Keyring **ret_keyring, JwksReport *report);

/**
 * jwks_find() - the key that a token's header means
 * @keyring:    from jwks_parse()
 * @kid:        of the header; NULL: it has none
 *
 * A kid must be the key's own. Without a kid the key must be the only one of its set.
 * Return: borrowed; NULL when there is none.
 */
Key *jwks_find(const Keyring *keyring, const char *kid);
