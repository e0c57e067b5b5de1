/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <systemd/sd-event.h>

#include "daemon/logind/logind.h"

#define LOGIND_NAME      "org.freedesktop.login1"
#define LOGIND_PATH      "/org/freedesktop/login1"
#define LOGIND_INTERFACE "org.freedesktop.login1.Manager"

/* The bus disconnects a client that waits for more than 128 replies at a time, polkit's included. */
#define SENT_MAX 64u

struct LogindCall {
        TAILQ_ENTRY(LogindCall) link; /* in Logind.calls until it is done or freed */
        Logind *logind;
        LogindDone done;
        void *userdata;
        sd_bus_message *message; /* waits for its turn; NULL once it was sent */
        uint64_t timeout_usec;
        sd_bus_slot *slot; /* waits for the reply */
        bool absent;       /* without a bus: the loop completes it */
        bool completing;   /* its completion is running: it is freed after that, not by the
                            * caller */
};

struct Logind {
        sd_bus *bus;
        sd_bus_slot *removed_slot;
        sd_event_source *absent_source; /* completes calls without a bus */
        LogindRemoved removed;
        void *userdata;
        TAILQ_HEAD(, LogindCall) calls; /* oldest first */
        unsigned int n_sent;            /* those with a slot */
};

static void send_waiting(Logind *logind);

static void call_drop_message(LogindCall *call) {
        call->message = sd_bus_message_unref(call->message);
        if (call->slot)
                call->logind->n_sent--;
        call->slot = sd_bus_slot_unref(call->slot);
}

static void call_unlink(LogindCall *call) {
        Logind *logind = call->logind;

        if (!logind)
                return;
        TAILQ_REMOVE(&logind->calls, call, link);
        call_drop_message(call);
        call->logind = NULL;
        send_waiting(logind);
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
        /* The connection's filter is to see it, too: more of them may wait behind it. */
        return 0;
}

/* Completing one call may free others. */
static LogindCall *find_absent(Logind *logind) {
        LogindCall *call;

        TAILQ_FOREACH(call, &logind->calls, link) {
                if (call->absent)
                        break;
        }
        return call;
}

static int on_absent(sd_event_source *source, void *userdata) {
        LogindCall *call = find_absent(userdata);

        if (!call)
                return 0;
        (void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        call_finish(call, LOGIND_E_ABSENT);
        return 0;
}

static void complete_later(LogindCall *call) {
        call->absent = true;
        (void)sd_event_source_set_enabled(call->logind->absent_source, SD_EVENT_ONESHOT);
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

static void send_order(LogindCall *call) {
        Logind *logind = call->logind;
        int r;

        r = sd_bus_call_async(
                logind->bus, &call->slot, call->message, on_reply, call, call->timeout_usec);
        call->message = sd_bus_message_unref(call->message);
        if (r < 0)
                complete_later(call);
        else
                logind->n_sent++;
}

static void send_waiting(Logind *logind) {
        LogindCall *call;

        if (!logind->bus)
                return;
        TAILQ_FOREACH(call, &logind->calls, link) {
                if (logind->n_sent == SENT_MAX)
                        return;
                if (call->message)
                        send_order(call);
        }
}

int logind_act(Logind *logind, const LogindOrder *order, LogindDone done, void *userdata,
        LogindCall **ret_call) {
        LogindCall *call = calloc(1, sizeof(*call));

        if (!call)
                return -ENOMEM;
        call->logind = logind;
        call->done = done;
        call->userdata = userdata;
        call->timeout_usec = order->timeout_usec;
        TAILQ_INSERT_TAIL(&logind->calls, call, link);
        if (logind->bus && new_message(logind->bus, order, &call->message) >= 0)
                send_waiting(logind);
        else
                complete_later(call);
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

/* Anybody may send us a forged signal directly. It only makes us check whether the session is
 * really gone. */
static int watch_removed(Logind *logind) {
        return sd_bus_match_signal_async(logind->bus, &logind->removed_slot, LOGIND_NAME,
                LOGIND_PATH, LOGIND_INTERFACE, "SessionRemoved", on_removed, NULL, logind);
}

int logind_set_bus(Logind *logind, sd_bus *bus) {
        LogindCall *call;

        logind->removed_slot = sd_bus_slot_unref(logind->removed_slot);
        TAILQ_FOREACH(call, &logind->calls, link) {
                call_drop_message(call);
                complete_later(call);
        }
        logind->bus = sd_bus_unref(logind->bus);
        if (!bus)
                return 0;
        logind->bus = sd_bus_ref(bus);
        return watch_removed(logind);
}

int logind_new(sd_event *event, LogindRemoved removed, void *userdata, Logind **ret_logind) {
        _cleanup_(logind_freep) Logind *logind = calloc(1, sizeof(*logind));
        int r;

        if (!logind)
                return -ENOMEM;
        TAILQ_INIT(&logind->calls);
        logind->removed = removed;
        logind->userdata = userdata;
        r = sd_event_add_defer(event, &logind->absent_source, on_absent, logind);
        if (r >= 0)
                r = sd_event_source_set_enabled(logind->absent_source, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret_logind = TAKE_PTR(logind);
        return 0;
}

Logind *logind_free(Logind *logind) {
        LogindCall *call;

        if (!logind)
                return NULL;
        sd_bus_slot_unref(logind->removed_slot);
        /* First, so that no waiting call is sent in place of a forgotten one. */
        logind->bus = sd_bus_unref(logind->bus);
        while ((call = TAILQ_FIRST(&logind->calls)))
                call_unlink(call);
        sd_event_source_disable_unref(logind->absent_source);
        free(logind);
        return NULL;
}
