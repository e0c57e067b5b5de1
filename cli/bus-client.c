/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/bus-client.h"
#include "cli/polkit-agent.h"
#include "common/cleanup.h"
#include "common/translation.h"
#include "authtoken/bus-name.h"
#include "authtoken/reason.h"

#define USEC_PER_SEC        UINT64_C(1000000)
#define NSEC_PER_USEC       INT64_C(1000)
#define OPEN_USEC_MAX       (10 * USEC_PER_SEC)
#define CALL_USEC           (30 * USEC_PER_SEC)
#define CALL_OF_PEOPLE_USEC (300 * USEC_PER_SEC)

typedef struct ErrorMeaning {
        const char *name;
        ExitStatus status;
        const char *advice;
} ErrorMeaning;

#define START_IT N_("Is the daemon running? See: systemctl status authtokend.service")

static const ErrorMeaning meanings[] = {
        { BUS_ERROR_NOT_FOUND, STATUS_NOT_FOUND, N_("See what there is: authtokenctl list") },
        { BUS_ERROR_REFUSED, STATUS_FAILED, NULL },
        { BUS_ERROR_INVALID_ARGUMENT, STATUS_USAGE, NULL },
        { BUS_ERROR_LIMIT_REACHED, STATUS_UNDECIDED, NULL },
        { BUS_ERROR_UNAVAILABLE, STATUS_UNDECIDED, N_("See: authtokenctl status") },
        { SD_BUS_ERROR_ACCESS_DENIED, STATUS_DENIED,
                N_("Run it as root, or as somebody whom polkit allows it") },
        { SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, STATUS_DENIED,
                N_("Run it as root, or at a terminal where polkit can ask for a password") },
        { SD_BUS_ERROR_SERVICE_UNKNOWN, STATUS_UNREACHABLE, START_IT },
        { SD_BUS_ERROR_NAME_HAS_NO_OWNER, STATUS_UNREACHABLE, START_IT },
        { SD_BUS_ERROR_NO_REPLY, STATUS_UNREACHABLE, START_IT },
        { SD_BUS_ERROR_TIMEOUT, STATUS_UNREACHABLE, START_IT },
        /* The bus gave up starting the daemon. */
        { "org.freedesktop.DBus.Error.TimedOut", STATUS_UNREACHABLE, START_IT },
        { SD_BUS_ERROR_DISCONNECTED, STATUS_UNREACHABLE, START_IT },
        { SD_BUS_ERROR_NO_SERVER, STATUS_UNREACHABLE, START_IT },
        /* libsystemd's error for a bus that sends nonsense. */
        { SD_BUS_ERROR_IO_ERROR, STATUS_UNREACHABLE, START_IT },
        { SD_BUS_ERROR_INCONSISTENT_MESSAGE, STATUS_UNREACHABLE, START_IT },
        { "System.Error.ENOMEM", STATUS_FAILED, NULL },
};

/* dbus-daemon has a family of errors for a service that it could not start. */
#define SPAWN_ERRORS   "org.freedesktop.DBus.Error.Spawn."
#define SYSTEMD_ERRORS "org.freedesktop.systemd1."
/* libsystemd's own, from a connection that broke: System.Error.ENOTCONN, System.Error.EPIPE, … */
#define ERRNO_ERRORS "System.Error."

static const char *const families[] = { SPAWN_ERRORS, SYSTEMD_ERRORS, ERRNO_ERRORS };

static ErrorMeaning meaning_of(const sd_bus_error *error, int r) {
        if (!error->name)
                return (ErrorMeaning){ .status = r == -ENOMEM ? STATUS_FAILED : STATUS_UNREACHABLE,
                        .advice = START_IT };
        for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
                if (!strcmp(meanings[i].name, error->name))
                        return meanings[i];
        for (size_t i = 0; i < ARRAY_SIZE(families); i++)
                if (!strncmp(error->name, families[i], strlen(families[i])))
                        return (ErrorMeaning){ .status = STATUS_UNREACHABLE, .advice = START_IT };
        return (ErrorMeaning){ .status = STATUS_FAILED };
}

/* The daemon answers "CODE: TEXT" in English. The code is kept. The text, that of the code or a longer one, is
 * translated for the user, unless it contains a number or a name. */
static void complain_of(const char *what, const char *message) {
        const char *text = strstr(message, ": ");
        _cleanup_(freep) char *code = text ? strndup(message, (size_t)(text - message)) : NULL;
        Reason reason = reason_from_code(code);

        if (code && !strcmp(code, reason_code(reason)) && text[2] != '\0')
                complain("cannot %s: %s: %s", _(what), code, _(text + 2));
        else
                complain("cannot %s: %s", _(what), message);
}

/* Usually a session was not found; the methods that look for something else are listed. */
static const char *list_of(const char *message) {
        static const struct {
                Reason reason;
                const char *advice;
        } lists[] = {
                { REASON_NOT_BANNED, N_("See who is banned: authtokenctl ban --list") },
                { REASON_NOT_AHEAD, N_("What was revoked does not come back. Is the clock right? "
                                       "See: timedatectl") },
                { REASON_KEY_CANNOT_SIGN, N_("See which keys there are: authtokenctl keys list") },
        };

        for (size_t i = 0; i < ARRAY_SIZE(lists) && message; i++) {
                const char *code = reason_code(lists[i].reason);

                if (!strncmp(message, code, strlen(code)) && message[strlen(code)] == ':')
                        return lists[i].advice;
        }
        return NULL;
}

