#pragma once
/* SPDX-License-Identifier: MIT */

#include "daemon/token/key-directory.h"

typedef struct Config Config;
typedef struct Context Context;

/* Paths of key files that need not be there; NULL when the service manager passes no credentials. */
typedef struct KeyCredentials {
        char *signing, *refresh; /* owned */
} KeyCredentials;

/**
 * key_source_rules() - where the configuration says that the keys are
 * @config:     borrowed; its texts are lent on
 * @credentials: of key_source_credentials(); lent on
 *
 * Keys come from the key directory, and from the systemd credentials "signing-key" and "refresh-key" where there
 * are such. With the SQLite store the first start generates keys. A fleet's keys are never generated: a host with
 * a key of its own would refuse the others' tokens.
 * Return: rules without a time.
 */
KeyDirectoryRules key_source_rules(const Config *config, const KeyCredentials *credentials);

/**
 * key_source_reread() - read the keys of a running daemon, and tell the journal if they cannot be used
 * @context:    the daemon
 * @rules:      of the configuration that is to come into force; without a time
 * @ret_keyring: one reference, owned by the caller
 * @fault:      says where and why they were refused
 *
 * Keys are generated at a start only. If all of them, or their directory, are gone, those in force
 * stay.
 * Return: as key_directory_load().
 */
int key_source_reread(
        Context *context, KeyDirectoryRules rules, Keyring **ret_keyring, KeyFault *fault);

/**
 * key_source_load() - read the keys of the configuration in force, and use them
 * @context:    with its keeper, which has no keys yet
 *
 * Return: 0; negative errno, and the journal was told why.
 */
int key_source_load(Context *context);

/**
 * key_source_credentials() - where the systemd credentials would be
 * @ret_credentials: zeroed; to be cleared by the caller
 *
 * Return: 0; -ENOMEM.
 */
int key_source_credentials(KeyCredentials *ret_credentials);

/**
 * key_credentials_clear() - free what it owns
 * @credentials: zeroed afterwards
 */
void key_credentials_clear(KeyCredentials *credentials);
