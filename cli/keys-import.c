/* SPDX-License-Identifier: MIT */

#include <getopt.h>
#include <stdio.h>
#include <time.h>

#include "cli/bus-client.h"
#include "cli/keys-input.h"
#include "cli/keys.h"
#include "common/translation.h"
#include "daemon/token/key-import.h"

typedef enum Option {
        OPTION_DIRECTORY = 256,
        OPTION_HELP = 'h',
        OPTION_UNKNOWN = '?',
} Option;

static const struct option options[] = {
        { "directory", required_argument, NULL, OPTION_DIRECTORY },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
};

static const char help[] = N_(
        "Usage: authtokenctl keys import [--directory DIR] FILE\n\n"
        "Add the keys of FILE, a JWK, a JWK Set or PEM, private or public, to the daemon's keys,\n"
        "tell the daemon to read them, and print their ids. A private key does not sign where\n"
        "another one does: see 'authtokenctl keys use'. FILE may be - for standard input.\n\n"
        "  --directory DIR  add them to this directory, and leave the daemon alone\n"
        "  -h, --help       this text\n");

typedef struct Import {
        const char *directory, *file; /* no file: the help is asked for */
} Import;

static ExitStatus parse(Import *import, int argc, char **argv) {
        int option;

        optind = 0;
        while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
                ExitStatus status;

                if (option == OPTION_HELP)
                        return STATUS_OK;
                if (option != OPTION_DIRECTORY)
                        return point_to_help("keys import");
                status = take_argument("keys import", "--directory", optarg, &import->directory);
                if (status != STATUS_OK)
                        return status;
        }
        if (argc - optind != 1 || !argv[optind])
                return complain_usage("keys import", "exactly one file is needed");
        return take_argument("keys import", "FILE", argv[optind], &import->file);
}

/* The owner of the file does not matter: only who may write to the directory does. */
static ExitStatus read_keys(const char *file, Keyring **ret_keyring) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        KeyFault fault = { "out of memory" };
        int r;

        r = keyring_new(&keyring);
        if (r == 0)
                r = keys_input_load(file, keyring, &fault);
        if (r) {
                complain("%s", fault.text);
                return STATUS_FAILED;
        }
        *ret_keyring = TAKE_PTR(keyring);
        return STATUS_OK;
}

static ExitStatus put(const char *directory, const Keyring *keyring, KeyImport *ret_import) {
        const KeyDirectoryRules rules = {
                .directory = directory,
                .now_sec = (uint64_t)time(NULL),
                .any_owner = true,
        };
        KeyFault fault;

        if (key_import(&rules, keyring, ret_import, &fault) == 0)
                return STATUS_OK;
        complain("%s", fault.text);
        return STATUS_FAILED;
}

static ExitStatus tell(const KeyImport *import) {
        for (size_t i = 0; i < import->n_keys; i++) {
                const char *kid = key_kid(import->rows[i].key);

                if (import->rows[i].is_new)
                        puts(kid);
                else
                        complain("the key %s is there already", kid);
        }
        return finish_output();
}

static ExitStatus reload(const CommandLine *line) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        ExitStatus status;

        status = bus_client_open(line, &bus);
        if (status == STATUS_OK)
                status = bus_client_prepare(bus, "Reload", &call);
        if (status == STATUS_OK)
                status = bus_client_call(
                        call, "tell the daemon to read its keys", CALL_SHORT, &reply);
        if (status != STATUS_OK)
                complain(
                        "The keys are in place; the daemon reads them at its next start or reload");
        return status;
}

ExitStatus keys_import_main(const CommandLine *line, int argc, char **argv) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        Import import = { 0 };
        KeyImport done;
        ExitStatus status;

        status = parse(&import, argc, argv);
        if (status == STATUS_OK && !import.file)
                return show_help(help);
        if (status == STATUS_OK)
                status = read_keys(import.file, &keyring);
        if (status == STATUS_OK)
                status = put(import.directory ? import.directory : KEYS_DIRECTORY, keyring, &done);
        if (status == STATUS_OK)
                status = tell(&done);
        if (status != STATUS_OK || import.directory)
                return status;
        return reload(line);
}
