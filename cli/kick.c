/* SPDX-License-Identifier: MIT */

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/bus-client.h"
#include "common/cleanup.h"
#include "common/text.h"
#include "common/translation.h"

#define PLATFORMS_MAX 16u
#define TEXT_SIZE_MAX 256u /* what the daemon takes */

/* Text is borrowed from the arguments. */
typedef struct Kick {
        const char *user, *session;
        const char *platforms[PLATFORMS_MAX];
        size_t n_platforms;
        const char *device, *reason;
        bool help;
        bool is_nobody; /* a user whom neither this host nor the store knows */
        uint32_t n_calls, n_ended, n_failed;
} Kick;

typedef enum Option {
        OPTION_USER = 256,
        OPTION_SESSION,
        OPTION_PLATFORM,
        OPTION_DEVICE,
        OPTION_REASON,
        OPTION_HELP = 'h',
        OPTION_UNKNOWN = '?',
} Option;

static const struct option options[] = {
        { "user", required_argument, NULL, OPTION_USER },
        { "session", required_argument, NULL, OPTION_SESSION },
        { "platform", required_argument, NULL, OPTION_PLATFORM },
        { "device", required_argument, NULL, OPTION_DEVICE },
        { "reason", required_argument, NULL, OPTION_REASON },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
};

static const char help[] =
        N_("Usage: authtokenctl kick [OPTION]... (USER | --session ID)\n\n"
           "End sessions with their tokens and logins, and wait until the logins on this host\n"
           "are gone.\n\n"
           "  USER, --user USER  all sessions of USER\n"
           "  --session ID       one session\n"
           "  --platform TEXT    only sessions of this platform; may be repeated\n"
           "  --device TEXT      only sessions of this device\n"
           "  --reason TEXT      for the journal\n"
           "  -h, --help         this text\n\n"
           "The exit status is 1 if a login did not end.\n");

/* Checked here, because each platform is a call of its own: the daemon would find a fault in the second
 * one only after the first was kicked. */
static ExitStatus add_platform(Kick *kick) {
        const char **place = &kick->platforms[kick->n_platforms];
        size_t size = strlen(optarg);

        if (kick->n_platforms >= PLATFORMS_MAX)
                return complain_usage("kick", "more than %u times --platform", PLATFORMS_MAX);
        if (size == 0 || size > TEXT_SIZE_MAX ||
                (text_is_utf8(optarg, size) && text_has_control(optarg, size)))
                return complain_usage("kick",
                        "--platform is a text of 1 to %u bytes without control characters",
                        TEXT_SIZE_MAX);
        kick->n_platforms++;
        return take_text("kick", "--platform", optarg, place);
}

static ExitStatus set_option(Kick *kick, Option option) {
        switch (option) {
        case OPTION_USER:
                return take_text("kick", "--user", optarg, &kick->user);
        case OPTION_SESSION:
                return take_text("kick", "--session", optarg, &kick->session);
        case OPTION_PLATFORM:
                return add_platform(kick);
        case OPTION_DEVICE:
                return take_text("kick", "--device", optarg, &kick->device);
        case OPTION_REASON:
                return take_text("kick", "--reason", optarg, &kick->reason);
        case OPTION_HELP:
                kick->help = true;
                return STATUS_OK;
        case OPTION_UNKNOWN:
                break;
        }
        return point_to_help("kick");
}

static ExitStatus parse(Kick *kick, int argc, char **argv) {
        int n_subjects, option;
        ExitStatus status;

        optind = 0;
        while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
                status = set_option(kick, (Option)option);
                if (status != STATUS_OK || kick->help)
                        return status;
        }
        n_subjects = argc - optind + !!kick->user + !!kick->session;
        if (n_subjects != 1)
                return complain_usage("kick", "exactly one user or --session is needed");
        status = argc > optind ? take_text("kick", "USER", argv[optind], &kick->user) : STATUS_OK;
        if (status != STATUS_OK)
                return status;
        if (kick->session && (kick->n_platforms || kick->device))
                return complain_usage(
                        "kick", "--platform and --device choose among the sessions of a user");
        return STATUS_OK;
}

