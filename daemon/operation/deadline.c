/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config/config.h"
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
/* CLOCK_BOOTTIME is read in whole seconds, and must not be first if nobody sets the other clock. */
#define UP_MARGIN_SEC 2u

typedef int (*AlarmStart)(
        Context *context, uint64_t, sd_event_time_handler_t, void *, sd_event_source **);

typedef struct Alarm {
        AlarmStart start;
        sd_event_source *source;
        uint64_t next_sec; /* when it fires; UINT64_MAX: it does not */
} Alarm;

struct DeadlineTimer {
        Context *context;
        Alarm wall; /* a clock that is set forward fires it */
        Alarm up;   /* a clock that is set back does not delay it */
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
        uint64_t now_sec, up_sec;
} Walk;

/* One session, and whether it is overdue. */
typedef struct Search {
        const Session *session;
        uint64_t up_sec;
        bool is_overdue;
} Search;

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata);

static void expiry_free(void *userdata) {
        Expiry *expiry = userdata;

        policy_ended_clear(&expiry->ended);
        free(expiry->user);
        free(expiry);
}

static Walk walk_now(DeadlineTimer *timer) {
        return (Walk){
                .timer = timer, .now_sec = operation_now_sec(), .up_sec = operation_up_sec()
        };
}

static void arm(DeadlineTimer *timer, Alarm *alarm, uint64_t at_sec) {
        if (alarm->source && at_sec >= alarm->next_sec)
                return;
        alarm->source = sd_event_source_disable_unref(alarm->source);
        alarm->next_sec = UINT64_MAX;
        /* If a timer cannot be set, reconcile finds the end. */
        if (alarm->start(timer->context, at_sec, on_deadline, timer, &alarm->source) >= 0)
                alarm->next_sec = at_sec;
}

static void disarm(Alarm *alarm) {
        alarm->source = sd_event_source_disable_unref(alarm->source);
        alarm->next_sec = UINT64_MAX;
}

static void wait_for(DeadlineTimer *timer, const Login *login) {
        arm(timer, &timer->wall, login->deadline_sec);
        arm(timer, &timer->up, login->deadline_up_sec);
}

static bool is_as_noted(const Login *login, const Session *session) {
        return login->deadline_sec == session_deadline_sec(session) &&
               login->seen_sec == session->last_seen_sec;
}

/* The state that was loaded first may be noted last. But if the clock was set back, a use that looks older may be the
 * newer one. */
static bool is_older(const Session *session, const Login *login, uint64_t now_sec) {
        return session->last_seen_sec < login->seen_sec && login->seen_sec <= now_sec;
}

/* It never changes. Without memory, hooks are not told it. */
static void note_text(char **text, const char *of_session) {
        if (!*text && of_session)
                *text = strdup(of_session);
}

static bool note_login(Login *login, void *userdata) {
        const Walk *walk = userdata;
        const Session *session = user_state_find(walk->state, login->sid);
        uint64_t up_sec;

        if (!session || login->ended || is_older(session, login, walk->now_sec))
                return true;
        up_sec = walk->up_sec + session_remaining_sec(session, walk->now_sec) + UP_MARGIN_SEC;
        /* Only a use makes the deadline later; setting the clock back must not. */
        if (!is_as_noted(login, session) || up_sec < login->deadline_up_sec)
                login->deadline_up_sec = up_sec;
        login->deadline_sec = session_deadline_sec(session);
        login->seen_sec = session->last_seen_sec;
        note_text(&login->platform, session->platform);
        note_text(&login->device, session->device);
        wait_for(walk->timer, login);
        return true;
}

void deadline_timer_note(DeadlineTimer *timer, const UserState *state) {
        Walk walk = walk_now(timer);

        walk.state = state;
        login_registry_each(timer->context->logins, state->tenant, state->user, note_login, &walk);
}

static bool is_due(const Login *login, const Walk *walk) {
        return login->deadline_sec <= walk->now_sec || login->deadline_up_sec <= walk->up_sec;
}

static bool end_expiring(Login *login, void *userdata) {
        (void)userdata;
        login->expiring = false;
        return true;
}

