/* SPDX-License-Identifier: MIT */

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/bus-client.h"
#include "cli/keys.h"
#include "common/cleanup.h"
#include "common/translation.h"

typedef enum Option {
        OPTION_ALG = 256,
        OPTION_STAGE,
        OPTION_HELP = 'h',
        OPTION_UNKNOWN = '?',
} Option;

static const struct option rotate_options[] = {
        { "alg", required_argument, NULL, OPTION_ALG },
        { "stage", no_argument, NULL, OPTION_STAGE },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
};

static const struct option use_options[] = {
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
};

static const char help[] =
        N_("Usage: authtokenctl keys rotate [--alg ALG] [--stage]\n"
           "       authtokenctl keys use KID\n\n"
           "Let another key sign, and print its id. The one before verifies until nothing that\n"
           "it signed can be valid, and is removed then.\n\n"
           "  rotate      make a new key and let it sign\n"
           "  use KID     let this key sign, which is there\n"
           "  --alg ALG   of the new key, instead of Algorithm= of the daemon's configuration\n"
           "  --stage     the new key verifies, but does not sign yet: for a fleet, where every\n"
           "              host has to know it first\n"
           "  -h, --help  this text\n");

typedef struct Rotate {
        const char *algorithm, *kid;
        bool stage, help;
} Rotate;

static ExitStatus parse(Rotate *rotate, int argc, char **argv) {
        bool is_use = strcmp(argv[0], "use") == 0;
        int option;

        optind = 0;
        while ((option = getopt_long(
                        argc, argv, "h", is_use ? use_options : rotate_options, NULL)) != -1) {
                ExitStatus status = STATUS_OK;

                if (option == OPTION_HELP)
                        rotate->help = true;
                else if (option == OPTION_STAGE)
                        rotate->stage = true;
                else if (option == OPTION_ALG)
                        status = take_text("keys rotate", "--alg", optarg, &rotate->algorithm);
                else
                        return point_to_help("keys rotate");
                if (status != STATUS_OK || rotate->help)
                        return status;
        }
        if (argc - optind != is_use)
                return complain_usage("keys rotate",
                        is_use ? "exactly one key id is needed" : "no arguments are taken");
        return is_use ? take_text("keys rotate", "KID", argv[optind], &rotate->kid) : STATUS_OK;
}

static int append_options(sd_bus_message *call, const Rotate *rotate) {
        int r;

        r = sd_bus_message_open_container(call, 'a', "{sv}");
        if (r >= 0 && rotate->algorithm)
                r = sd_bus_message_append(call, "{sv}", "algorithm", "s", rotate->algorithm);
        if (r >= 0 && rotate->kid)
                r = sd_bus_message_append(call, "{sv}", "kid", "s", rotate->kid);
        if (r >= 0 && rotate->stage)
                r = sd_bus_message_append(call, "{sv}", "stage", "b", 1);
        return r < 0 ? r : sd_bus_message_close_container(call);
}

ExitStatus keys_rotate_main(const CommandLine *line, int argc, char **argv) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        Rotate rotate = { 0 };
        ExitStatus status;
        const char *kid;
        int r;

        status = parse(&rotate, argc, argv);
        if (status != STATUS_OK)
                return status;
        if (rotate.help)
                return show_help(help);
        status = bus_client_open(line, &bus);
        if (status == STATUS_OK)
                status = bus_client_prepare(bus, "RotateKey", &call);
        if (status != STATUS_OK)
                return status;
        r = append_options(call, &rotate);
        if (r < 0)
                return bus_client_broken("compose the call", r);
        status = bus_client_call(call, "change the signing key", CALL_SHORT, &reply);
        if (status != STATUS_OK)
                return status;
        r = sd_bus_message_read(reply, "s", &kid);
        if (r < 0)
                return bus_client_broken("read the answer", r);
        puts(kid);
        return finish_output();
}
