#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Keys from elsewhere into a key directory, each in a file of its own, so that each can be removed alone.
 * Importing does not make them sign: a key that signs already goes on.
 */

#include <stdbool.h>

#include "daemon/token/key-directory.h"

/* Keys of both kinds. */
#define KEY_IMPORT_MAX (2u * KEYRING_KEYS_MAX)

/* The outcome for each key of a ring. */
typedef struct KeyImport {
        size_t n_keys;
        struct {
                const Key *key; /* borrowed from the ring */
                bool is_refresh;
                bool is_new; /* else the same key is there already */
        } rows[KEY_IMPORT_MAX];
} KeyImport;

/**
 * key_import() - put keys into a directory
 * @rules:      the directory, which is made when it is not there, and the time
 * @keyring:    the keys
 * @ret_import: one row for each key, those for refresh tokens last
 * @fault:      says file and reason on failure
 *
 * All keys are compared with the directory before the first is written. A key that is already there is skipped; another
 * one of the same name is refused.
 * Return: 0; KEY_E_DUPLICATE; KEY_E_FULL; KEY_E_SEVERAL_SIGNING and KEY_E_SEVERAL_REFRESH the next start would not know
 * which one to use; KEY_E_BUSY; other KEY_E_*; negative errno.
 */
int key_import(const KeyDirectoryRules *rules, const Keyring *keyring, KeyImport *ret_import,
        KeyFault *fault);
