#pragma once
/* SPDX-License-Identifier: MIT */

#include "daemon/token/key-directory.h"

typedef struct Config Config;

/**
 * key_source_rules() - where the configuration says that the keys are
 * @config:     borrowed; its texts are lent on
 * @credential: of key_source_credential(); NULL without one; lent on
 *
 * Keys come from the key directory, and from the systemd credential "signing-key" where there is one. With
 * the SQLite store the first start makes a key; a fleet's key is never made up.
 * Return: rules without a time.
 */
KeyDirectoryRules key_source_rules(const Config *config, const char *credential);

/**
 * key_source_credential() - where the systemd credential "signing-key" would be
 * @ret_path:   owned by the caller; NULL when the service manager passes no credentials
 *
 * Return: 0; -ENOMEM.
 */
int key_source_credential(char **ret_path);
