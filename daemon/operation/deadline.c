/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config.h"
#include "daemon/login/login-registry.h"
#include "daemon/operation/clock-keeper.h"
#include "daemon/operation/context.h"
#include "daemon/operation/deadline.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/reconcile.h"
#include "daemon/operation/session-ending.h"
#include "daemon/operation/user-queue.h"
#include "daemon/policy/policy.h"
#include "daemon/session/user-state.h"

#define AGAIN_SEC 5u /* after a store that did not answer */

struct DeadlineTimer {
        Context *context;
        sd_event_source *source;
        uint64_t next_sec; /* when it fires; UINT64_MAX: it does not */
};

/* The end of one user's sessions that are past their deadline. */
typedef struct Expiry {
        Context *context;
        char *user;
        PolicyEnded ended;
} Expiry;

/* A walk over the logins of this host. */
typedef struct Walk {
        DeadlineTimer *timer;
        const UserState *state;
        uint64_t now_sec, next_sec;
} Walk;

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata);

static void expiry_free(void *userdata) {
        Expiry *expiry = userdata;

        policy_ended_clear(&expiry->ended);
        free(expiry->user);
        free(expiry);
}

/* By the wall clock, as the deadlines are: a clock that is set forward fires it. */
static void arm(DeadlineTimer *timer, uint64_t at_sec) {
        if (timer->source && at_sec >= timer->next_sec)
                return;
        timer->source = sd_event_source_disable_unref(timer->source);
        timer->next_sec = UINT64_MAX;
        /* What cannot be waited for is found by reconcile. */
        if (operation_at_sec(timer->context, at_sec, on_deadline, timer, &timer->source) >= 0)
                timer->next_sec = at_sec;
}

/* It never changes. If there is no memory for it, it is not told to hooks. */
static void note_text(char **text, const char *of_session) {
        if (!*text && of_session)
                *text = strdup(of_session);
}

static bool note_login(Login *login, void *userdata) {
        const Walk *walk = userdata;
        const Session *session = user_state_find(walk->state, login->sid);

        if (!session || login->ended)
                return true;
        login->deadline_sec = session_deadline_sec(session);
        note_text(&login->platform, session->platform);
        note_text(&login->device, session->device);
        arm(walk->timer, login->deadline_sec);
        return true;
}

void deadline_timer_note(DeadlineTimer *timer, const UserState *state) {
        login_registry_each(timer->context->logins, state->tenant, state->user, note_login,
                &(Walk){ .timer = timer, .state = state });
}

/* The walk took the deadlines out that were to be kept by this. */
static bool delay_login(Login *login, void *userdata) {
        const Walk *walk = userdata;

        if (!login->ended && login->deadline_sec <= walk->now_sec) {
                login->deadline_sec = walk->now_sec + AGAIN_SEC;
                arm(walk->timer, login->deadline_sec);
        }
        return true;
}

static Reason decide(UserState *state, uint64_t now_sec, bool *ret_changed, void *userdata) {
        Expiry *expiry = userdata;
        Moment moment = clock_keeper_now(expiry->context->clock);

        (void)now_sec;
        policy_ended_clear(&expiry->ended);
        return policy_expire(state, &moment, &expiry->ended, ret_changed) < 0 ? REASON_INTERNAL
                                                                              : REASON_OK;
}

static void on_committed(Reason reason, const UserState *state, void *userdata) {
        Expiry *expiry = userdata;
        Context *context = expiry->context;

        if (reason == REASON_OK) {
                session_ending_start_each(context, expiry->user, &expiry->ended);
                /* Another host may have been first: what ended there ends here now. */
                reconcile_state(context, state);
        } else {
                login_registry_each(context->logins, context->config->tenant, expiry->user,
                        delay_login,
                        &(Walk){ .timer = context->deadlines, .now_sec = operation_now_sec() });
        }
        expiry_free(expiry);
}

static void expire(Context *context, const char *user) {
        Expiry *expiry = calloc(1, sizeof(*expiry));
        const UserChange change = {
                .decide = decide,
                .done = on_committed,
                .forget = expiry_free,
                .userdata = expiry,
        };

        if (!expiry)
                return;
        expiry->context = context;
        expiry->user = strdup(user);
        if (!expiry->user ||
                user_queue_change(context->queue, context->config->tenant, user, &change) < 0)
                expiry_free(expiry);
}

/* Each user once: whose deadline is taken out of the walk when it was asked for. */
static bool clear_deadline(Login *login, void *userdata) {
        const Walk *walk = userdata;

        if (login->deadline_sec <= walk->now_sec)
                login->deadline_sec = 0;
        return true;
}

static bool visit(Login *login, void *userdata) {
        Walk *walk = userdata;
        Context *context = walk->timer->context;

        if (login->ended || login->deadline_sec == 0)
                return true;
        if (login->deadline_sec > walk->now_sec) {
                if (login->deadline_sec < walk->next_sec)
                        walk->next_sec = login->deadline_sec;
                return true;
        }
        expire(context, login->user);
        login_registry_each(context->logins, login->tenant, login->user, clear_deadline, walk);
        return true;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        DeadlineTimer *timer = userdata;
        Walk walk = { .timer = timer, .now_sec = operation_now_sec(), .next_sec = UINT64_MAX };

        (void)source;
        (void)usec;
        timer->source = sd_event_source_disable_unref(timer->source);
        login_registry_each(
                timer->context->logins, timer->context->config->tenant, NULL, visit, &walk);
        arm(timer, walk.next_sec);
        return 0;
}

int deadline_timer_new(Context *context, DeadlineTimer **ret_timer) {
        DeadlineTimer *timer = calloc(1, sizeof(*timer));

        if (!timer)
                return -ENOMEM;
        timer->context = context;
        timer->next_sec = UINT64_MAX;
        *ret_timer = timer;
        return 0;
}

DeadlineTimer *deadline_timer_free(DeadlineTimer *timer) {
        if (!timer)
                return NULL;
        sd_event_source_disable_unref(timer->source);
        free(timer);
        return NULL;
}
