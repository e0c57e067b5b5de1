/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>

#include "daemon/config.h"
#include "daemon/operation/census.h"
#include "daemon/operation/clock-keeper.h"
#include "daemon/operation/login-report.h"
#include "daemon/operation/metrics.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/user-queue.h"
#include "daemon/session/session-check.h"
#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"
#include "daemon/store/user-store.h"

typedef struct Census {
        Operation op;
        StoreCall *call;
        char **users;
        size_t n_users, n_asked;
        uint64_t n_sessions;
} Census;

static void on_loaded(StoreCall *call, int r, UserState *state, void *userdata);

static void census_free(Operation *op) {
        Census *census = (Census *)op;

        op->context->metrics->is_counting = false;
        for (size_t i = 0; i < census->n_users; i++)
                free(census->users[i]);
        free(census->users);
        store_call_free(census->call);
        free(census);
}

static void finish(Census *census) {
        Metrics *metrics = census->op.context->metrics;

        metrics->n_live_sessions = census->n_sessions;
        metrics->n_users = census->n_users;
        metrics->counted_at_sec = operation_now_sec();
        operation_finish_reason(&census->op, REASON_OK);
}

static void load_next(Census *census) {
        Context *context = census->op.context;

        if (census->n_asked == census->n_users)
                finish(census);
        else if (user_store_load(context->store,
                         (StoreName){ context->config->tenant, census->users[census->n_asked++] },
                         on_loaded, census, &census->call) < 0)
                operation_finish_reason(&census->op, REASON_INTERNAL);
}

static Reason forget(UserState *state, uint64_t now_sec, bool *ret_changed, void *userdata) {
        Moment moment = clock_keeper_now(((const Context *)userdata)->clock);

        (void)now_sec;
        *ret_changed = user_state_prune(state, &moment);
        return REASON_OK;
}

static void on_forgotten(Reason reason, const UserState *state, void *userdata) {
        (void)reason;
        (void)state;
        (void)userdata;
}

/* In Redis what forbids something goes by no clock of the server's, and by no verb if the user never comes back. */
static void forget_what_is_over(Context *context, const UserState *state) {
        const UserChange change = { .decide = forget, .done = on_forgotten, .userdata = context };
        Moment moment = clock_keeper_now(context->clock);

        if (user_state_forbids(state) && user_state_end_sec(state) <= moment.settled_sec)
                (void)user_queue_change(context->queue, state->tenant, state->user, &change);
}

static void on_loaded(StoreCall *call, int r, UserState *state, void *userdata) {
        _cleanup_(user_state_unrefp) UserState *owned = state;
        uint64_t now_sec = operation_now_sec();
        Census *census = userdata;

        census->call = store_call_free(call);
        if (r != 0 && r != STORE_E_CORRUPT) {
                operation_finish_reason(&census->op, operation_reason_of_store(r));
                return;
        }
        for (size_t i = 0; r == 0 && i < owned->n_sessions; i++)
                census->n_sessions +=
                        user_state_check(owned, owned->sessions[i]->sid, now_sec) == REASON_OK;
        /* What this host left there when it went down. */
        if (r == 0) {
                login_report_check(census->op.context->report, owned);
                forget_what_is_over(census->op.context, owned);
        }
        load_next(census);
}

static void on_listed(StoreCall *call, int r, char **users, size_t n_users, void *userdata) {
        Census *census = userdata;

        if (r == 0 && n_users <= CENSUS_USERS_MAX)
                census->users = calloc(n_users + 1, sizeof(*census->users));
        while (census->users && census->n_users < n_users) {
                char *user = strdup(users[census->n_users]);

                if (!user)
                        break;
                census->users[census->n_users++] = user;
        }
        census->call = store_call_free(call);
        if (!census->users || census->n_users < n_users)
                operation_finish_reason(&census->op, REASON_INTERNAL);
        else
                load_next(census);
}

static bool is_time(Metrics *metrics) {
        unsigned int round = metrics->n_rounds++;

        return metrics->n_users <= CENSUS_USERS_OFTEN || round % CENSUS_ROUNDS_SELDOM == 0;
}

void census_start(Context *context) {
        Metrics *metrics = context->metrics;
        Census *census;

        if (metrics->is_counting || !is_time(metrics))
                return;
        census = calloc(1, sizeof(*census));
        if (!census)
                return;
        metrics->is_counting = true;
        operation_init(&census->op, context, (OperationWaiter){}, census_free);
        if (user_store_list(
                    context->store, context->config->tenant, on_listed, census, &census->call) < 0)
                operation_abandon(&census->op);
}
