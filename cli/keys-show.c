/* SPDX-License-Identifier: MIT */

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/bus-client.h"
#include "cli/keys.h"
#include "cli/table.h"
#include "common/translation.h"
#include "daemon/token/key-directory.h"
#include "daemon/token/key-listing.h"
#include "daemon/token/keyring-refresh.h"

typedef enum Option {
        OPTION_JSON = 256,
        OPTION_DIRECTORY,
        OPTION_HELP = 'h',
        OPTION_UNKNOWN = '?',
} Option;

static const struct option options[] = {
        /* The first is for the list only. */
        { "json", no_argument, NULL, OPTION_JSON },
        { "directory", required_argument, NULL, OPTION_DIRECTORY },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
};

static const char help[] =
        N_("Usage: authtokenctl keys (list [--json] | jwks) [--directory DIR]\n\n"
           "  list             show the daemon's keys, without their secrets\n"
           "  jwks             print the public keys as a JSON Web Key Set, for\n"
           "                   other hosts and for authtokenctl verify\n"
           "  --json           the list as JSON\n"
           "  --directory DIR  the keys in there, without a daemon\n"
           "  -h, --help       this text\n");

static const Column columns[] = {
        { N_("KID"), "kid", NULL, COLUMN_TEXT, COLUMN_BOTH },
        { N_("ALGORITHM"), "algorithm", NULL, COLUMN_TEXT, COLUMN_BOTH },
        { N_("STATE"), "state", NULL, COLUMN_TEXT, COLUMN_BOTH },
        { N_("VERIFIES_UNTIL"), "verifies_until", NULL, COLUMN_TIME, COLUMN_BOTH },
        { N_("FILE"), "file", NULL, COLUMN_TEXT, COLUMN_BOTH },
        { "SIGNING", "signing", NULL, COLUMN_FLAG, COLUMN_JSON_ONLY },
        { "PRIVATE", "private", NULL, COLUMN_FLAG, COLUMN_JSON_ONLY },
        { "THUMBPRINT", "thumbprint", NULL, COLUMN_TEXT, COLUMN_JSON_ONLY },
};

typedef struct Show {
        const char *directory;
        TableForm form;
        bool help;
} Show;

static ExitStatus ask(const CommandLine *line, const char *method, sd_bus_message **ret_reply) {
        const BusCall question = { method, N_("ask for the keys"), CALL_SHORT };

        return bus_client_ask(line, &question, ret_reply, NULL);
}

static ExitStatus load(const char *directory, Keyring **ret_keyring) {
        const KeyDirectoryRules rules = {
                .directory = directory,
                .now_sec = (uint64_t)time(NULL),
                .any_owner = true,
        };
        KeyFault fault;
        int r;

        r = key_directory_load(&rules, ret_keyring, &fault);
        /* The configuration says which of them signs. */
        if (r == KEY_E_SEVERAL_SIGNING || r == KEY_E_SEVERAL_REFRESH)
                r = key_directory_load_all(&rules, ret_keyring, &fault);
        if (r == 0)
                return STATUS_OK;
        complain("%s", fault.text);
        return STATUS_FAILED;
}

static int describe(const Key *key, const char *state, uint64_t end_sec, Dictionary *row) {
        bool is_private = key_may_sign(key) || key_secret(key);
        const struct {
                const char *name, *text;
        } texts[] = {
                { "kid", key_kid(key) },
                { "algorithm", key_algorithm(key) ? key_algorithm(key)->name : NULL },
                { "state", state },
                { "file", key_listing_file(key) },
                { "thumbprint", key_thumbprint(key) },
                { "signing", strcmp(state, "signing") ? "0" : "1" },
                { "private", is_private ? "1" : "0" },
        };
        char number[24];
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(texts) && r == 0; i++)
                if (texts[i].text && *texts[i].text)
                        r = dictionary_set(row, texts[i].name, texts[i].text);
        if (r == 0 && end_sec) {
                snprintf(number, sizeof(number), "%" PRIu64, end_sec);
                r = dictionary_set(row, "verifies_until", number);
        }
        return r;
}

