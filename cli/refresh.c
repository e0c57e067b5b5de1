/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/bus-client.h"
#include "cli/pair-file.h"
#include "cli/token-input.h"
#include "cli/token-pair.h"
#include "common/cleanup.h"
#include "common/translation.h"

/* Text is borrowed from the arguments. */
typedef struct Refresh {
        const char *file;
        bool help;
} Refresh;

typedef enum Option {
        OPTION_FILE = 256,
        OPTION_HELP = 'h',
        OPTION_UNKNOWN = '?',
} Option;

static const struct option options[] = {
        { "file", required_argument, NULL, OPTION_FILE },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
};

static const char help[] =
        N_("Usage: authtokenctl refresh [--file FILE]\n\n"
           "Exchange a refresh token for the session's next pair of tokens. The old refresh token\n"
           "is good once more for RefreshGrace=; after that, using it ends the session.\n\n"
           "  --file FILE  a pair as written by 'issue --pair': replace it by the next one, and\n"
           "               print the access token; without it, read a refresh token from standard\n"
           "               input and print the next pair as JSON\n"
           "  -h, --help   this text\n");

static ExitStatus set_option(Refresh *refresh, Option option) {
        switch (option) {
        case OPTION_FILE:
                return take_argument("refresh", "--file", optarg, &refresh->file);
        case OPTION_HELP:
                refresh->help = true;
                return STATUS_OK;
        case OPTION_UNKNOWN:
                break;
        }
        return point_to_help("refresh");
}

static ExitStatus parse(Refresh *refresh, int argc, char **argv) {
        ExitStatus status;
        int option;

        optind = 0;
        while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
                status = set_option(refresh, (Option)option);
                if (status != STATUS_OK || refresh->help)
                        return status;
        }
        if (argc > optind)
                return complain_usage("refresh", "there are no arguments: a token would be seen by "
                                                 "every user of this host");
        return STATUS_OK;
}

static ExitStatus refresh_file(const CommandLine *line, const char *path) {
        _cleanup_(token_pair_clear) TokenPair old = { 0 }, next = { 0 };
        _cleanup_(pair_file_close) PairFile file = { .fd = -1 };
        ExitStatus status;

        status = pair_file_open(path, &file, &old);
        if (status == STATUS_OK)
                status = pair_file_make_room(&file);
        if (status == STATUS_OK)
                status = token_pair_renew(line, old.refresh, &next);
        /* On disk before anybody uses it: if the new refresh token were used and then lost, the
         * old one would count as stolen. */
        if (status == STATUS_OK)
                status = pair_file_replace(&file, &next);
        if (status != STATUS_OK)
                return status;
        puts(next.access->data);
        return finish_output();
}

static ExitStatus refresh_input(const CommandLine *line) {
        _cleanup_(token_pair_clear) TokenPair next = { 0 };
        _cleanup_(secret_freep) Secret *token = NULL, *text = NULL;
        ExitStatus status;
        int r;

        status = token_input_read("-", N_("Refresh token: "), &token);
        if (status == STATUS_OK)
                status = token_pair_renew(line, token, &next);
        if (status != STATUS_OK)
                return status;
        r = token_pair_format(&next, &text);
        if (r < 0)
                return bus_client_broken("show the tokens", r);
        fputs(text->data, stdout);
        return finish_output();
}

ExitStatus refresh_main(const CommandLine *line, int argc, char **argv) {
        Refresh refresh = { 0 };
        ExitStatus status;

        status = parse(&refresh, argc, argv);
        if (status != STATUS_OK)
                return status;
        if (refresh.help)
                return show_help(help);
        return refresh.file ? refresh_file(line, refresh.file) : refresh_input(line);
}
