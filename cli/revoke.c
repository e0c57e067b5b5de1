/* SPDX-License-Identifier: MIT */

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/bus-client.h"
#include "cli/shown-user.h"
#include "cli/token-input.h"
#include "common/cleanup.h"
#include "common/text.h"
#include "common/translation.h"
#include "daemon/token/jti.h"

/* Text is borrowed from the arguments. */
typedef struct Revoke {
        const char *user, *session, *token_file, *jti;
        const char *platform, *device, *before, *reason;
        uint64_t before_sec; /* 0: now */
        bool all, lower, help;
} Revoke;

typedef enum Option {
        OPTION_USER = 256,
        OPTION_SESSION,
        OPTION_TOKEN_FILE,
        OPTION_PLATFORM,
        OPTION_DEVICE,
        OPTION_BEFORE,
        OPTION_LOWER,
        OPTION_ALL,
        OPTION_REASON,
        OPTION_HELP = 'h',
        OPTION_UNKNOWN = '?',
} Option;

static const struct option options[] = {
        { "user", required_argument, NULL, OPTION_USER },
        { "session", required_argument, NULL, OPTION_SESSION },
        { "token-file", required_argument, NULL, OPTION_TOKEN_FILE },
        { "platform", required_argument, NULL, OPTION_PLATFORM },
        { "device", required_argument, NULL, OPTION_DEVICE },
        { "before", required_argument, NULL, OPTION_BEFORE },
        { "lower", no_argument, NULL, OPTION_LOWER },
        { "all", no_argument, NULL, OPTION_ALL },
        { "reason", required_argument, NULL, OPTION_REASON },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
};

static const char help[] = N_(
        "Usage: authtokenctl revoke [OPTION]... (--user USER | --session ID | --token-file FILE | "
        "JTI | --all)\n\n"
        "End sessions: their tokens are good for nothing from now on, and the logins that\n"
        "they opened end right after. See also: authtokenctl kick --help\n\n"
        "  --user USER        all sessions of USER\n"
        "  --session ID       one session\n"
        "  --token-file FILE  the session of the token in FILE; - is standard input\n"
        "  JTI                the session of the token with this id\n"
        "  --platform TEXT    with --user: only sessions of this platform\n"
        "  --device TEXT      with --user: only sessions of this device\n"
        "  --before TIME      with --user: all that is older, and refuse it from now on; \"now\",\n"
        "                     @SECONDS since 1970, or \"YYYY-MM-DD HH:MM:SS\" local time\n"
        "  --lower            with --before now: back to it from a time that is ahead\n"
        "  --all              all sessions of all users of the tenant\n"
        "  --reason TEXT      for the journal\n"
        "  -h, --help         this text\n");

