/* SPDX-License-Identifier: MIT */

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "cli/bus-client.h"
#include "common/cleanup.h"
#include "common/text.h"
#include "common/translation.h"

typedef struct AdoptLine {
        bool confirm, help;
        const char *since;  /* borrowed from the arguments */
        uint64_t since_sec; /* 0: now */
} AdoptLine;

typedef enum Option {
        OPTION_CONFIRM = 256,
        OPTION_SINCE,
        OPTION_HELP = 'h',
        OPTION_UNKNOWN = '?',
} Option;

static const struct option options[] = {
        { "confirm", no_argument, NULL, OPTION_CONFIRM },
        { "since", required_argument, NULL, OPTION_SINCE },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
};

static const char help[] =
        N_("Usage: authtokenctl adopt --confirm [--since SECONDS]\n\n"
           "Let valid tokens without a session be adopted again, after the store was made new,\n"
           "emptied or set back. Tokens that were issued before are not.\n\n"
           "  --confirm        there is nothing else that it does\n"
           "  --since SECONDS  since 1970: take tokens that were issued after then; no session\n"
           "                   of theirs has ended unknown to the store\n"
           "  -h, --help       this text\n");

static ExitStatus set_option(AdoptLine *adopt, Option option) {
        switch (option) {
        case OPTION_CONFIRM:
                adopt->confirm = true;
                return STATUS_OK;
        case OPTION_SINCE:
                return take_argument("adopt", "--since", optarg, &adopt->since);
        case OPTION_HELP:
                adopt->help = true;
                return STATUS_OK;
        case OPTION_UNKNOWN:
                break;
        }
        return point_to_help("adopt");
}

static ExitStatus parse(AdoptLine *adopt, int argc, char **argv) {
        ExitStatus status;
        int option;

        optind = 0;
        while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
                status = set_option(adopt, (Option)option);
                if (status != STATUS_OK || adopt->help)
                        return status;
        }
        if (argc > optind || !adopt->confirm)
                return complain_usage("adopt", "--confirm is needed, and no argument");
        if (adopt->since &&
                (text_parse_u64(adopt->since, INT64_MAX, &adopt->since_sec) || !adopt->since_sec))
                return complain_usage("adopt", "--since is a time in seconds since 1970");
        return STATUS_OK;
}

static ExitStatus confirm(const CommandLine *line, const AdoptLine *adopt) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        BusCall question = { "ConfirmAdoption", N_("confirm"), CALL_SHORT };

        if (!adopt->since)
                return bus_client_ask(line, &question, &reply, NULL);
        question.method = "ConfirmAdoptionSince";
        return bus_client_ask(line, &question, &reply, "t", adopt->since_sec);
}

ExitStatus adopt_main(const CommandLine *line, int argc, char **argv) {
        AdoptLine adopt = { 0 };
        ExitStatus status;

        status = parse(&adopt, argc, argv);
        if (status != STATUS_OK)
                return status;
        if (adopt.help)
                return show_help(help);
        return confirm(line, &adopt);
}
