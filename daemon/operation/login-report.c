/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "daemon/config/config.h"
#include "daemon/login/login-registry.h"
#include "daemon/operation/context.h"
#include "daemon/operation/login-report.h"
#include "daemon/operation/user-queue.h"
#include "daemon/session/session-logins.h"
#include "daemon/session/user-state.h"

#define DELAY_USEC    UINT64_C(200000)
#define ACCURACY_USEC UINT64_C(50000)

struct LoginReport {
        Context *context;
        sd_event_source *timer;
        char **users; /* each once, owned */
        size_t n_users;
};

/* The newest logins of one session on this host. */
typedef struct Collection {
        const Context *context;
        const Session *session;
        SessionLogin logins[SESSION_LOGINS_HOST_MAX]; /* oldest first */
        size_t n_logins;
} Collection;

static bool collect(Login *login, void *userdata) {
        Collection *collection = userdata;
        SessionLogin *logins = collection->logins;
        size_t at;

        if (strcmp(login->sid, collection->session->sid) != 0)
                return true;
        at = collection->n_logins;
        while (at > 0 && logins[at - 1].opened_at_sec > login->opened_at_sec)
                at--;
        if (collection->n_logins == SESSION_LOGINS_HOST_MAX) {
                if (at == 0)
                        return true;
                at--;
                memmove(&logins[0], &logins[1], at * sizeof(*logins));
        } else {
                memmove(&logins[at + 1], &logins[at],
                        (collection->n_logins - at) * sizeof(*logins));
                collection->n_logins++;
        }
        logins[at].host = collection->context->here;
        session_login_word(login->service, logins[at].service);
        session_login_word(login->tty, logins[at].tty);
        session_login_word(login->rhost, logins[at].rhost);
        logins[at].opened_at_sec = login->opened_at_sec;
        return true;
}

/* Return: 1 @ret_session has the open logins of now; 0 @session has them; -ENOMEM. */
static int replace(const Context *context, const UserState *state, const Session *session,
        Session **ret_session) {
        Collection collection = { .context = context, .session = session };
        _cleanup_(session_unrefp) Session *copy = NULL;
        int r;

        r = session_copy(session, &copy);
        if (r < 0)
                return r;
        login_registry_each(context->logins, state->tenant, state->user, collect, &collection);
        r = session_logins_replace(copy, &context->here, collection.logins, collection.n_logins);
        if (r > 0)
                *ret_session = TAKE_PTR(copy);
        return r;
}

static Reason decide(UserState *state, uint64_t now_sec, bool *ret_changed, void *userdata) {
        const Context *context = userdata;
        int r;

        (void)now_sec;
        for (size_t i = 0; i < state->n_sessions; i++) {
                Session *now = NULL;

                r = replace(context, state, state->sessions[i], &now);
                if (r < 0)
                        return REASON_INTERNAL;
                if (r > 0) {
                        user_state_put(state, now);
                        *ret_changed = true;
                }
        }
        return REASON_OK;
}

static void on_done(Reason reason, const UserState *state, void *userdata) {
        (void)reason;
        (void)state;
        (void)userdata;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        LoginReport *report = userdata;
        Context *context = report->context;
        const UserChange change = { .decide = decide, .done = on_done, .userdata = context };

        (void)source;
        (void)usec;
        report->timer = sd_event_source_disable_unref(report->timer);
        while (report->n_users) {
                char *user = report->users[--report->n_users];

                (void)user_queue_change(context->queue, context->config->tenant, user, &change);
                free(user);
        }
        return 0;
}

static int add(LoginReport *report, const char *user) {
        char **users = reallocarray(report->users, report->n_users + 1, sizeof(*users));

        if (!users)
                return -ENOMEM;
        report->users = users;
        users[report->n_users] = strdup(user);
        if (!users[report->n_users])
                return -ENOMEM;
        report->n_users++;
        return 0;
}

void login_report_note(LoginReport *report, const char *user) {
        for (size_t i = 0; i < report->n_users; i++)
                if (!strcmp(report->users[i], user))
                        return;
        if (add(report, user) >= 0 && !report->timer)
                (void)sd_event_add_time_relative(report->context->event, &report->timer,
                        CLOCK_MONOTONIC, DELAY_USEC, ACCURACY_USEC, on_timer, report);
}

void login_report_check(LoginReport *report, const UserState *state) {
        for (size_t i = 0; i < state->n_sessions; i++) {
                _cleanup_(session_unrefp) Session *now = NULL;

                if (replace(report->context, state, state->sessions[i], &now) > 0) {
                        login_report_note(report, state->user);
                        return;
                }
        }
}

int login_report_new(Context *context, LoginReport **ret_report) {
        LoginReport *report = calloc(1, sizeof(*report));

        if (!report)
                return -ENOMEM;
        report->context = context;
        *ret_report = report;
        return 0;
}

LoginReport *login_report_free(LoginReport *report) {
        if (!report)
                return NULL;
        sd_event_source_disable_unref(report->timer);
        while (report->n_users)
                free(report->users[--report->n_users]);
        free(report->users);
        free(report);
        return NULL;
}
