#pragma once
/* SPDX-License-Identifier: MIT */

#include "daemon/token/key-error.h"

typedef struct Config Config;
typedef struct Keyring Keyring;

/**
 * key_source_load() - the key ring that the configuration describes
 * @config:     borrowed
 * @ret_keyring: one reference, owned by the caller
 * @fault:      says where and why it was refused
 *
 * Keys come from the key directory, and from the systemd credential "signing-key" where there is one. With
 * the SQLite store the first start makes a key; a fleet's key is never made up.
 * Return: 0; KEY_E_*; negative errno.
 */
int key_source_load(const Config *config, Keyring **ret_keyring, KeyFault *fault);
