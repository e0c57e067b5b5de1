/* SPDX-License-Identifier: MIT */

#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/monitoring.h"
#include "cli/shown-user.h"
#include "cli/verify.h"
#include "common/cleanup.h"
#include "common/core-dump.h"
#include "common/translation.h"
#include "daemon/token/json-text.h"

typedef struct Command {
        const char *name;
        ExitStatus (*run)(const CommandLine *line, int argc, char **argv);
        const char *words;
} Command;

/* Works without a daemon, and has exit statuses of its own. */
static ExitStatus run_verify(const CommandLine *line, int argc, char **argv) {
        (void)line;
        return (ExitStatus)verify_main(argc, argv);
}

static const Command commands[] = {
        { "issue", issue_main, N_("begin a session and print its token") },
        { "refresh", refresh_main, N_("exchange a refresh token for the next tokens") },
        { "ensure-fresh", ensure_fresh_main, N_("print an access token that is good for a while") },
        { "list", list_main, N_("show live sessions and their logins") },
        { "revoke", revoke_main, N_("end sessions and their tokens") },
        { "logout", logout_main, N_("end sessions of your own") },
        { "kick", kick_main, N_("the same, and wait until their logins are gone") },
        { "code", code_main, N_("make a code that can be typed instead of a token") },
        { "ban", ban_main, N_("keep a user out, or show who is") },
        { "unban", unban_main, N_("let a user in again") },
        { "unlock", unlock_main, N_("let a user try again who has failed too often") },
        { "adopt", adopt_main, N_("let tokens without a session in again") },
        { "verify", run_verify, N_("check tokens against keys, without the daemon") },
        { "status", status_main, N_("show how the daemon is") },
        { "monitor", monitor_main, N_("show what happens to sessions, while it happens") },
        { "metrics", metrics_main, N_("print counters for a monitoring system") },
        { "keys", keys_main, N_("show, make, change and seal the daemon's keys") },
};

typedef enum Option {
        OPTION_BUS = 256,
        OPTION_VERSION,
        OPTION_HELP = 'h',
} Option;

static const struct option options[] = {
        { "bus", required_argument, NULL, OPTION_BUS },
        { "version", no_argument, NULL, OPTION_VERSION },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
};

static ExitStatus print_help(void) {
        fputs(_("Usage: authtokenctl [--bus=BUS] COMMAND [ARGUMENT]...\n\n"), stdout);
        for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
                printf("  %-12s %s\n", commands[i].name, _(commands[i].words));
        fputs(_("\n  --bus=BUS   system (the default), session, or a D-Bus address\n"
                "  --version   print the version\n"
                "  -h, --help  this text; after a command, about the command\n\n"
                "Exit status: 0 ok, 1 failed, 2 usage, 3 not found, 4 not authorised,\n"
                "5 the daemon cannot be reached. See authtokenctl(1).\n"),
                stdout);
        return finish_output();
}

static ExitStatus run(const CommandLine *line, int argc, char **argv) {
        for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
                if (!strcmp(commands[i].name, argv[0]))
                        return commands[i].run(line, argc, argv);
        if (shown_user(argv[0]) == argv[0])
                complain("there is no command '%s'\nSee: authtokenctl --help", argv[0]);
        else
                complain("there is no such command\nSee: authtokenctl --help");
        return STATUS_USAGE;
}

/* Otherwise the first file that is opened would become standard output or standard error, and receive that
 * output. Reading and writing still fail, as for a closed descriptor. */
static int fill_standard_streams(void) {
        static const int modes[] = { O_WRONLY, O_RDONLY, O_RDWR };

        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
                int there = fcntl(fd, F_GETFD);

                if (there < 0) /* open() takes the lowest that is free, which is this one */
                        there = open("/dev/null", modes[fd]);
                if (there < 0)
                        return -1;
        }
        return 0;
}

static ExitStatus set_bus(CommandLine *line) {
        if (line->bus) {
                complain("--bus is given twice\nSee: authtokenctl --help");
                return STATUS_USAGE;
        }
        line->bus = optarg;
        return STATUS_OK;
}

int main(int argc, char **argv) {
        CommandLine line = { 0 };
        ExitStatus status = STATUS_OK;
        int option;

        if (fill_standard_streams() < 0)
                return STATUS_FAILED;
        core_dump_refuse();
        json_text_need_memory();
        setlocale(LC_ALL, "");
        bindtextdomain(TRANSLATION_DOMAIN, LOCALE_DIRECTORY);
        while (status == STATUS_OK && (option = getopt_long(argc, argv, "+h", options, NULL)) != -1)
                switch (option) {
                case OPTION_BUS:
                        status = set_bus(&line);
                        break;
                case OPTION_VERSION:
                        puts("authtokenctl " AUTHTOKEN_VERSION);
                        return finish_output();
                case OPTION_HELP:
                        return print_help();
                default:
                        fputs("See: authtokenctl --help\n", stderr);
                        return STATUS_USAGE;
                }
        if (status != STATUS_OK)
                return status;
        if (optind == argc) {
                complain("a command is needed\nSee: authtokenctl --help");
                return STATUS_USAGE;
        }
        if (!line.bus)
                line.bus = "system";
        status = run(&line, argc - optind, argv + optind);
        return status == STATUS_UNDECIDED ? STATUS_FAILED : status;
}
