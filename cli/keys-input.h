#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Where the subcommands of `authtokenctl keys` take keys from: a file, or standard input.
 */

#include "daemon/token/key-file.h"

/**
 * keys_input_load() - add the keys of a file to a ring, wherever it is and whoever owns it
 * @file:       path, or "-": standard input
 * @keyring:    undefined content after a failure: drop it
 * @fault:      says file and reason on failure
 *
 * Return: as key_file_load().
 */
int keys_input_load(const char *file, Keyring *keyring, KeyFault *fault);
