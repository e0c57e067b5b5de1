#pragma once
/* SPDX-License-Identifier: MIT */

/* The common part of authtokenctl's subcommands: exit statuses, how they are called and how they complain. */

#include <stdbool.h>

typedef enum ExitStatus {
        STATUS_OK,
        STATUS_FAILED,
        STATUS_USAGE,
        STATUS_NOT_FOUND,
        STATUS_DENIED,
        STATUS_UNREACHABLE,
        STATUS_UNDECIDED, /* neither done nor refused: the store is away, or too much is asked; leaves as STATUS_FAILED */
} ExitStatus;

/* The arguments before the subcommand. */
typedef struct CommandLine {
        const char *bus; /* "system", "session" or an address */
} CommandLine;

/**
 * issue_main() - a new token to standard output or a file
 * @line:       borrowed
 * @argc:       of @argv
 * @argv:       argv[0] is the subcommand's name
 *
 * Return: exit status.
 */
ExitStatus issue_main(const CommandLine *line, int argc, char **argv);

/**
 * refresh_main() - the next tokens of a session; as issue_main()
 */
ExitStatus refresh_main(const CommandLine *line, int argc, char **argv);

/**
 * ensure_fresh_main() - an access token that is good for a while; as issue_main()
 */
ExitStatus ensure_fresh_main(const CommandLine *line, int argc, char **argv);

/**
 * list_main() - live sessions and their logins; as issue_main()
 */
ExitStatus list_main(const CommandLine *line, int argc, char **argv);

/**
 * revoke_main() - end sessions; as issue_main()
 */
ExitStatus revoke_main(const CommandLine *line, int argc, char **argv);

/**
 * logout_main() - end sessions of your own; as issue_main()
 */
ExitStatus logout_main(const CommandLine *line, int argc, char **argv);

/**
 * kick_main() - end sessions and wait for the end of their logins; as issue_main()
 *
 * Return: STATUS_FAILED also when a login did not end.
 */
ExitStatus kick_main(const CommandLine *line, int argc, char **argv);

/**
 * code_main() - a login code that stands for a token; as issue_main()
 */
ExitStatus code_main(const CommandLine *line, int argc, char **argv);

/**
 * ban_main() - keep a user out, or show who is; as issue_main()
 */
ExitStatus ban_main(const CommandLine *line, int argc, char **argv);

/**
 * adopt_main() - let tokens without a session be adopted again; as issue_main()
 */
ExitStatus adopt_main(const CommandLine *line, int argc, char **argv);

/**
 * unban_main() - let a user in again; as issue_main()
 */
ExitStatus unban_main(const CommandLine *line, int argc, char **argv);

/**
 * unlock_main() - let a user try again where they are locked out, or show who is; as issue_main()
 */
ExitStatus unlock_main(const CommandLine *line, int argc, char **argv);

/**
 * status_main() - how the daemon is; as issue_main()
 */
ExitStatus status_main(const CommandLine *line, int argc, char **argv);

/**
 * keys_main() - the daemon's keys, without their secrets; as issue_main()
 */
ExitStatus keys_main(const CommandLine *line, int argc, char **argv);

/**
 * complain() - one line to standard error, with the program's name in front
 * @format:     printf format, without a secret among the arguments; translated here
 */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * complain_usage() - complain(), and say where the help is
 * @command:    subcommand
 * @format:     printf format, translated here
 *
 * Return: STATUS_USAGE.
 */
ExitStatus complain_usage(const char *command, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/**
 * point_to_help() - what to do about options that getopt has complained about
 * @command:    subcommand
 *
 * Return: STATUS_USAGE.
 */
ExitStatus point_to_help(const char *command);

/**
 * show_help() - the end of a subcommand that was asked for its help
 * @text:       translated here
 *
 * Return: as finish_output().
 */
ExitStatus show_help(const char *text);

/**
 * take_argument() - keep the value of an option or operand
 * @command:    subcommand
 * @name:       of it, for a complaint
 * @text:       borrowed from the arguments
 * @value:      where it goes; NULL so far
 *
 * A second value is refused, since one of the two would be dropped silently. For paths, which may be any
 * bytes.
 * Return: STATUS_OK; STATUS_USAGE, complained.
 */
ExitStatus take_argument(
        const char *command, const char *name, const char *text, const char **value);

/**
 * take_text() - take_argument(), for what travels over the bus and so has to be UTF-8
 * @command:    subcommand
 * @name:       of it, for a complaint
 * @text:       borrowed from the arguments
 * @value:      where it goes; NULL so far
 *
 * Return: STATUS_OK; STATUS_USAGE, complained.
 */
ExitStatus take_text(const char *command, const char *name, const char *text, const char **value);

/**
 * own_user() - the name of whoever runs us
 * @command:    for the complaint that their uid has none
 * @user:       static
 *
 * Return: STATUS_OK or STATUS_USAGE.
 */
ExitStatus own_user(const char *command, const char **user);

/**
 * warn_of_unknown_user() - complain about a user whom this host does not know, or by another name only
 * @user:       name
 *
 * Return: whether it complained; not when the look-up failed.
 */
bool warn_of_unknown_user(const char *user);

/**
 * finish_output() - make sure that all of standard output was written
 *
 * Return: STATUS_OK; STATUS_FAILED, complained.
 */
ExitStatus finish_output(void);
