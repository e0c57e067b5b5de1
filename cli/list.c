/* SPDX-License-Identifier: MIT */

#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/bus-client.h"
#include "cli/table.h"

/* Text is borrowed from the arguments. */
typedef struct List {
        const char *user; /* NULL: everybody */
        bool all, json, help;
} List;

typedef enum Option {
        OPTION_ALL = 'a',
        OPTION_JSON = 256,
        OPTION_HELP = 'h',
        OPTION_UNKNOWN = '?',
} Option;

static const struct option options[] = {
        { "all", no_argument, NULL, OPTION_ALL },
        { "json", no_argument, NULL, OPTION_JSON },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
};

static const char help[] =
        "Usage: authtokenctl list [OPTION]... [USER]\n\n"
        "Show live sessions, and below each its logins on this host: those of USER, else\n"
        "your own, or everybody's if you are root.\n\n"
        "  -a, --all   everybody's\n"
        "  --json      everything that is known, as JSON; times are seconds since 1970\n"
        "  -h, --help  this text\n";

static const Column columns[] = {
        { "SESSION", "session", "service", COLUMN_TEXT, COLUMN_PLAIN_ONLY },
        { "SESSION", "session", NULL, COLUMN_TEXT, COLUMN_JSON_ONLY },
        { "SERVICE", "service", "service", COLUMN_TEXT, COLUMN_JSON_ONLY },
        { "LOGIN", NULL, "id", COLUMN_TEXT, COLUMN_JSON_ONLY },
        { "USER", "user", NULL, COLUMN_TEXT, COLUMN_BOTH },
        { "TENANT", "tenant", NULL, COLUMN_TEXT, COLUMN_JSON_ONLY },
        { "CREATED", "created", "opened", COLUMN_TIME, COLUMN_BOTH },
        { "SEEN", "last_seen", NULL, COLUMN_TIME, COLUMN_JSON_ONLY },
        { "EXPIRES", "expires", NULL, COLUMN_TIME, COLUMN_BOTH },
        { "TOKEN EXPIRES", "token_expires", NULL, COLUMN_TIME, COLUMN_PLAIN_ONLY },
        { "TOKEN_EXPIRES", "token_expires", NULL, COLUMN_TIME, COLUMN_JSON_ONLY },
        { "GENERATION", "generation", NULL, COLUMN_NUMBER, COLUMN_JSON_ONLY },
        { "PLATFORM", "platform", NULL, COLUMN_TEXT, COLUMN_BOTH },
        { "DEVICE", "device", NULL, COLUMN_TEXT, COLUMN_BOTH },
        { "SOURCE", "source", NULL, COLUMN_TEXT, COLUMN_JSON_ONLY },
        { "NAME", "name", NULL, COLUMN_TEXT, COLUMN_BOTH },
        { "AUDIENCE", "audience", NULL, COLUMN_LIST, COLUMN_JSON_ONLY },
        { "ROLES", "roles", NULL, COLUMN_LIST, COLUMN_BOTH },
        { "HOST", NULL, "host", COLUMN_TEXT, COLUMN_JSON_ONLY },
        { "LOGIND", NULL, "logind", COLUMN_TEXT, COLUMN_BOTH },
        { "LEADER", NULL, "leader", COLUMN_NUMBER, COLUMN_BOTH },
        /* A session has those of its newest login, which people see in the line below. */
        { "TTY", NULL, "tty", COLUMN_TEXT, COLUMN_PLAIN_ONLY },
        { "TTY", "tty", "tty", COLUMN_TEXT, COLUMN_JSON_ONLY },
        { "FROM", NULL, "rhost", COLUMN_TEXT, COLUMN_PLAIN_ONLY },
        { "FROM", "rhost", "rhost", COLUMN_TEXT, COLUMN_JSON_ONLY },
};

static ExitStatus set_option(List *list, Option option) {
        switch (option) {
        case OPTION_ALL:
                list->all = true;
                return STATUS_OK;
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

/* Somebody who may not see all sessions asks for those that are certainly allowed. */
static ExitStatus choose_own(List *list) {
        const struct passwd *entry;

        if (geteuid() == 0)
                return STATUS_OK;
        /* cppcheck-suppress getpwuidCalled ; there is one thread */
        entry = getpwuid(geteuid());
        if (!entry)
                return complain_usage(
                        "list", "your uid has no user name: name a user or use --all");
        list->user = entry->pw_name;
        return STATUS_OK;
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
        return list->all ? STATUS_OK : choose_own(list);
}

static int append_filter(sd_bus_message *call, const List *list) {
        if (list->user)
                return sd_bus_message_append(call, "a{sv}", 1, "user", "s", list->user);
        return sd_bus_message_append(call, "a{sv}", 0);
}

static ExitStatus ask(const CommandLine *line, const List *list, Dictionary **ret_sessions) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        ExitStatus status;
        int r;

        status = bus_client_open(line, &bus);
        if (status == STATUS_OK)
                status = bus_client_prepare(bus, "ListSessions", &call);
        if (status != STATUS_OK)
                return status;
        r = append_filter(call, list);
        if (r < 0)
                return bus_client_broken("compose the call", r);
        status = bus_client_call(call, "list sessions", CALL_SHORT, &reply);
        if (status != STATUS_OK)
                return status;
        r = dictionary_read_all(reply, ret_sessions);
        return r < 0 ? bus_client_broken("read the answer", r) : STATUS_OK;
}

static ExitStatus show(const List *list, const Dictionary *session) {
        _cleanup_(table_freep) Table *table = NULL;
        int r;

        r = table_new("sessions", columns, ARRAY_SIZE(columns),
                list->json ? TABLE_JSON : TABLE_PLAIN, &table);
        for (; session && r >= 0; session = dictionary_next(session))
                r = table_add(table, session, dictionary_list(session, "logins"));
        return r < 0 ? bus_client_broken("show the sessions", r) : table_print(table);
}

ExitStatus list_main(const CommandLine *line, int argc, char **argv) {
        _cleanup_(dictionary_freep) Dictionary *sessions = NULL;
        List list = { 0 };
        ExitStatus status;

        status = parse(&list, argc, argv);
        if (status != STATUS_OK)
                return status;
        if (list.help) {
                fputs(help, stdout);
                return finish_output();
        }
        status = ask(line, &list, &sessions);
        return status == STATUS_OK ? show(&list, sessions) : status;
}
