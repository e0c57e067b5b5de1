/* SPDX-License-Identifier: MIT */

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "cli/bus-client.h"
#include "cli/table.h"
#include "common/time-span.h"
#include "common/translation.h"

#define USEC_PER_SEC UINT64_C(1000000)

/* Text is borrowed from the arguments. */
typedef struct Ban {
        const char *user, *span, *reason;
        uint64_t seconds; /* 0: without end */
        bool list, json, help;
} Ban;

typedef enum Option {
        OPTION_FOR = 256,
        OPTION_REASON,
        OPTION_LIST,
        OPTION_JSON,
        OPTION_HELP = 'h',
        OPTION_UNKNOWN = '?',
} Option;

static const struct option options[] = {
        { "for", required_argument, NULL, OPTION_FOR },
        { "reason", required_argument, NULL, OPTION_REASON },
        { "list", no_argument, NULL, OPTION_LIST },
        { "json", no_argument, NULL, OPTION_JSON },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
};

static const char help[] =
        N_("Usage: authtokenctl ban [--for SPAN] [--reason TEXT] USER\n"
           "       authtokenctl ban --list [--json]\n\n"
           "Keep USER out of this host and all that share its store, by whatever they log in\n"
           "with, and end their sessions, with their logins, as kick does.\n\n"
           "  --for SPAN     how long, such as 2h; without it until authtokenctl unban\n"
           "  --reason TEXT  for the journal, and for --list\n"
           "  --list         show the bans in force\n"
           "  --json         as JSON; times are seconds since 1970\n"
           "  -h, --help     this text\n\n"
           "The exit status is 1 if a login did not end.\n");

/* This column is empty for a ban without an end. */
static const Column columns[] = {
        { N_("USER"), "user", NULL, COLUMN_TEXT, COLUMN_BOTH },
        { N_("UNTIL"), "until", NULL, COLUMN_TIME, COLUMN_BOTH },
        { N_("REASON"), "reason", NULL, COLUMN_TEXT, COLUMN_BOTH },
};

static ExitStatus set_option(Ban *ban, Option option) {
        switch (option) {
        case OPTION_FOR:
                return take_argument("ban", "--for", optarg, &ban->span);
        case OPTION_REASON:
                return take_text("ban", "--reason", optarg, &ban->reason);
        case OPTION_LIST:
                ban->list = true;
                return STATUS_OK;
        case OPTION_JSON:
                ban->json = true;
                return STATUS_OK;
        case OPTION_HELP:
                ban->help = true;
                return STATUS_OK;
        case OPTION_UNKNOWN:
                break;
        }
        return point_to_help("ban");
}

/* For the daemon 0 means "without end", but "--for 0" does not sound like that. */
static ExitStatus take_span(Ban *ban) {
        uint64_t usec;

        if (!ban->span)
                return STATUS_OK;
        if (time_span_parse(ban->span, &usec) || usec == 0 || usec % USEC_PER_SEC)
                return complain_usage(
                        "ban", "--for is a time span of whole seconds above 0, such as 2h");
        ban->seconds = usec / USEC_PER_SEC;
        return STATUS_OK;
}

static ExitStatus parse(Ban *ban, int argc, char **argv) {
        ExitStatus status;
        int option;

        optind = 0;
        while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
                status = set_option(ban, (Option)option);
                if (status != STATUS_OK || ban->help)
                        return status;
        }
        if (ban->list && (argc > optind || ban->span || ban->reason))
                return complain_usage("ban", "--list takes nothing but --json");
        if (ban->list)
                return STATUS_OK;
        if (argc - optind != 1 || ban->json)
                return complain_usage("ban", "exactly one user, or --list, is needed");
        status = take_text("ban", "USER", argv[optind], &ban->user);
        return status == STATUS_OK ? take_span(ban) : status;
}

static ExitStatus impose(const Ban *ban, sd_bus *bus) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        uint32_t n_ended, n_failed;
        ExitStatus status;
        int r;

        /* A user unknown here may exist on other hosts, or tomorrow: a ban holds for a name. */
        (void)warn_of_unknown_user(ban->user);
        status = bus_client_prepare(bus, "BanUser", &call);
        if (status != STATUS_OK)
                return status;
        r = sd_bus_message_append(
                call, "sts", ban->user, ban->seconds, STRING_OR_EMPTY(ban->reason));
        if (r < 0)
                return bus_client_broken("compose the call", r);
        status = bus_client_call(call, "ban", CALL_ENDLESS, &reply);
        if (status != STATUS_OK)
                return status;
        r = sd_bus_message_read(reply, "uu", &n_ended, &n_failed);
        if (r < 0)
                return bus_client_broken("read the answer", r);
        printf(_n("banned; %u login ended\n", "banned; %u logins ended\n", n_ended), n_ended);
        status = finish_output();
        if (n_failed == 0)
                return status;
        complain("%u did not end; its tokens are revoked. See: "
                 "journalctl AUTHTOKEN_EVENT=login-left",
                n_failed);
        return STATUS_FAILED;
}

static ExitStatus show(const Ban *ban, sd_bus *bus) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_(dictionary_freep) Dictionary *bans = NULL;
        _cleanup_(table_freep) Table *table = NULL;
        ExitStatus status;
        int r;

        status = bus_client_prepare(bus, "ListBans", &call);
        if (status == STATUS_OK)
                status = bus_client_call(call, "list bans", CALL_SHORT, &reply);
        if (status != STATUS_OK)
                return status;
        r = dictionary_read_all(reply, &bans);
        if (r < 0)
                return bus_client_broken("read the answer", r);
        r = table_new(
                "bans", columns, ARRAY_SIZE(columns), ban->json ? TABLE_JSON : TABLE_PLAIN, &table);
        for (const Dictionary *row = bans; row && r >= 0; row = dictionary_next(row))
                r = table_add(table, row, NULL);
        return r < 0 ? bus_client_broken("show the bans", r) : table_print(table);
}

ExitStatus ban_main(const CommandLine *line, int argc, char **argv) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        Ban ban = { 0 };
        ExitStatus status;

        status = parse(&ban, argc, argv);
        if (status != STATUS_OK)
                return status;
        if (ban.help)
                return show_help(help);
        status = bus_client_open(line, &bus);
        if (status != STATUS_OK)
                return status;
        return ban.list ? show(&ban, bus) : impose(&ban, bus);
}
