/* SPDX-License-Identifier: MIT */

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "cli/bus-client.h"
#include "common/cleanup.h"

#define PLATFORMS_MAX 16u

/* Text is borrowed from the arguments. */
typedef struct Kick {
        const char *user, *session;
        const char *platforms[PLATFORMS_MAX];
        size_t n_platforms;
        const char *device, *reason;
        bool help;
        uint32_t n_ended, n_failed;
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
        "Usage: authtokenctl kick [OPTION]... (USER | --session ID)\n\n"
        "End sessions with their tokens and logins, and wait until the logins on this host\n"
        "are gone.\n\n"
        "  USER, --user USER  all sessions of USER\n"
        "  --session ID       one session\n"
        "  --platform TEXT    only sessions of this platform; may be repeated\n"
        "  --device TEXT      only sessions of this device\n"
        "  --reason TEXT      for the journal\n"
        "  -h, --help         this text\n\n"
        "The exit status is 1 if a login did not end.\n";

static ExitStatus set_option(Kick *kick, Option option) {
        switch (option) {
        case OPTION_USER:
                kick->user = optarg;
                return STATUS_OK;
        case OPTION_SESSION:
                kick->session = optarg;
                return STATUS_OK;
        case OPTION_PLATFORM:
                if (kick->n_platforms >= PLATFORMS_MAX)
                        return complain_usage(
                                "kick", "more than %u times --platform", PLATFORMS_MAX);
                kick->platforms[kick->n_platforms++] = optarg;
                return STATUS_OK;
        case OPTION_DEVICE:
                kick->device = optarg;
                return STATUS_OK;
        case OPTION_REASON:
                kick->reason = optarg;
                return STATUS_OK;
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
        if (argc > optind)
                kick->user = argv[optind];
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
                r = sd_bus_message_open_container(call, 'a', "{sv}");
        if (r >= 0 && platform)
                r = sd_bus_message_append(call, "{sv}", "platform", "s", platform);
        if (r >= 0 && kick->device)
                r = sd_bus_message_append(call, "{sv}", "device", "s", kick->device);
        if (r >= 0)
                r = sd_bus_message_close_container(call);
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
        kick->n_ended += n_ended;
        kick->n_failed += n_failed;
        return STATUS_OK;
}

static ExitStatus tell(const Kick *kick) {
        ExitStatus status;

        printf("%" PRIu32 " %s ended\n", kick->n_ended, kick->n_ended == 1 ? "login" : "logins");
        status = finish_output();
        if (kick->n_failed == 0)
                return status;
        complain("%" PRIu32 " did not end; its tokens are revoked. See: "
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
        if (kick.help) {
                fputs(help, stdout);
                return finish_output();
        }
        status = bus_client_open(line, &bus);
        if (status == STATUS_OK && kick.n_platforms == 0)
                status = kick_once(bus, &kick, NULL);
        for (size_t i = 0; i < kick.n_platforms && status == STATUS_OK; i++)
                status = kick_once(bus, &kick, kick.platforms[i]);
        return status == STATUS_OK ? tell(&kick) : status;
}
