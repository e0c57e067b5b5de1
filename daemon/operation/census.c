/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/config/config.h"
#include "daemon/journal/journal.h"
#include "daemon/login/login-registry.h"
#include "daemon/operation/census.h"
#include "daemon/operation/clock-keeper.h"
#include "daemon/operation/login-report.h"
#include "daemon/operation/metrics.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/user-page.h"
#include "daemon/operation/user-queue.h"
#include "daemon/policy/census-mark.h"
#include "daemon/session/session-check.h"
#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"
#include "daemon/store/store-mark.h"
#include "daemon/store/store-scan.h"
#include "daemon/store/store-type.h"

#define MARK          "census"
#define PAUSE_USEC    UINT64_C(1000000) /* between two pages */
#define ACCURACY_USEC UINT64_C(100000)

_Static_assert(CENSUS_TEXT_MAX <= STORE_MARK_MAX, "a census is no mark");

struct CensusView {
        char stored[CENSUS_TEXT_MAX]; /* as it was seen last; "": nothing */
        unsigned int n_rounds;        /* since it changed; alone: since the start */
        bool busy, has_counted;
};

/* One count. */
typedef struct Census {
        Operation op;
        StoreCall *call;
        sd_event_source *pause;
        UserPage page;
        bool shared;                  /* with other hosts: there is a mark */
        CensusMark mark;              /* as we write it */
        char stored[CENSUS_TEXT_MAX]; /* as the store has it; "": none */
        void (*written)(struct Census *census);
        uint64_t n_sessions, n_users;
} Census;

static void census_free(Operation *op) {
        Census *census = (Census *)op;

        op->context->census_view->busy = false;
        sd_event_source_disable_unref(census->pause);
        user_page_clear(&census->page);
        store_call_free(census->call);
        free(census);
}

static Reason touch(UserState *state, uint64_t now_sec, bool *ret_changed, void *userdata) {
        (void)now_sec;
        (void)userdata;
        *ret_changed = state->n_sessions > 0;
        return REASON_OK;
}

static void on_changed(Reason reason, const UserState *state, void *userdata) {
        (void)reason;
        (void)state;
        (void)userdata;
}

static bool is_first(Login *login, void *userdata) {
        *(const Login **)userdata = login;
        return false;
}

/* Any commit puts its user on the list. */
static bool list_again(Login *login, void *userdata) {
        const UserChange change = { .decide = touch, .done = on_changed };
        const Login *first = NULL;
        Context *context = userdata;

        login_registry_each(context->logins, login->tenant, login->user, is_first, &first);
        if (login == first)
                (void)user_queue_change(context->queue, login->tenant, login->user, &change);
        return true;
}

static void adopt(Context *context, const CensusMark *mark) {
        Metrics *metrics = context->metrics;

        metrics->n_live_sessions = mark->n_sessions;
        metrics->n_users = mark->n_users;
        metrics->counted_at_sec = mark->counted_at_sec;
        if (mark->lost && !metrics->users_lost) {
                journal_log(context->journal, LOG_WARNING,
                        "census: the list of users is lost; those with logins here are put on it "
                        "again");
                login_registry_each(
                        context->logins, context->config->tenant, NULL, list_again, context);
        }
        metrics->users_lost = mark->lost;
}

/* Return: for how many rounds the mark has not changed. */
static unsigned int watch(CensusView *view, const char *stored) {
        if (strcmp(view->stored, stored) == 0)
                return ++view->n_rounds;
        snprintf(view->stored, sizeof(view->stored), "%s", stored);
        view->n_rounds = 0;
        return 0;
}

static void on_written(StoreCall *call, int r, const char *value, void *userdata) {
        Census *census = userdata;

        (void)value;
        census->call = store_call_free(call);
        if (r == 0) {
                census_mark_format(&census->mark, census->stored);
                (void)watch(census->op.context->census_view, census->stored);
                census->written(census);
        } else {
                /* After a conflict another host counts. */
                operation_finish_reason(&census->op, operation_reason_of_store(r));
        }
}

