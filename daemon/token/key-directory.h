#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The daemon's keys on disk: every file of a directory that is not hidden, and an optional
 * credential of the service manager.
 */

#include "daemon/token/algorithm.h"
#include "daemon/token/key-error.h"
#include "daemon/token/keyring.h"

typedef struct KeyDirectoryRules {
        const char *directory;     /* absolute path */
        const char *credential;    /* a key file that may be absent; NULL without one */
        const char *signing_kid;   /* NULL: the only private key */
        const Algorithm *generate; /* made when there is no key at all; NULL: none is made */
} KeyDirectoryRules;

/**
 * key_directory_load() - build a ring from all key files
 * @rules:      where and how
 * @ret_keyring: one reference, owned by the caller
 * @fault:      says file and reason on failure
 *
 * Any file that cannot be used refuses the whole: a ring with a hole would fail later and in the
 * dark. A key that is generated is on disk, synced and mode 0600, before this returns. The
 * directory is made (mode 0700) when a key is to be generated and it is not there.
 * Return: 0; KEY_E_*; negative errno.
 */
int key_directory_load(const KeyDirectoryRules *rules, Keyring **ret_keyring, KeyFault *fault);