static ExitStatus set_option(Revoke *revoke, Option option) {
        switch (option) {
        case OPTION_USER:
                return take_text("revoke", "--user", optarg, &revoke->user);
        case OPTION_SESSION:
                return take_text("revoke", "--session", optarg, &revoke->session);
        case OPTION_TOKEN_FILE:
                return take_argument("revoke", "--token-file", optarg, &revoke->token_file);
        case OPTION_PLATFORM:
                return take_text("revoke", "--platform", optarg, &revoke->platform);
        case OPTION_DEVICE:
                return take_text("revoke", "--device", optarg, &revoke->device);
        case OPTION_BEFORE:
                return take_argument("revoke", "--before", optarg, &revoke->before);
        case OPTION_LOWER:
                revoke->lower = true;
                return STATUS_OK;
        case OPTION_ALL:
                revoke->all = true;
                return STATUS_OK;
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

/* Without a time of day a date begins at midnight. The 30th of February is none. */
static bool read_date(const char *text, uint64_t *ret_sec) {
        struct tm date = { .tm_isdst = -1 }, said;
        const char *rest;
        time_t sec;

        rest = strptime(text, "%Y-%m-%d", &date);
        if (rest && *rest)
                rest = strptime(rest, " %H:%M:%S", &date);
        if (!rest || *rest)
                return false;
        said = date;
        sec = mktime(&date);
        if (sec <= 0 || date.tm_mday != said.tm_mday || date.tm_mon != said.tm_mon)
                return false;
        *ret_sec = (uint64_t)sec;
        return true;
}

static ExitStatus take_time(Revoke *revoke) {
        const char *text = revoke->before;

        if (!text || !strcmp(text, "now"))
                return STATUS_OK;
        if (text[0] == '@' ? !text_parse_u64(text + 1, INT64_MAX, &revoke->before_sec) &&
                                     revoke->before_sec > 0
                           : read_date(text, &revoke->before_sec))
                return STATUS_OK;
        return complain_usage("revoke",
                "--before is \"now\", @SECONDS since 1970, or a date such as "
                "\"2026-01-31 12:00:00\"");
}

static ExitStatus check(const Revoke *revoke, int n_operands) {
        int n_subjects = n_operands + !!revoke->user + !!revoke->session + !!revoke->token_file +
                         revoke->all;

        if (n_subjects != 1)
                return complain_usage("revoke",
                        "exactly one of --user, --session, --token-file, JTI and --all is needed");
        if (!revoke->user && (revoke->platform || revoke->device || revoke->before))
                return complain_usage("revoke",
                        "--platform, --device and --before choose among the sessions of a user");
        if (revoke->before && (revoke->platform || revoke->device))
                return complain_usage("revoke", "--before takes neither --platform nor --device");
        if (revoke->lower && (!revoke->before || strcmp(revoke->before, "now") != 0))
                return complain_usage("revoke", "--lower takes --before now");
        return STATUS_OK;
}

/* A session id, a dot and a number; the id alone is just as clear. */
static bool is_jti(const char *text) {
        size_t size = strcspn(text, ".");
        const char *rest = text + size;

        if (size != SID_SIZE)
                return false;
        return *rest == '\0' ||
               (rest[1] != '\0' && rest[1 + strspn(rest + 1, "0123456789")] == '\0');
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
        status = check(revoke, argc - optind);
        if (status == STATUS_OK)
                status = take_time(revoke);
        if (status == STATUS_OK && argc > optind)
                status = take_text("revoke", "JTI", argv[optind], &revoke->jti);
        if (status != STATUS_OK)
                return status;
        if (revoke->jti && token_input_is_token(revoke->jti))
                return complain_usage("revoke",
                        "that is a token, and every user of this host can read arguments: "
                        "use --token-file");
        if (revoke->jti && !is_jti(revoke->jti))
                return complain_usage("revoke",
                        "'%s' is no id of a token: a user is named with --user, a session with "
                        "--session",
                        shown_user(revoke->jti));
        return STATUS_OK;
}

static ExitStatus prepared(int r) {
        return r < 0 ? bus_client_broken("compose the call", r) : STATUS_OK;
}

static int append_sessions(const Revoke *revoke, sd_bus_message *call) {
        int r;

        r = sd_bus_message_append(call, "s", revoke->user);
        if (r >= 0)
                r = bus_client_append_filter(call, NULL, revoke->platform, revoke->device);
        if (r >= 0)
                r = sd_bus_message_append(call, "s", STRING_OR_EMPTY(revoke->reason));
        return r;
}

/* The orders for several sessions, except all sessions of one user. */
static ExitStatus compose_many(const Revoke *revoke, sd_bus *bus, sd_bus_message **ret_call) {
        const char *method = "RevokeSessions", *reason = STRING_OR_EMPTY(revoke->reason);
        ExitStatus status;

        if (revoke->all)
                method = "RevokeAll";
        else if (revoke->lower)
                method = "LowerBefore";
        else if (revoke->before)
                method = "RevokeBefore";
        status = bus_client_prepare(bus, method, ret_call);
        if (status != STATUS_OK)
                return status;
        if (revoke->all)
                return prepared(sd_bus_message_append(*ret_call, "s", reason));
        if (revoke->lower)
                return prepared(sd_bus_message_append(*ret_call, "ss", revoke->user, reason));
        if (revoke->before)
                return prepared(sd_bus_message_append(
                        *ret_call, "sts", revoke->user, revoke->before_sec, reason));
        return prepared(append_sessions(revoke, *ret_call));
}

static ExitStatus compose(const Revoke *revoke, sd_bus *bus, sd_bus_message **ret_call) {
        _cleanup_(secret_freep) Secret *token = NULL;
        const char *method = "RevokeToken", *subject = revoke->jti;
        ExitStatus status;
        int r;

        if (revoke->all || revoke->before || revoke->platform || revoke->device)
                return compose_many(revoke, bus, ret_call);
        if (revoke->user) {
                method = "RevokeUser";
                subject = revoke->user;
        } else if (revoke->session) {
                method = "RevokeSession";
                subject = revoke->session;
        } else if (revoke->token_file) {
                status = token_input_read(revoke->token_file, N_("Token: "), &token);
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

        if (revoke->user || revoke->all) {
                r = sd_bus_message_read(reply, "u", &n_revoked);
                if (r < 0)
                        return bus_client_broken("read the answer", r);
                if (revoke->user && warn_of_unknown_user(revoke->user) && n_revoked == 0)
                        return STATUS_NOT_FOUND;
        }
        printf(_n("%u session revoked\n", "%u sessions revoked\n", n_revoked), n_revoked);
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
        if (revoke.help)
                return show_help(help);
        status = bus_client_open(line, &bus);
        if (status == STATUS_OK)
                status = compose(&revoke, bus, &call);
        if (status == STATUS_OK)
                status = bus_client_call(
                        call, "revoke", revoke.all ? CALL_ENDLESS : CALL_SHORT, &reply);
        return status == STATUS_OK ? tell(&revoke, reply) : status;
}
