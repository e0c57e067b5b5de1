/* SPDX-License-Identifier: MIT */

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/bus-client.h"
#include "cli/table.h"
#include "common/translation.h"

/* Text is borrowed from the arguments. */
typedef struct List {
        const char *user; /* NULL: everybody */
        const char *platform, *device;
        bool all, count, json, help;
} List;

typedef enum Option {
        OPTION_ALL = 'a',
        OPTION_JSON = 256,
        OPTION_COUNT,
        OPTION_PLATFORM,
        OPTION_DEVICE,
        OPTION_HELP = 'h',
        OPTION_UNKNOWN = '?',
} Option;

static const struct option options[] = {
        { "all", no_argument, NULL, OPTION_ALL },
        { "count", no_argument, NULL, OPTION_COUNT },
        { "platform", required_argument, NULL, OPTION_PLATFORM },
        { "device", required_argument, NULL, OPTION_DEVICE },
        { "json", no_argument, NULL, OPTION_JSON },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
};

static const char help[] =
        N_("Usage: authtokenctl list [OPTION]... [USER]\n\n"
           "Show live sessions, and below each its logins on all hosts: those of USER, else\n"
           "your own, or everybody's if you are root.\n\n"
           "  -a, --all        everybody's\n"
           "  --platform TEXT  only sessions of this platform\n"
           "  --device TEXT    only sessions of this device\n"
           "  --count          how many there are\n"
           "  --json           everything that is known, as JSON; times are seconds since 1970\n"
           "  -h, --help       this text\n");

static const Column columns[] = {
        { N_("SESSION"), "session", "service", COLUMN_TEXT, COLUMN_PLAIN_ONLY },
        { "SESSION", "session", NULL, COLUMN_TEXT, COLUMN_JSON_ONLY },
        { "SERVICE", "service", "service", COLUMN_TEXT, COLUMN_JSON_ONLY },
        { "LOGIN", NULL, "id", COLUMN_TEXT, COLUMN_JSON_ONLY },
        { N_("USER"), "user", NULL, COLUMN_TEXT, COLUMN_BOTH },
        { "TENANT", "tenant", NULL, COLUMN_TEXT, COLUMN_JSON_ONLY },
        { N_("CREATED"), "created", "opened", COLUMN_TIME, COLUMN_BOTH },
        { N_("SEEN"), "last_seen", NULL, COLUMN_TIME, COLUMN_BOTH },
        { N_("EXPIRES"), "expires", NULL, COLUMN_TIME, COLUMN_BOTH },
        { N_("TOKEN EXPIRES"), "token_expires", NULL, COLUMN_TIME, COLUMN_PLAIN_ONLY },
        { "TOKEN_EXPIRES", "token_expires", NULL, COLUMN_TIME, COLUMN_JSON_ONLY },
        { "GENERATION", "generation", NULL, COLUMN_NUMBER, COLUMN_JSON_ONLY },
        { N_("PLATFORM"), "platform", NULL, COLUMN_TEXT, COLUMN_BOTH },
        { N_("DEVICE"), "device", NULL, COLUMN_TEXT, COLUMN_BOTH },
        { "SOURCE", "source", NULL, COLUMN_TEXT, COLUMN_JSON_ONLY },
        { N_("NAME"), "name", NULL, COLUMN_TEXT, COLUMN_BOTH },
        { N_("ADDRESS"), "client_address", NULL, COLUMN_TEXT, COLUMN_BOTH },
        { N_("AGENT"), "user_agent", NULL, COLUMN_TEXT, COLUMN_BOTH },
        { "AUDIENCE", "audience", NULL, COLUMN_LIST, COLUMN_JSON_ONLY },
        { N_("ROLES"), "roles", NULL, COLUMN_LIST, COLUMN_BOTH },
        { N_("HOST"), NULL, "host", COLUMN_TEXT, COLUMN_BOTH },
        { "MACHINE", NULL, "machine", COLUMN_TEXT, COLUMN_JSON_ONLY },
        { "BOOT", NULL, "boot", COLUMN_TEXT, COLUMN_JSON_ONLY },
        { N_("LOGIND"), NULL, "logind", COLUMN_TEXT, COLUMN_BOTH },
        { N_("LEADER"), NULL, "leader", COLUMN_NUMBER, COLUMN_BOTH },
        /* For a session these are of its newest login, which people see in the line below. */
        { N_("TTY"), NULL, "tty", COLUMN_TEXT, COLUMN_PLAIN_ONLY },
        { "TTY", "tty", "tty", COLUMN_TEXT, COLUMN_JSON_ONLY },
        { N_("FROM"), NULL, "rhost", COLUMN_TEXT, COLUMN_PLAIN_ONLY },
        { "FROM", "rhost", "rhost", COLUMN_TEXT, COLUMN_JSON_ONLY },
};

