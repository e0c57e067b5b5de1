/* SPDX-License-Identifier: MIT */

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "cli/bus-client.h"
#include "cli/token-input.h"
#include "common/cleanup.h"
#include "common/translation.h"

/* Text is borrowed from the arguments. */
typedef struct Logout {
        const char *user, *session, *token_file;
        const char *platform, *device;
        bool help;
} Logout;

typedef enum Option {
        OPTION_SESSION = 256,
        OPTION_TOKEN_FILE,
        OPTION_PLATFORM,
        OPTION_DEVICE,
        OPTION_HELP = 'h',
        OPTION_UNKNOWN = '?',
} Option;

static const struct option options[] = {
        { "session", required_argument, NULL, OPTION_SESSION },
        { "token-file", required_argument, NULL, OPTION_TOKEN_FILE },
        { "platform", required_argument, NULL, OPTION_PLATFORM },
        { "device", required_argument, NULL, OPTION_DEVICE },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
};

static const char help[] = N_(
        "Usage: authtokenctl logout [USER] [--platform TEXT] [--device TEXT]\n"
        "       authtokenctl logout --session ID\n"
        "       authtokenctl logout [--token-file FILE]\n\n"
        "End sessions that are done with: their tokens are good for nothing from now on, and\n"
        "the logins that they opened end right after. Without anything it is the session of the\n"
        "token on standard input.\n\n"
        "  USER               all sessions of USER\n"
        "  --platform TEXT    those of this platform; your own without USER\n"
        "  --device TEXT      those of this device; likewise\n"
        "  --session ID       one session\n"
        "  --token-file FILE  the session of the token in FILE; - is standard input\n"
        "  -h, --help         this text\n");

static ExitStatus set_option(Logout *logout, Option option) {
        switch (option) {
        case OPTION_SESSION:
                return take_text("logout", "--session", optarg, &logout->session);
        case OPTION_TOKEN_FILE:
                return take_argument("logout", "--token-file", optarg, &logout->token_file);
        case OPTION_PLATFORM:
                return take_text("logout", "--platform", optarg, &logout->platform);
        case OPTION_DEVICE:
                return take_text("logout", "--device", optarg, &logout->device);
        case OPTION_HELP:
                logout->help = true;
                return STATUS_OK;
        case OPTION_UNKNOWN:
                break;
        }
        return point_to_help("logout");
}

static ExitStatus parse(Logout *logout, int argc, char **argv) {
        ExitStatus status;
        bool by_user;
        int option;

        optind = 0;
        while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
                status = set_option(logout, (Option)option);
                if (status != STATUS_OK || logout->help)
                        return status;
        }
        by_user = argc > optind || logout->platform || logout->device;
        if (argc - optind > 1 || by_user + !!logout->session + !!logout->token_file > 1)
                return complain_usage(
                        "logout", "one user with what narrows it, or --session, or --token-file");
        if (argc > optind)
                return take_text("logout", "USER", argv[optind], &logout->user);
        return by_user ? own_user("logout", &logout->user) : STATUS_OK;
}

static ExitStatus ask(const CommandLine *line, const Logout *logout, sd_bus_message **ret_reply) {
        BusCall question = { "RevokeToken", N_("log out"), CALL_SHORT };
        _cleanup_(secret_freep) Secret *token = NULL;
        ExitStatus status;

        if (logout->user) {
                question.method = "Logout";
                return bus_client_ask(line, &question, ret_reply, "sss", logout->user,
                        STRING_OR_EMPTY(logout->platform), STRING_OR_EMPTY(logout->device));
        }
        if (logout->session) {
                question.method = "RevokeSession";
                return bus_client_ask(line, &question, ret_reply, "ss", logout->session, "logout");
        }
        status = token_input_read(
                logout->token_file ? logout->token_file : "-", N_("Token: "), &token);
        if (status != STATUS_OK)
                return status;
        return bus_client_ask(line, &question, ret_reply, "ss", token->data, "logout");
}

static ExitStatus tell(const Logout *logout, sd_bus_message *reply) {
        uint32_t n_ended = 1;
        int r;

        if (logout->user) {
                r = sd_bus_message_read(reply, "u", &n_ended);
                if (r < 0)
                        return bus_client_broken("read the answer", r);
                if (n_ended == 0 && warn_of_unknown_user(logout->user))
                        return STATUS_NOT_FOUND;
        }
        printf(_n("%u session logged out\n", "%u sessions logged out\n", n_ended), n_ended);
        return finish_output();
}

ExitStatus logout_main(const CommandLine *line, int argc, char **argv) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Logout logout = { 0 };
        ExitStatus status;

        status = parse(&logout, argc, argv);
        if (status != STATUS_OK)
                return status;
        if (logout.help)
                return show_help(help);
        status = ask(line, &logout, &reply);
        return status == STATUS_OK ? tell(&logout, reply) : status;
}