static int append_arguments(sd_bus_message *call, const Kick *kick, const char *platform) {
        int r;

        if (kick->session)
                return sd_bus_message_append(
                        call, "ss", kick->session, STRING_OR_EMPTY(kick->reason));
        r = sd_bus_message_append(call, "s", kick->user);
        if (r >= 0)
                r = bus_client_append_filter(call, NULL, platform, kick->device);
        if (r >= 0)
                r = sd_bus_message_append(call, "s", STRING_OR_EMPTY(kick->reason));
        return r;
}

static ExitStatus kick_once(sd_bus *bus, Kick *kick, const char *platform) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        uint32_t n_ended, n_failed;
        ExitStatus status;
        int r;

        status = bus_client_prepare(bus, kick->session ? "KickSession" : "KickUser", &call);
        if (status != STATUS_OK)
                return status;
        r = append_arguments(call, kick, platform);
        if (r < 0)
                return bus_client_broken("compose the call", r);
        status = bus_client_call(call, "kick", CALL_ENDLESS, &reply);
        if (status != STATUS_OK)
                return status;
        r = sd_bus_message_read(reply, "uu", &n_ended, &n_failed);
        if (r < 0)
                return bus_client_broken("read the answer", r);
        kick->n_calls++;
        kick->n_ended += n_ended;
        kick->n_failed += n_failed;
        return STATUS_OK;
}

/* The answer to a kick counts logins, but a session without a login is ended, too. A caller who may kick
 * need not be allowed to list, and is not asked for a password for that. */
static bool has_session(sd_bus *bus, const char *user) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        int r;

        if (bus_client_prepare(bus, "ListSessions", &call) != STATUS_OK)
                return false;
        r = sd_bus_message_set_allow_interactive_authorization(call, 0);
        if (r >= 0)
                r = bus_client_append_filter(call, user, NULL, NULL);
        if (r >= 0)
                r = sd_bus_call(bus, call, 0, NULL, &reply);
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'a', "a{sv}");
        return r >= 0 && sd_bus_message_at_end(reply, 0) == 0;
}

static ExitStatus kick_all(sd_bus *bus, Kick *kick) {
        ExitStatus status;

        kick->is_nobody =
                kick->user && warn_of_unknown_user(kick->user) && !has_session(bus, kick->user);
        status = kick_once(bus, kick, kick->platforms[0]);
        for (size_t i = 1; i < kick->n_platforms && status == STATUS_OK; i++)
                status = kick_once(bus, kick, kick->platforms[i]);
        return status;
}

static ExitStatus tell(const Kick *kick) {
        ExitStatus status;

        if (kick->is_nobody && kick->n_ended + kick->n_failed == 0)
                return STATUS_NOT_FOUND;
        printf(_n("%u login ended\n", "%u logins ended\n", kick->n_ended), kick->n_ended);
        status = finish_output();
        if (kick->n_failed == 0)
                return status;
        complain("%u did not end; its tokens are revoked. See: "
                 "journalctl AUTHTOKEN_EVENT=login-left",
                kick->n_failed);
        return STATUS_FAILED;
}

ExitStatus kick_main(const CommandLine *line, int argc, char **argv) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        Kick kick = { 0 };
        ExitStatus status;

        status = parse(&kick, argc, argv);
        if (status != STATUS_OK)
                return status;
        if (kick.help)
                return show_help(help);
        status = bus_client_open(line, &bus);
        if (status == STATUS_OK)
                status = kick_all(bus, &kick);
        if (status == STATUS_OK)
                return tell(&kick);
        if (kick.n_calls > 0)
                (void)tell(&kick);
        return status;
}