static ExitStatus set_option(List *list, Option option) {
        switch (option) {
        case OPTION_ALL:
                list->all = true;
                return STATUS_OK;
        case OPTION_COUNT:
                list->count = true;
                return STATUS_OK;
        case OPTION_PLATFORM:
                return take_text("list", "--platform", optarg, &list->platform);
        case OPTION_DEVICE:
                return take_text("list", "--device", optarg, &list->device);
        case OPTION_JSON:
                list->json = true;
                return STATUS_OK;
        case OPTION_HELP:
                list->help = true;
                return STATUS_OK;
        case OPTION_UNKNOWN:
                break;
        }
        return point_to_help("list");
}

static ExitStatus parse(List *list, int argc, char **argv) {
        ExitStatus status;
        int option;

        optind = 0;
        while ((option = getopt_long(argc, argv, "ah", options, NULL)) != -1) {
                status = set_option(list, (Option)option);
                if (status != STATUS_OK || list->help)
                        return status;
        }
        if (argc - optind > 1 || (list->all && argc > optind))
                return complain_usage("list", "one user, or --all, or neither");
        if (argc > optind)
                return take_text("list", "USER", argv[optind], &list->user);
        /* A caller who may not see all sessions asks for their own, which are always allowed. */
        return list->all || geteuid() == 0 ? STATUS_OK : own_user("list", &list->user);
}

static ExitStatus ask(const CommandLine *line, const List *list, sd_bus_message **ret_reply) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        ExitStatus status;
        int r;

        status = bus_client_open(line, &bus);
        if (status == STATUS_OK)
                status = bus_client_prepare(
                        bus, list->count ? "CountSessions" : "ListSessions", &call);
        if (status != STATUS_OK)
                return status;
        r = bus_client_append_filter(call, list->user, list->platform, list->device);
        if (r < 0)
                return bus_client_broken("compose the call", r);
        return bus_client_call(call, "list sessions", CALL_SHORT, ret_reply);
}

/* No sessions is a valid answer, unless the name was mistyped. */
static bool is_nobody(const List *list) {
        return list->user && warn_of_unknown_user(list->user);
}

static ExitStatus show_count(const List *list, sd_bus_message *reply) {
        uint32_t n_sessions;
        int r;

        r = sd_bus_message_read(reply, "u", &n_sessions);
        if (r < 0)
                return bus_client_broken("read the answer", r);
        if (n_sessions == 0 && is_nobody(list))
                return STATUS_NOT_FOUND;
        printf(list->json ? "{\"count\": %" PRIu32 "}\n" : "%" PRIu32 "\n", n_sessions);
        return finish_output();
}

static ExitStatus show(const List *list, const Dictionary *session) {
        _cleanup_(table_freep) Table *table = NULL;
        int r;

        if (!session && is_nobody(list))
                return STATUS_NOT_FOUND;
        r = table_new("sessions", columns, ARRAY_SIZE(columns),
                list->json ? TABLE_JSON : TABLE_PLAIN, &table);
        for (; session && r >= 0; session = dictionary_next(session))
                r = table_add(table, session, dictionary_list(session, "logins"));
        return r < 0 ? bus_client_broken("show the sessions", r) : table_print(table);
}

ExitStatus list_main(const CommandLine *line, int argc, char **argv) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(dictionary_freep) Dictionary *sessions = NULL;
        List list = { 0 };
        ExitStatus status;
        int r;

        status = parse(&list, argc, argv);
        if (status != STATUS_OK)
                return status;
        if (list.help)
                return show_help(help);
        status = ask(line, &list, &reply);
        if (status != STATUS_OK)
                return status;
        if (list.count)
                return show_count(&list, reply);
        r = dictionary_read_all(reply, &sessions);
        return r < 0 ? bus_client_broken("read the answer", r) : show(&list, sessions);
}
