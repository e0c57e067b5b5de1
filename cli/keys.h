#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The subcommands of `authtokenctl keys`, each with the words behind it as its arguments.
 */

#include "cli/command.h"

#define KEYS_DIRECTORY "/var/lib/authtoken/keys"

/**
 * keys_show_main() - list and jwks
 * @line:       borrowed
 * @argc:       of @argv
 * @argv:       argv[0] is the subcommand's name
 *
 * Return: exit status.
 */
ExitStatus keys_show_main(const CommandLine *line, int argc, char **argv);

/**
 * keys_rotate_main() - rotate and use
 * @line:       borrowed
 * @argc:       of @argv
 * @argv:       argv[0] is the subcommand's name
 *
 * Return: exit status.
 */
ExitStatus keys_rotate_main(const CommandLine *line, int argc, char **argv);

/**
 * keys_generate_main() - a new key, without the daemon
 * @line:       borrowed
 * @argc:       of @argv
 * @argv:       argv[0] is the subcommand's name
 *
 * Return: exit status.
 */
ExitStatus keys_generate_main(const CommandLine *line, int argc, char **argv);

/**
 * keys_import_main() - keys from a file into the daemon's directory
 * @line:       borrowed
 * @argc:       of @argv
 * @argv:       argv[0] is the subcommand's name
 *
 * Return: exit status.
 */
ExitStatus keys_import_main(const CommandLine *line, int argc, char **argv);

/**
 * keys_seal_main() - a signing key as an encrypted credential
 * @line:       borrowed
 * @argc:       of @argv
 * @argv:       argv[0] is the subcommand's name
 *
 * Return: exit status.
 */
ExitStatus keys_seal_main(const CommandLine *line, int argc, char **argv);
