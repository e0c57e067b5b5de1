/* SPDX-License-Identifier: MIT */

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/pair-file.h"
#include "cli/token-pair.h"
#include "common/cleanup.h"
#include "common/time-span.h"
#include "common/translation.h"

#define USEC_PER_SEC       UINT64_C(1000000)
#define MARGIN_DEFAULT_SEC 300u

/* Text is borrowed from the arguments. */
typedef struct EnsureFresh {
        const char *file;
        uint64_t margin_sec;
        bool has_margin, help;
} EnsureFresh;

typedef enum Option {
        OPTION_FILE = 256,
        OPTION_MARGIN,
        OPTION_HELP = 'h',
        OPTION_UNKNOWN = '?',
} Option;

static const struct option options[] = {
        { "file", required_argument, NULL, OPTION_FILE },
        { "margin", required_argument, NULL, OPTION_MARGIN },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
};

static const char help[] = N_(
        "Usage: authtokenctl ensure-fresh --file FILE [--margin SPAN]\n\n"
        "Print an access token that is good for a while: the one in FILE, or, when it is good for\n"
        "less than SPAN, the session's next one, which FILE then holds. Several may run at "
        "once.\n\n"
        "  --file FILE    a pair as written by 'issue --pair'\n"
        "  --margin SPAN  5min, unless given\n"
        "  -h, --help     this text\n");

static ExitStatus set_margin(EnsureFresh *ensure) {
        uint64_t usec;

        if (ensure->has_margin)
                return complain_usage("ensure-fresh", "--margin is given twice");
        if (time_span_parse(optarg, &usec))
                return complain_usage(
                        "ensure-fresh", "--margin is a time span, such as 5min or 1h 30min");
        ensure->margin_sec = usec / USEC_PER_SEC;
        ensure->has_margin = true;
        return STATUS_OK;
}

static ExitStatus set_option(EnsureFresh *ensure, Option option) {
        switch (option) {
        case OPTION_FILE:
                return take_argument("ensure-fresh", "--file", optarg, &ensure->file);
        case OPTION_MARGIN:
                return set_margin(ensure);
        case OPTION_HELP:
                ensure->help = true;
                return STATUS_OK;
        case OPTION_UNKNOWN:
                break;
        }
        return point_to_help("ensure-fresh");
}

static ExitStatus parse(EnsureFresh *ensure, int argc, char **argv) {
        ExitStatus status;
        int option;

        optind = 0;
        while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
                status = set_option(ensure, (Option)option);
                if (status != STATUS_OK || ensure->help)
                        return status;
        }
        if (argc > optind || !ensure->file)
                return complain_usage("ensure-fresh", "--file is needed, and no argument");
        if (!ensure->has_margin)
                ensure->margin_sec = MARGIN_DEFAULT_SEC;
        return STATUS_OK;
}

static uint64_t left_sec(const TokenPair *pair) {
        uint64_t now_sec = (uint64_t)time(NULL);

        return pair->expires_at_sec > now_sec ? pair->expires_at_sec - now_sec : 0;
}

static ExitStatus print(const TokenPair *pair) {
        puts(pair->access->data);
        return finish_output();
}

static ExitStatus run(const CommandLine *line, const EnsureFresh *ensure) {
        _cleanup_(token_pair_clear) TokenPair old = { 0 }, next = { 0 };
        _cleanup_(pair_file_close) PairFile file = { .fd = -1 };
        ExitStatus status;
        bool has_room;

        status = pair_file_open(ensure->file, &file, &old);
        if (status != STATUS_OK)
                return status;
        if (left_sec(&old) >= ensure->margin_sec && left_sec(&old) > 0)
                return print(&old);
        status = pair_file_make_room(&file);
        has_room = status == STATUS_OK;
        if (has_room)
                status = token_pair_renew(line, old.refresh, &next);
        /* Nothing was refused, and the old token is good for a little while. */
        if ((status == STATUS_UNREACHABLE || status == STATUS_UNDECIDED || !has_room) &&
                left_sec(&old) > 0)
                return print(&old);
        /* On disk before anybody uses it: if the new refresh token were used and then lost, the
         * old one would count as stolen. */
        if (status == STATUS_OK)
                status = pair_file_replace(&file, &next);
        return status == STATUS_OK ? print(&next) : status;
}

ExitStatus ensure_fresh_main(const CommandLine *line, int argc, char **argv) {
        EnsureFresh ensure = { 0 };
        ExitStatus status;

        status = parse(&ensure, argc, argv);
        if (status != STATUS_OK)
                return status;
        if (ensure.help)
                return show_help(help);
        return run(line, &ensure);
}