static bool look_at_login(Login *login, void *userdata) {
        Search *search = userdata;

        search->is_overdue = !login->ended && !strcmp(login->sid, search->session->sid) &&
                             login->deadline_up_sec <= search->up_sec &&
                             is_as_noted(login, search->session);
        return !search->is_overdue;
}

/* Unless another host has seen it used meanwhile. */
static bool is_overdue(const Session *session, void *userdata) {
        const Expiry *expiry = userdata;
        const Context *context = expiry->context;
        Search search = { .session = session, .up_sec = operation_up_sec() };

        login_registry_each(
                context->logins, context->config->tenant, expiry->user, look_at_login, &search);
        return search.is_overdue;
}

static Reason decide(UserState *state, uint64_t now_sec, bool *ret_changed, void *userdata) {
        Expiry *expiry = userdata;
        Moment moment = clock_keeper_now(expiry->context->clock);
        const PolicyOverdue overdue = { is_overdue, expiry };

        (void)now_sec;
        policy_ended_clear(&expiry->ended);
        return policy_expire(state, &moment, &overdue, &expiry->ended, ret_changed) < 0
                       ? REASON_INTERNAL
                       : REASON_OK;
}

static void on_committed(Reason reason, const UserState *state, void *userdata) {
        Expiry *expiry = userdata;
        Context *context = expiry->context;
        DeadlineTimer *timer = context->deadlines;

        login_registry_each(
                context->logins, context->config->tenant, expiry->user, end_expiring, NULL);
        if (reason == REASON_OK) {
                session_ending_start_each(context, expiry->user, &expiry->ended);
                /* Another host may have ended the session first; end its logins here now. */
                reconcile_state(context, state);
        } else {
                arm(timer, &timer->up, operation_up_sec() + AGAIN_SEC);
        }
        expiry_free(expiry);
}

static int expire(Context *context, const char *user) {
        Expiry *expiry = calloc(1, sizeof(*expiry));
        const UserChange change = {
                .decide = decide,
                .done = on_committed,
                .forget = expiry_free,
                .userdata = expiry,
        };
        int r;

        if (!expiry)
                return -ENOMEM;
        expiry->context = context;
        expiry->user = strdup(user);
        r = expiry->user ? user_queue_change(context->queue, context->config->tenant, user, &change)
                         : -ENOMEM;
        if (r < 0)
                expiry_free(expiry);
        return r;
}

/* Each user once: one change handles all that is due. */
static bool begin_expiring(Login *login, void *userdata) {
        const Walk *walk = userdata;

        if (is_due(login, walk))
                login->expiring = true;
        return true;
}

static bool visit(Login *login, void *userdata) {
        Walk *walk = userdata;
        Context *context = walk->timer->context;

        if (login->ended || login->expiring || login->deadline_sec == 0)
                return true;
        if (!is_due(login, walk))
                wait_for(walk->timer, login);
        else if (expire(context, login->user) < 0)
                arm(walk->timer, &walk->timer->up, walk->up_sec + AGAIN_SEC);
        else
                login_registry_each(
                        context->logins, login->tenant, login->user, begin_expiring, walk);
        return true;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        DeadlineTimer *timer = userdata;
        Walk walk = walk_now(timer);

        (void)source;
        (void)usec;
        disarm(&timer->wall);
        disarm(&timer->up);
        login_registry_each(
                timer->context->logins, timer->context->config->tenant, NULL, visit, &walk);
        return 0;
}

int deadline_timer_new(Context *context, DeadlineTimer **ret_timer) {
        DeadlineTimer *timer = calloc(1, sizeof(*timer));

        if (!timer)
                return -ENOMEM;
        timer->context = context;
        timer->wall = (Alarm){ .start = operation_at_sec, .next_sec = UINT64_MAX };
        timer->up = (Alarm){ .start = operation_at_up_sec, .next_sec = UINT64_MAX };
        *ret_timer = timer;
        return 0;
}

DeadlineTimer *deadline_timer_free(DeadlineTimer *timer) {
        if (!timer)
                return NULL;
        disarm(&timer->wall);
        disarm(&timer->up);
        free(timer);
        return NULL;
}
