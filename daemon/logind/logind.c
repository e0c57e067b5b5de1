/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <systemd/sd-event.h>

#include "daemon/logind/logind.h"

#define LOGIND_NAME      "org.freedesktop.login1"
#define LOGIND_PATH      "/org/freedesktop/login1"
#define LOGIND_INTERFACE "org.freedesktop.login1.Manager"

struct LogindCall {
        LogindCall *next; /* linked in Logind.calls until it is done or freed */
        Logind *logind;
        LogindDone done;
        void *userdata;
        sd_bus_slot *slot;
        sd_event_source *absent; /* completes it when there is nobody to ask; made with it, since
                                  * later there may be no memory for it */
        bool completing; /* its completion runs: it is freed afterwards, not by the caller */
};

struct Logind {
        sd_event *event;
        sd_bus *bus;
        sd_bus_slot *removed_slot;
        LogindRemoved removed;
        void *userdata;
        LogindCall *calls;
};

static void call_unlink(LogindCall *call) {
        LogindCall **link;

        if (!call->logind)
                return;
        for (link = &call->logind->calls; *link; link = &(*link)->next)
                if (*link == call) {
                        *link = call->next;
                        break;
                }
        call->logind = NULL;
        call->slot = sd_bus_slot_unref(call->slot);
        call->absent = sd_event_source_disable_unref(call->absent);
}

LogindCall *logind_call_free(LogindCall *call) {
        if (!call || call->completing)
                return NULL;
        call_unlink(call);
        free(call);
        return NULL;
}

static void call_finish(LogindCall *call, int r) {
        call_unlink(call);
        call->completing = true;
        call->done(call, r, call->userdata);
        free(call);
}

static int outcome_of(const sd_bus_error *error) {
        static const struct {
                const char *name;
                int outcome;
        } errors[] = {
                { "org.freedesktop.login1.NoSuchSession", LOGIND_E_GONE },
                { SD_BUS_ERROR_ACCESS_DENIED, LOGIND_E_REFUSED },
                { SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, LOGIND_E_REFUSED },
                { SD_BUS_ERROR_AUTH_FAILED, LOGIND_E_REFUSED },
                { SD_BUS_ERROR_NOT_SUPPORTED, LOGIND_E_REFUSED },
        };

        for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
                if (sd_bus_error_has_name(error, errors[i].name))
                        return errors[i].outcome;
        return LOGIND_E_ABSENT;
}

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);

        (void)ret_error;
        call_finish(userdata, error ? outcome_of(error) : 0);
        return 1;
}

static int on_absent(sd_event_source *source, void *userdata) {
        (void)source;
        call_finish(userdata, LOGIND_E_ABSENT);
        return 0;
}

static int prepare_absence(LogindCall *call) {
        int r;

        r = sd_event_add_defer(call->logind->event, &call->absent, on_absent, call);
        return r < 0 ? r : sd_event_source_set_enabled(call->absent, SD_EVENT_OFF);
}

static int complete_later(LogindCall *call) {
        return sd_event_source_set_enabled(call->absent, SD_EVENT_ONESHOT);
}

static int new_message(sd_bus *bus, const LogindOrder *order, sd_bus_message **ret_message) {
        static const char *const methods[] = {
                [LOGIND_TERMINATE] = "TerminateSession",
                [LOGIND_LOCK] = "LockSession",
                [LOGIND_KILL] = "KillSession",
        };
        sd_bus_message *message = NULL;
        int r;

        r = sd_bus_message_new_method_call(
                bus, &message, LOGIND_NAME, LOGIND_PATH, LOGIND_INTERFACE, methods[order->action]);
        if (r < 0)
                return r;
        r = order->action == LOGIND_KILL ? sd_bus_message_append(message, "ssi", order->session_id,
                                                   "all", (int32_t)SIGKILL)
                                         : sd_bus_message_append(message, "s", order->session_id);
        if (r < 0) {
                sd_bus_message_unref(message);
                return r;
        }
        *ret_message = message;
        return 0;
}

static int send_order(LogindCall *call, const LogindOrder *order) {
        sd_bus_message *message = NULL;
        int r;

        if (!call->logind->bus)
                return -ENOTCONN;
        r = new_message(call->logind->bus, order, &message);
        if (r < 0)
                return r;
        r = sd_bus_call_async(
                call->logind->bus, &call->slot, message, on_reply, call, order->timeout_usec);
        sd_bus_message_unref(message);
        return r;
}

int logind_act(Logind *logind, const LogindOrder *order, LogindDone done, void *userdata,
        LogindCall **ret_call) {
        LogindCall *call = calloc(1, sizeof(*call));
        int r;

        if (!call)
                return -ENOMEM;
        call->logind = logind;
        call->done = done;
        call->userdata = userdata;
        call->next = logind->calls;
        logind->calls = call;
        r = prepare_absence(call);
        if (r >= 0 && send_order(call, order) < 0)
                r = complete_later(call);
        if (r < 0) {
                logind_call_free(call);
                return r;
        }
        *ret_call = call;
        return 0;
}

static int on_removed(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        const char *session_id, *path;
        Logind *logind = userdata;

        (void)ret_error;
        if (sd_bus_message_read(message, "so", &session_id, &path) < 0)
                return 0;
        if (logind->removed)
                logind->removed(session_id, logind->userdata);
        return 0;
}

/* Anybody may send a forged signal straight at us. All that it brings about is a look at whether the
 * session is really gone. */
static int watch_removed(Logind *logind) {
        return sd_bus_match_signal_async(logind->bus, &logind->removed_slot, LOGIND_NAME,
                LOGIND_PATH, LOGIND_INTERFACE, "SessionRemoved", on_removed, NULL, logind);
}

int logind_set_bus(Logind *logind, sd_bus *bus) {
        logind->removed_slot = sd_bus_slot_unref(logind->removed_slot);
        for (LogindCall *call = logind->calls; call; call = call->next) {
                call->slot = sd_bus_slot_unref(call->slot);
                (void)complete_later(call);
        }
        logind->bus = sd_bus_unref(logind->bus);
        if (!bus)
                return 0;
        logind->bus = sd_bus_ref(bus);
        return watch_removed(logind);
}

int logind_new(sd_event *event, LogindRemoved removed, void *userdata, Logind **ret_logind) {
        Logind *logind = calloc(1, sizeof(*logind));

        if (!logind)
                return -ENOMEM;
        logind->event = sd_event_ref(event);
        logind->removed = removed;
        logind->userdata = userdata;
        *ret_logind = logind;
        return 0;
}

Logind *logind_free(Logind *logind) {
        if (!logind)
                return NULL;
        while (logind->calls)
                call_unlink(logind->calls);
        sd_bus_slot_unref(logind->removed_slot);
        sd_bus_unref(logind->bus);
        sd_event_unref(logind->event);
        free(logind);
        return NULL;
}