static int add_key(Table *table, const Key *key, const char *state, uint64_t end_sec) {
        _cleanup_(dictionary_freep) Dictionary *row = NULL;
        int r;

        r = dictionary_new(&row);
        if (r >= 0)
                r = describe(key, state, end_sec, row);
        return r < 0 ? r : table_add(table, row, NULL);
}

static ExitStatus list_directory(const Keyring *keyring, TableForm form) {
        _cleanup_(table_freep) Table *table = NULL;
        int r;

        r = table_new("keys", columns, ARRAY_SIZE(columns), form, &table);
        for (size_t i = 0; i < keyring_size(keyring) && r >= 0; i++)
                r = add_key(table, keyring_at(keyring, i), key_listing_state(keyring, i),
                        keyring_end_sec(keyring, i));
        for (size_t i = 0; i < keyring_refresh_size(keyring) && r >= 0; i++)
                r = add_key(table, keyring_refresh_at(keyring, i), KEY_LISTING_REFRESH, 0);
        return r < 0 ? bus_client_broken("show the keys", r) : table_print(table);
}

static ExitStatus list_daemon(const CommandLine *line, TableForm form) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(dictionary_freep) Dictionary *keys = NULL;
        _cleanup_(table_freep) Table *table = NULL;
        ExitStatus status;
        int r;

        status = ask(line, "ListKeys", &reply);
        if (status != STATUS_OK)
                return status;
        r = dictionary_read_all(reply, &keys);
        if (r >= 0)
                r = table_new("keys", columns, ARRAY_SIZE(columns), form, &table);
        for (const Dictionary *key = keys; key && r >= 0; key = dictionary_next(key))
                r = table_add(table, key, NULL);
        return r < 0 ? bus_client_broken("show the keys", r) : table_print(table);
}

static ExitStatus jwks_directory(const Keyring *keyring) {
        _cleanup_(freep) char *jwks = NULL;
        int r;

        r = keyring_jwks(keyring, &jwks);
        if (r < 0)
                return bus_client_broken("show the keys", r);
        puts(jwks);
        return finish_output();
}

static ExitStatus jwks_daemon(const CommandLine *line) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        ExitStatus status;
        const char *jwks;
        int r;

        status = ask(line, "GetJWKS", &reply);
        if (status != STATUS_OK)
                return status;
        r = sd_bus_message_read(reply, "s", &jwks);
        if (r < 0)
                return bus_client_broken("read the answer", r);
        puts(jwks);
        return finish_output();
}

static ExitStatus parse(Show *show, int argc, char **argv) {
        bool is_list = strcmp(argv[0], "list") == 0;
        int option;

        optind = 0;
        while ((option = getopt_long(argc, argv, "h", is_list ? options : options + 1, NULL)) !=
                -1) {
                ExitStatus status = STATUS_OK;

                if (option == OPTION_HELP)
                        show->help = true;
                else if (option == OPTION_JSON)
                        show->form = TABLE_JSON;
                else if (option == OPTION_DIRECTORY)
                        status = take_argument("keys", "--directory", optarg, &show->directory);
                else
                        return point_to_help("keys");
                if (status != STATUS_OK)
                        return status;
        }
        return argc > optind ? complain_usage("keys", "no arguments are taken") : STATUS_OK;
}

ExitStatus keys_show_main(const CommandLine *line, int argc, char **argv) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        bool is_list = strcmp(argv[0], "list") == 0;
        Show show = { .form = TABLE_PLAIN };
        ExitStatus status;

        status = parse(&show, argc, argv);
        if (status != STATUS_OK)
                return status;
        if (show.help)
                return show_help(help);
        if (!show.directory)
                return is_list ? list_daemon(line, show.form) : jwks_daemon(line);
        status = load(show.directory, &keyring);
        if (status != STATUS_OK)
                return status;
        return is_list ? list_directory(keyring, show.form) : jwks_directory(keyring);
}
