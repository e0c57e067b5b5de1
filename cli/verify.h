#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * authtokenctl verify: the daemon's own verification at the command line, without a daemon.
 */

/**
 * verify_main() - run the subcommand
 * @argc:       of @argv
 * @argv:       argv[0] is the subcommand's name
 *
 * Return: exit status: 0 all tokens are ok, 1 one was refused, 2 usage or unusable key.
 */
int verify_main(int argc, char **argv);
