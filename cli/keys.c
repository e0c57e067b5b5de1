/* SPDX-License-Identifier: MIT */

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/bus-client.h"
#include "cli/table.h"

typedef enum Option {
        OPTION_JSON = 256,
        OPTION_HELP = 'h',
        OPTION_UNKNOWN = '?',
} Option;

static const struct option options[] = {
        { "json", no_argument, NULL, OPTION_JSON },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
};

static const char help[] = "Usage: authtokenctl keys (list [--json] | jwks)\n\n"
                           "  list        show the daemon's keys, without their secrets\n"
                           "  jwks        print the public keys as a JSON Web Key Set, for other\n"
                           "              hosts and for authtokenctl verify\n"
                           "  --json      the list as JSON\n"
                           "  -h, --help  this text\n";

static const Column columns[] = {
        { "KID", "kid", NULL, COLUMN_TEXT, COLUMN_BOTH },
        { "ALGORITHM", "algorithm", NULL, COLUMN_TEXT, COLUMN_BOTH },
        { "SIGNING", "signing", NULL, COLUMN_FLAG, COLUMN_BOTH },
        { "PRIVATE", "private", NULL, COLUMN_FLAG, COLUMN_BOTH },
        { "THUMBPRINT", "thumbprint", NULL, COLUMN_TEXT, COLUMN_BOTH },
};

static ExitStatus call(const CommandLine *line, const char *method, sd_bus_message **ret_reply) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        ExitStatus status;

        status = bus_client_open(line, &bus);
        if (status == STATUS_OK)
                status = bus_client_prepare(bus, method, &message);
        if (status == STATUS_OK)
                status = bus_client_call(message, "ask for the keys", CALL_SHORT, ret_reply);
        return status;
}

static ExitStatus show_list(const CommandLine *line, TableForm form) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(dictionary_freep) Dictionary *keys = NULL;
        _cleanup_(table_freep) Table *table = NULL;
        ExitStatus status;
        int r;

        status = call(line, "ListKeys", &reply);
        if (status != STATUS_OK)
                return status;
        r = dictionary_read_all(reply, &keys);
        if (r >= 0)
                r = table_new("keys", columns, ARRAY_SIZE(columns), form, &table);
        for (const Dictionary *key = keys; key && r >= 0; key = dictionary_next(key))
                r = table_add(table, key, NULL);
        return r < 0 ? bus_client_broken("show the keys", r) : table_print(table);
}

static ExitStatus show_jwks(const CommandLine *line) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        ExitStatus status;
        const char *jwks;
        int r;

        status = call(line, "GetJWKS", &reply);
        if (status != STATUS_OK)
                return status;
        r = sd_bus_message_read(reply, "s", &jwks);
        if (r < 0)
                return bus_client_broken("read the answer", r);
        puts(jwks);
        return finish_output();
}

ExitStatus keys_main(const CommandLine *line, int argc, char **argv) {
        TableForm form = TABLE_PLAIN;
        int option;

        optind = 0;
        while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
                if (option == OPTION_HELP) {
                        fputs(help, stdout);
                        return finish_output();
                }
                if (option != OPTION_JSON)
                        return point_to_help("keys");
                form = TABLE_JSON;
        }
        if (argc - optind == 1 && !strcmp(argv[optind], "list"))
                return show_list(line, form);
        if (argc - optind == 1 && !strcmp(argv[optind], "jwks"))
                return show_jwks(line);
        return complain_usage("keys", "list or jwks is needed");
}