/* @written: the next step, once the store has census->mark. */
static void write_mark(Census *census, void (*written)(Census *census)) {
        Context *context = census->op.context;
        char text[CENSUS_TEXT_MAX];
        const StoreMarkChange change = {
                .mark = { context->config->tenant, MARK },
                .expected = census->stored,
                .value = text,
        };

        census->mark.n_steps++;
        census_mark_format(&census->mark, text);
        census->written = written;
        if (store_mark_change(context->store, &change, on_written, census, &census->call) < 0)
                operation_finish_reason(&census->op, REASON_INTERNAL);
}

static void on_told(Census *census) {
        census->op.context->census_view->has_counted = true;
        adopt(census->op.context, &census->mark);
        operation_finish_reason(&census->op, REASON_OK);
}

static void finish(Census *census) {
        CensusMark *mark = &census->mark;

        *mark = (CensusMark){
                .n_steps = mark->n_steps,
                .counted_at_sec = operation_now_sec(),
                .n_sessions = census->n_sessions,
                .n_users = census->n_users,
                .lost = census->page.lost,
        };
        if (census->shared)
                write_mark(census, on_told);
        else
                on_told(census);
}

static void go_on(Census *census);

static Reason forget(UserState *state, uint64_t now_sec, bool *ret_changed, void *userdata) {
        Moment moment = clock_keeper_now(((const Context *)userdata)->clock);

        (void)now_sec;
        *ret_changed = user_state_prune(state, &moment);
        return REASON_OK;
}

/* In Redis a prohibition has no expiry, and no verb removes it if the user never comes back. */
static void forget_what_is_over(Context *context, const UserState *state) {
        const UserChange change = { .decide = forget, .done = on_changed, .userdata = context };
        Moment moment = clock_keeper_now(context->clock);

        if (user_state_forbids(state) && user_state_end_sec(state) <= moment.settled_sec)
                (void)user_queue_change(context->queue, state->tenant, state->user, &change);
}

static void on_swept(StoreCall *call, int r, UserState *state, void *userdata) {
        Census *census = userdata;

        /* If somebody has made a record meanwhile, leave it to the next census. */
        (void)r;
        user_state_unref(state);
        census->call = store_call_free(call);
        go_on(census);
}

/* Committing an empty state over an empty one removes the name from the list, unless something is
 * stored by then. */
static int sweep(Census *census, UserState *nothing) {
        _cleanup_(user_state_unrefp) UserState *after = NULL;
        int r;

        r = user_state_new(nothing->tenant, nothing->user, &after);
        if (r < 0)
                return r;
        return user_store_commit(census->op.context->store,
                (StoreCommit){ .before = nothing, .after = after }, on_swept, census,
                &census->call);
}

static void count(Census *census, const UserState *state) {
        Context *context = census->op.context;
        uint64_t now_sec = operation_now_sec();

        for (size_t i = 0; i < state->n_sessions; i++)
                census->n_sessions +=
                        user_state_check(state, state->sessions[i]->sid, now_sec) == REASON_OK;
        census->n_users++;
        /* Remove the logins that this host left there when it went down. */
        login_report_check(context->report, state);
        forget_what_is_over(context, state);
}

static void on_loaded(StoreCall *call, int r, UserState *state, void *userdata) {
        _cleanup_(user_state_unrefp) UserState *owned = state;
        Census *census = userdata;

        census->call = store_call_free(call);
        if (r != 0 && r != STORE_E_CORRUPT) {
                operation_finish_reason(&census->op, operation_reason_of_store(r));
                return;
        }
        if (r == 0 && owned->version.incarnation == 0 && census->shared) {
                if (sweep(census, owned) == 0)
                        return;
        } else if (r == 0) {
                count(census, owned);
        }
        go_on(census);
}

static void on_page(StoreCall *call, int r, const StorePage *page, void *userdata) {
        Census *census = userdata;
        Reason reason = operation_reason_of_store(r);

        user_page_clear(&census->page);
        if (reason == REASON_OK && user_page_take(&census->page, page) < 0)
                reason = REASON_INTERNAL;
        census->call = store_call_free(call);
        if (reason == REASON_OK)
                go_on(census);
        else
                operation_finish_reason(&census->op, reason);
}