static ExitStatus complain_call(const char *what, const sd_bus_error *error, int r) {
        ErrorMeaning meaning = meaning_of(error, r);
        const char *list = list_of(error->message);

        if (meaning.status == STATUS_NOT_FOUND && list)
                meaning.advice = list;
        complain_of(what, error->message ? error->message : strerror(-r));
        if (meaning.advice)
                complain("%s", _(meaning.advice));
        return meaning.status;
}

static int open_address(const char *address, sd_bus **ret_bus) {
        _cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
        int r;

        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_address(bus, address);
        if (r >= 0)
                r = sd_bus_set_bus_client(bus, 1);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r < 0)
                return r;
        *ret_bus = TAKE_PTR(bus);
        return 0;
}

static uint64_t now_usec(void) {
        struct timespec now = { 0 };

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)(now.tv_nsec / NSEC_PER_USEC);
}

/* libsystemd would authenticate during the first call and give a silent bus 90 s for it. */
static int wait_until_ready(sd_bus *bus) {
        uint64_t end_usec = now_usec() + OPEN_USEC_MAX;
        int r;

        while ((r = sd_bus_is_ready(bus)) == 0) {
                uint64_t usec = now_usec();

                if (usec >= end_usec)
                        return -ETIMEDOUT;
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, end_usec - usec);
                if (r < 0 && r != -EINTR)
                        return r;
        }
        return r < 0 ? r : 0;
}

ExitStatus bus_client_open(const CommandLine *line, sd_bus **ret_bus) {
        /* Not flushed: that would wait for a bus that has just been given up. */
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        bool may_ask = isatty(STDIN_FILENO) && isatty(STDERR_FILENO) && geteuid() != 0;
        int r;

        if (!strcmp(line->bus, "system"))
                r = sd_bus_open_system(&bus);
        else if (!strcmp(line->bus, "session"))
                r = sd_bus_open_user(&bus);
        else
                r = open_address(line->bus, &bus);
        if (r >= 0)
                r = wait_until_ready(bus);
        if (r < 0) {
                complain("cannot connect to the bus '%s': %s", line->bus, strerror(-r));
                complain("Is the bus running? See: systemctl status dbus.service");
                return STATUS_UNREACHABLE;
        }
        if (may_ask) {
                (void)sd_bus_set_allow_interactive_authorization(bus, 1);
                polkit_agent_start();
        }
        *ret_bus = TAKE_PTR(bus);
        return STATUS_OK;
}

ExitStatus bus_client_prepare(sd_bus *bus, const char *method, sd_bus_message **ret_call) {
        int r;

        r = sd_bus_message_new_method_call(
                bus, ret_call, AUTHTOKEN_NAME, AUTHTOKEN_PATH, AUTHTOKEN_INTERFACE, method);
        if (r >= 0)
                r = sd_bus_message_sensitive(*ret_call);
        return r < 0 ? bus_client_broken("compose the call", r) : STATUS_OK;
}

ExitStatus bus_client_call(
        sd_bus_message *call, const char *what, CallPatience patience, sd_bus_message **ret_reply) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus *bus = sd_bus_message_get_bus(call);
        bool waits_for_people = sd_bus_get_allow_interactive_authorization(bus) > 0;
        uint64_t timeout_usec = waits_for_people ? CALL_OF_PEOPLE_USEC : CALL_USEC;
        int r;

        if (patience == CALL_ENDLESS)
                timeout_usec = UINT64_MAX;
        r = sd_bus_call(bus, call, timeout_usec, &error, ret_reply);
        return r < 0 ? complain_call(what, &error, r) : STATUS_OK;
}

ExitStatus bus_client_broken(const char *what, int r) {
        complain("cannot %s: %s", _(what), strerror(-r));
        return STATUS_FAILED;
}

ExitStatus bus_client_ask(const CommandLine *line, const BusCall *question,
        sd_bus_message **ret_reply, const char *types, ...) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        ExitStatus status;
        va_list arguments;
        int r = 0;

        status = bus_client_open(line, &bus);
        if (status == STATUS_OK)
                status = bus_client_prepare(bus, question->method, &call);
        if (status != STATUS_OK)
                return status;
        va_start(arguments, types);
        if (types)
                r = sd_bus_message_appendv(call, types, arguments);
        va_end(arguments);
        if (r < 0)
                return bus_client_broken("compose the call", r);
        return bus_client_call(call, question->what, question->patience, ret_reply);
}

int bus_client_append_filter(
        sd_bus_message *call, const char *user, const char *platform, const char *device) {
        const struct {
                const char *key, *value;
        } texts[] = {
                { "user", user },
                { "platform", platform },
                { "device", device },
        };
        int r;

        r = sd_bus_message_open_container(call, 'a', "{sv}");
        for (size_t i = 0; i < ARRAY_SIZE(texts) && r >= 0; i++)
                if (texts[i].value)
                        r = sd_bus_message_append(call, "{sv}", texts[i].key, "s", texts[i].value);
        return r < 0 ? r : sd_bus_message_close_container(call);
}
