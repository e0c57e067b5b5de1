#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The subcommands that watch the daemon: what happens, and how much of it.
 */

#include "cli/command.h"

/**
 * metrics_main() - the daemon's counters for a monitoring system
 * @line:       borrowed
 * @argc:       of @argv
 * @argv:       argv[0] is the subcommand's name
 *
 * Return: exit status; what it prints says so, too, when the daemon cannot be reached.
 */
ExitStatus metrics_main(const CommandLine *line, int argc, char **argv);

/**
 * monitor_main() - what happens to sessions, while it happens
 * @line:       borrowed
 * @argc:       of @argv
 * @argv:       argv[0] is the subcommand's name
 *
 * Return: exit status; STATUS_OK after SIGINT or SIGTERM.
 */
ExitStatus monitor_main(const CommandLine *line, int argc, char **argv);