/* The finished page says where the next one begins. */
static void ask_for_page(Census *census) {
        Context *context = census->op.context;
        const StoreScan scan = { .tenant = context->config->tenant, .from = census->page.next };

        if (user_store_scan(context->store, &scan, on_page, census, &census->call) < 0)
                operation_finish_reason(&census->op, REASON_INTERNAL);
}

static int on_pause(sd_event_source *source, uint64_t usec, void *userdata) {
        Census *census = userdata;

        (void)source;
        (void)usec;
        census->pause = sd_event_source_disable_unref(census->pause);
        if (census->shared)
                write_mark(census, ask_for_page);
        else
                ask_for_page(census);
        return 0;
}

static void go_on(Census *census) {
        Context *context = census->op.context;
        const char *user = user_page_pop(&census->page);
        int r;

        if (user) {
                r = user_store_load(context->store, (StoreName){ context->config->tenant, user },
                        on_loaded, census, &census->call);
        } else if (census->page.next) {
                r = sd_event_add_time_relative(context->event, &census->pause, CLOCK_MONOTONIC,
                        PAUSE_USEC, ACCURACY_USEC, on_pause, census);
        } else {
                finish(census);
                return;
        }
        if (r < 0)
                operation_finish_reason(&census->op, REASON_INTERNAL);
}

static void begin(Census *census, const CensusMark *last) {
        if (last)
                census->mark = *last;
        if (sid_generate(census->mark.holder) < 0)
                operation_finish_reason(&census->op, REASON_INTERNAL);
        else
                write_mark(census, ask_for_page);
}

static void on_read(StoreCall *call, int r, const char *value, void *userdata) {
        Census *census = userdata;
        Context *context = census->op.context;
        CensusView *view = context->census_view;
        CensusMark mark;
        bool known;

        if (r == 0 && value && strlen(value) < sizeof(census->stored))
                memcpy(census->stored, value, strlen(value) + 1);
        census->call = store_call_free(call);
        if (r) {
                operation_finish_reason(&census->op, operation_reason_of_store(r));
                return;
        }
        known = census_mark_parse(census->stored, &mark) == 0;
        if (known && mark.counted_at_sec)
                adopt(context, &mark);
        if (census_is_due(known ? &mark : NULL, watch(view, census->stored), view->has_counted))
                begin(census, known ? &mark : NULL);
        else
                operation_finish_reason(&census->op, REASON_OK);
}

static int look(Census *census) {
        Context *context = census->op.context;
        const StoreMarkChange change = { .mark = { context->config->tenant, MARK } };

        return store_mark_change(context->store, &change, on_read, census, &census->call);
}

/* For a store that is not shared: no mark is needed. */
static bool is_time(const Metrics *metrics, CensusView *view) {
        unsigned int round = view->n_rounds++;

        return metrics->n_users <= CENSUS_USERS_OFTEN || round % CENSUS_ROUNDS_SELDOM == 0;
}

int census_view_new(CensusView **ret_view) {
        CensusView *view = calloc(1, sizeof(*view));

        if (!view)
                return -ENOMEM;
        *ret_view = view;
        return 0;
}

CensusView *census_view_free(CensusView *view) {
        free(view);
        return NULL;
}

bool census_is_busy(const CensusView *view) {
        return view->busy;
}

void census_start(Context *context) {
        CensusView *view = context->census_view;
        bool shared = store_type_is_shared(context->config->store_type);
        Census *census;

        if (view->busy || (!shared && !is_time(context->metrics, view)))
                return;
        census = calloc(1, sizeof(*census));
        if (!census)
                return;
        view->busy = true;
        census->shared = shared;
        operation_init(&census->op, context, (OperationWaiter){}, census_free);
        if (!shared)
                ask_for_page(census);
        else if (look(census) < 0)
                operation_abandon(&census->op);
}
