#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Files with keys: a JWK, a JWK Set, or one PEM key (PKCS#8, SEC 1, PKCS#1 or SPKI).
 */

#include <stdbool.h>

#include "daemon/token/algorithm.h"
#include "daemon/token/key-error.h"
#include "daemon/token/keyring.h"

#define KEY_FILE_SIZE_MAX 65536u

/* How a file is taken. All false or NULL is the strictest: what the daemon's directory needs. */
typedef struct KeyFileRules {
        bool any_place;     /* neither owner nor mode nor kind of file is checked */
        bool any_mode;      /* only the mode is not checked: the service manager set it */
        bool any_kid;       /* a key that stands alone in its file answers to any kid */
        bool any_algorithm; /* a key without "alg" is taken for each that its type allows */
        const char *kid;    /* instead of the key's own; the file must hold one key */
        const Algorithm
                *algorithm; /* for a key that names none; one that names another is refused */
} KeyFileRules;

/**
 * key_file_load() - read a file and add its keys to a ring
 * @keyring:    not in use yet; undefined content after a failure: drop it
 * @directory:  descriptor that @path is relative to, or AT_FDCWD
 * @path:       file
 * @rules:      how to take it
 * @fault:      says file and reason on failure; NULL is fine
 *
 * Keys of a set that are not for signatures, or of a type that is unknown, are passed over
 * (RFC 7517 section 5). A weak, malformed or second key of a name refuses the whole file.
 * An RSA key that names no "alg" is for RS256, unless @rules say otherwise.
 * Return: 0; KEY_E_*; negative errno.
 */
int key_file_load(Keyring *keyring, int directory, const char *path, const KeyFileRules *rules,
        KeyFault *fault);

/**
 * key_file_parse() - the same for content that is already here
 * @keyring:    as for key_file_load()
 * @content:    the file's bytes
 * @path:       what to call it
 * @rules:      how to take it
 * @ret_private: whether any private or secret key was in it
 *
 * Return: 0; KEY_E_*; -ENOMEM; -EIO.
 */
int key_file_parse(Keyring *keyring, const Secret *content, const char *path,
        const KeyFileRules *rules, bool *ret_private);
