/* SPDX-License-Identifier: MIT */

#include <getopt.h>
#include <stdio.h>

#include "cli/bus-client.h"
#include "cli/table.h"
#include "common/translation.h"

/* Text is borrowed from the arguments. */
typedef struct Unlock {
        const char *user, *place;
        bool list, json, help;
} Unlock;

typedef enum Option {
        OPTION_LIST = 256,
        OPTION_JSON,
        OPTION_HELP = 'h',
        OPTION_UNKNOWN = '?',
} Option;

static const struct option options[] = {
        { "list", no_argument, NULL, OPTION_LIST },
        { "json", no_argument, NULL, OPTION_JSON },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
};

static const char help[] =
        N_("Usage: authtokenctl unlock USER [PLACE]\n"
           "       authtokenctl unlock --list [--json] [USER]\n\n"
           "Let USER try again where too many logins have failed: at PLACE, or wherever they\n"
           "are locked out, on this host and all that share its store.\n\n"
           "  --list      show who is locked out, where, and until when\n"
           "  --json      as JSON; times are seconds since 1970\n"
           "  -h, --help  this text\n");

static const Column columns[] = {
        { N_("USER"), "user", NULL, COLUMN_TEXT, COLUMN_BOTH },
        { N_("PLACE"), "place", NULL, COLUMN_TEXT, COLUMN_BOTH },
        { N_("UNTIL"), "until", NULL, COLUMN_TIME, COLUMN_BOTH },
};

static ExitStatus take_words(Unlock *unlock, int argc, char **argv) {
        int n_max = unlock->list ? 1 : 2, n_min = unlock->list ? 0 : 1, n = argc - optind;
        ExitStatus status = STATUS_OK;

        if (n < n_min || n > n_max || (unlock->json && !unlock->list))
                return complain_usage(
                        "unlock", "a user, or a user and a place, or --list is needed");
        if (n > 0)
                status = take_text("unlock", "USER", argv[optind], &unlock->user);
        if (status == STATUS_OK && n > 1)
                status = take_text("unlock", "PLACE", argv[optind + 1], &unlock->place);
        /* An empty place, for example from an unset variable, would mean everywhere. */
        if (status == STATUS_OK && unlock->place && !*unlock->place)
                return complain_usage("unlock", "PLACE is empty");
        return status;
}

static ExitStatus parse(Unlock *unlock, int argc, char **argv) {
        int option;

        optind = 0;
        while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
                switch ((Option)option) {
                case OPTION_LIST:
                        unlock->list = true;
                        break;
                case OPTION_JSON:
                        unlock->json = true;
                        break;
                case OPTION_HELP:
                        unlock->help = true;
                        return STATUS_OK;
                case OPTION_UNKNOWN:
                        return point_to_help("unlock");
                }
        }
        return take_words(unlock, argc, argv);
}

static ExitStatus lift(const CommandLine *line, const Unlock *unlock) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        ExitStatus status;
        uint32_t n_lifted;
        int r;

        status = bus_client_ask(line, &(BusCall){ "LiftLockOut", N_("unlock"), CALL_SHORT }, &reply,
                "ss", unlock->user, STRING_OR_EMPTY(unlock->place));
        if (status != STATUS_OK)
                return status;
        r = sd_bus_message_read(reply, "u", &n_lifted);
        if (r < 0)
                return bus_client_broken("read the answer", r);
        if (n_lifted == 0 && warn_of_unknown_user(unlock->user))
                return STATUS_NOT_FOUND;
        printf(_n("%u lock-out lifted\n", "%u lock-outs lifted\n", n_lifted), n_lifted);
        return finish_output();
}

static ExitStatus ask(const Unlock *unlock, sd_bus *bus, Dictionary **ret_lock_outs) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        ExitStatus status;
        int r;

        status = bus_client_prepare(bus, "ListLockOuts", &call);
        if (status != STATUS_OK)
                return status;
        r = bus_client_append_filter(call, unlock->user, NULL, NULL);
        if (r < 0)
                return bus_client_broken("compose the call", r);
        status = bus_client_call(call, "list lock-outs", CALL_SHORT, &reply);
        if (status != STATUS_OK)
                return status;
        r = dictionary_read_all(reply, ret_lock_outs);
        return r < 0 ? bus_client_broken("read the answer", r) : STATUS_OK;
}

static ExitStatus show(const CommandLine *line, const Unlock *unlock) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(dictionary_freep) Dictionary *lock_outs = NULL;
        _cleanup_(table_freep) Table *table = NULL;
        ExitStatus status;
        int r;

        status = bus_client_open(line, &bus);
        if (status == STATUS_OK)
                status = ask(unlock, bus, &lock_outs);
        if (status != STATUS_OK)
                return status;
        if (!lock_outs && unlock->user && warn_of_unknown_user(unlock->user))
                return STATUS_NOT_FOUND;
        r = table_new("lock_outs", columns, ARRAY_SIZE(columns),
                unlock->json ? TABLE_JSON : TABLE_PLAIN, &table);
        for (const Dictionary *row = lock_outs; row && r >= 0; row = dictionary_next(row))
                r = table_add(table, row, NULL);
        return r < 0 ? bus_client_broken("show the lock-outs", r) : table_print(table);
}

ExitStatus unlock_main(const CommandLine *line, int argc, char **argv) {
        Unlock unlock = { 0 };
        ExitStatus status;

        status = parse(&unlock, argc, argv);
        if (status != STATUS_OK)
                return status;
        if (unlock.help)
                return show_help(help);
        return unlock.list ? show(line, &unlock) : lift(line, &unlock);
}
