/* SPDX-License-Identifier: MIT */

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "cli/bus-client.h"
#include "cli/token-input.h"
#include "common/cleanup.h"

/* Text is borrowed from the arguments. */
typedef struct Revoke {
        const char *user, *session, *token_file, *jti;
        const char *reason;
        bool help;
} Revoke;

typedef enum Option {
        OPTION_USER = 256,
        OPTION_SESSION,
        OPTION_TOKEN_FILE,
        OPTION_REASON,
        OPTION_HELP = 'h',
        OPTION_UNKNOWN = '?',
} Option;

static const struct option options[] = {
        { "user", required_argument, NULL, OPTION_USER },
        { "session", required_argument, NULL, OPTION_SESSION },
        { "token-file", required_argument, NULL, OPTION_TOKEN_FILE },
        { "reason", required_argument, NULL, OPTION_REASON },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
};

static const char help[] =
        "Usage: authtokenctl revoke [OPTION]... (--user USER | --session ID | --token-file FILE | "
        "JTI)\n\n"
        "End sessions: their tokens are good for nothing from now on, and the logins that\n"
        "they opened end right after. See also: authtokenctl kick --help\n\n"
        "  --user USER        all sessions of USER\n"
        "  --session ID       one session\n"
        "  --token-file FILE  the session of the token in FILE; - is standard input\n"
        "  JTI                the session of the token with this id\n"
        "  --reason TEXT      for the journal\n"
        "  -h, --help         this text\n";

static ExitStatus set_option(Revoke *revoke, Option option) {
        switch (option) {
        case OPTION_USER:
                return take_text("revoke", "--user", optarg, &revoke->user);
        case OPTION_SESSION:
                return take_text("revoke", "--session", optarg, &revoke->session);
        case OPTION_TOKEN_FILE:
                return take_argument("revoke", "--token-file", optarg, &revoke->token_file);
        case OPTION_REASON:
                return take_text("revoke", "--reason", optarg, &revoke->reason);
        case OPTION_HELP:
                revoke->help = true;
                return STATUS_OK;
        case OPTION_UNKNOWN:
                break;
        }
        return point_to_help("revoke");
}

static ExitStatus parse(Revoke *revoke, int argc, char **argv) {
        ExitStatus status;
        int option;

        optind = 0;
        while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
                status = set_option(revoke, (Option)option);
                if (status != STATUS_OK || revoke->help)
                        return status;
        }
        if (argc - optind + !!revoke->user + !!revoke->session + !!revoke->token_file != 1)
                return complain_usage("revoke",
                        "exactly one of --user, --session, --token-file and JTI is needed");
        status = argc > optind ? take_text("revoke", "JTI", argv[optind], &revoke->jti) : STATUS_OK;
        if (status != STATUS_OK)
                return status;
        if (revoke->jti && token_input_is_token(revoke->jti))
                return complain_usage("revoke",
                        "that is a token, and every user of this host can read arguments: "
                        "use --token-file");
        return STATUS_OK;
}

static ExitStatus compose(const Revoke *revoke, sd_bus *bus, sd_bus_message **ret_call) {
        _cleanup_(secret_freep) Secret *token = NULL;
        const char *method = "RevokeToken", *subject = revoke->jti;
        ExitStatus status;
        int r;

        if (revoke->user) {
                method = "RevokeUser";
                subject = revoke->user;
        } else if (revoke->session) {
                method = "RevokeSession";
                subject = revoke->session;
        } else if (revoke->token_file) {
                status = token_input_read(revoke->token_file, &token);
                if (status != STATUS_OK)
                        return status;
                subject = token->data;
        }
        status = bus_client_prepare(bus, method, ret_call);
        if (status != STATUS_OK)
                return status;
        r = sd_bus_message_append(*ret_call, "ss", subject, STRING_OR_EMPTY(revoke->reason));
        return r < 0 ? bus_client_broken("compose the call", r) : STATUS_OK;
}

static ExitStatus tell(const Revoke *revoke, sd_bus_message *reply) {
        uint32_t n_revoked = 1;
        int r;

        if (revoke->user) {
                r = sd_bus_message_read(reply, "u", &n_revoked);
                if (r < 0)
                        return bus_client_broken("read the answer", r);
                if (warn_of_unknown_user(revoke->user) && n_revoked == 0)
                        return STATUS_NOT_FOUND;
        }
        printf("%" PRIu32 " %s revoked\n", n_revoked, n_revoked == 1 ? "session" : "sessions");
        return finish_output();
}

ExitStatus revoke_main(const CommandLine *line, int argc, char **argv) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        Revoke revoke = { 0 };
        ExitStatus status;

        status = parse(&revoke, argc, argv);
        if (status != STATUS_OK)
                return status;
        if (revoke.help) {
                fputs(help, stdout);
                return finish_output();
        }
        status = bus_client_open(line, &bus);
        if (status == STATUS_OK)
                status = compose(&revoke, bus, &call);
        if (status == STATUS_OK)
                status = bus_client_call(call, "revoke", CALL_SHORT, &reply);
        return status == STATUS_OK ? tell(&revoke, reply) : status;
}
