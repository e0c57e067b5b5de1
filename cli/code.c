/* SPDX-License-Identifier: MIT */

#include <getopt.h>
#include <stdio.h>

#include "cli/bus-client.h"
#include "cli/token-input.h"
#include "common/cleanup.h"
#include "common/translation.h"

/* Text is borrowed from the arguments. */
typedef struct Code {
        const char *user, *token_file;
        bool is_long, help;
} Code;

typedef enum Option {
        OPTION_LONG = 256,
        OPTION_USER,
        OPTION_HELP = 'h',
        OPTION_UNKNOWN = '?',
} Option;

static const struct option options[] = {
        { "long", no_argument, NULL, OPTION_LONG },
        { "user", required_argument, NULL, OPTION_USER },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
};

static const char help[] =
        N_("Usage: authtokenctl code [OPTION]... [FILE]\n\n"
           "Print a code that stands for the token in FILE, or on standard input. It can be\n"
           "typed at a login prompt instead of the token, once, within a minute.\n\n"
           "  --long       a longer code, to be pasted\n"
           "  --user USER  only if the token is USER's\n"
           "  -h, --help   this text\n");

static ExitStatus set_option(Code *code, Option option) {
        switch (option) {
        case OPTION_LONG:
                code->is_long = true;
                return STATUS_OK;
        case OPTION_USER:
                return take_text("code", "--user", optarg, &code->user);
        case OPTION_HELP:
                code->help = true;
                return STATUS_OK;
        case OPTION_UNKNOWN:
                break;
        }
        return point_to_help("code");
}

static ExitStatus parse(Code *code, int argc, char **argv) {
        ExitStatus status;
        int option;

        optind = 0;
        while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
                status = set_option(code, (Option)option);
                if (status != STATUS_OK || code->help)
                        return status;
        }
        code->token_file = argc > optind ? argv[optind] : "-";
        if (argc - optind > 1)
                return complain_usage("code", "at most one file is taken");
        if (token_input_is_token(code->token_file))
                return complain_usage("code",
                        "that is a token, and every user of this host can read arguments: "
                        "use a file or standard input");
        return STATUS_OK;
}

static int append_options(sd_bus_message *call, const Code *code) {
        int r;

        r = sd_bus_message_open_container(call, 'a', "{sv}");
        if (r >= 0 && code->is_long)
                r = sd_bus_message_append(call, "{sv}", "long", "b", 1);
        if (r >= 0 && code->user)
                r = sd_bus_message_append(call, "{sv}", "user", "s", code->user);
        return r < 0 ? r : sd_bus_message_close_container(call);
}

static ExitStatus compose(const Code *code, sd_bus *bus, sd_bus_message **ret_call) {
        _cleanup_(secret_freep) Secret *token = NULL;
        ExitStatus status;
        int r;

        status = token_input_read(code->token_file, N_("Token: "), &token);
        if (status == STATUS_OK)
                status = bus_client_prepare(bus, "CreateCode", ret_call);
        if (status != STATUS_OK)
                return status;
        r = sd_bus_message_append(*ret_call, "s", token->data);
        if (r >= 0)
                r = append_options(*ret_call, code);
        return r < 0 ? bus_client_broken("compose the call", r) : STATUS_OK;
}

ExitStatus code_main(const CommandLine *line, int argc, char **argv) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        Code code = { 0 };
        ExitStatus status;
        const char *text;
        int r;

        status = parse(&code, argc, argv);
        if (status != STATUS_OK)
                return status;
        if (code.help)
                return show_help(help);
        status = bus_client_open(line, &bus);
        if (status == STATUS_OK)
                status = compose(&code, bus, &call);
        if (status == STATUS_OK)
                status = bus_client_call(call, "make a code", CALL_SHORT, &reply);
        if (status != STATUS_OK)
                return status;
        r = sd_bus_message_read(reply, "s", &text);
        if (r < 0)
                return bus_client_broken("read the answer", r);
        puts(text);
        return finish_output();
}
