/* SPDX-License-Identifier: MIT */

#include <getopt.h>
#include <stdio.h>

#include "cli/bus-client.h"
#include "common/cleanup.h"
#include "common/translation.h"

static const struct option options[] = {
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
};

static const char help[] =
        N_("Usage: authtokenctl unban USER\n\n"
           "Let a banned user in again. Sessions that the ban ended stay ended.\n\n"
           "  -h, --help  this text\n\n"
           "The exit status is 3 if the user is not banned.\n");

static ExitStatus lift(const CommandLine *line, const char *user) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

        return bus_client_ask(
                line, &(BusCall){ "UnbanUser", N_("unban"), CALL_SHORT }, &reply, "s", user);
}

ExitStatus unban_main(const CommandLine *line, int argc, char **argv) {
        const char *user = NULL;
        ExitStatus status;
        int option;

        optind = 0;
        while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
                if (option != 'h')
                        return point_to_help("unban");
                return show_help(help);
        }
        if (argc - optind != 1)
                return complain_usage("unban", "exactly one user is needed");
        status = take_text("unban", "USER", argv[optind], &user);
        return status == STATUS_OK ? lift(line, user) : status;
}
