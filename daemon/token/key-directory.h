#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The daemon's keys on disk: every file of a directory that is not hidden, and an optional
 * credential of the service manager.
 */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/token/algorithm.h"
#include "daemon/token/key-error.h"
#include "daemon/token/key-state.h"
#include "daemon/token/keyring.h"

typedef struct KeyDirectoryRules {
        const char *directory;          /* absolute path */
        const char *credential;         /* a key file that may be absent; NULL without one */
        const char *refresh_credential; /* likewise */
        const char *signing_kid;        /* NULL: as key-state.h says */
        const char *refresh_kid;        /* NULL: the only key for refresh tokens */
        const Algorithm *generate;      /* made when there is no key at all; NULL: none is made */
        bool generate_refresh;          /* made beside a signing key when there is none */
        uint64_t now_sec;               /* keys that retired before are not taken */
        bool any_owner;                 /* take the directory and its files from whoever owns it */
} KeyDirectoryRules;

/**
 * key_directory_load() - build a ring from all key files
 * @rules:      where and how
 * @ret_keyring: one reference, owned by the caller
 * @fault:      says file and reason on failure
 *
 * Any unusable file makes the whole load fail: a ring without one of its keys would fail later, and nobody
 * would know why. A key that is generated is on disk, synced and mode 0600, before this returns. The
 * directory is made (mode 0700) when a key is to be generated and it is not there. Without a key for refresh
 * tokens this host only makes no refresh tokens, so it is no failure if one cannot be written.
 * Return: 0; KEY_E_*; negative errno.
 */
int key_directory_load(const KeyDirectoryRules *rules, Keyring **ret_keyring, KeyFault *fault);

/**
 * key_directory_load_as() - the same under a state that is not on disk yet
 * @rules:      where and how; nothing is generated
 * @state:      instead of the file's
 * @ret_keyring: one reference, owned by the caller
 * @fault:      says file and reason on failure
 *
 * Return: 0; KEY_E_*; negative errno.
 */
int key_directory_load_as(const KeyDirectoryRules *rules, const KeyState *state,
        Keyring **ret_keyring, KeyFault *fault);

/**
 * key_directory_load_all() - every key that is there, also those that have retired; none signs
 * @rules:      where; nothing is generated
 * @ret_keyring: one reference, owned by the caller; may be empty
 * @fault:      says file and reason on failure
 *
 * Return: 0; KEY_E_*; negative errno.
 */
int key_directory_load_all(const KeyDirectoryRules *rules, Keyring **ret_keyring, KeyFault *fault);

/**
 * key_directory_owns() - whether a key is alone in a file of the directory
 * @rules:      where
 * @keyring:    with all keys
 * @key:        one of them
 *
 * Return: the file's name, borrowed from the key; NULL: its file has other keys, or it came from elsewhere.
 */
const char *key_directory_owns(
        const KeyDirectoryRules *rules, const Keyring *keyring, const Key *key);
