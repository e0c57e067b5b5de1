/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>

#include "daemon/config.h"
#include "daemon/login/login-registry.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/deadline.h"
#include "daemon/operation/login-ender.h"
#include "daemon/operation/login-report.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/reconcile.h"
#include "daemon/operation/session-ending.h"
#include "daemon/operation/user-rules.h"
#include "daemon/session/session-check.h"
#include "daemon/session/user-state.h"
#include "daemon/store/user-store.h"

/* A logind session that is gone. */
typedef struct Removed {
        Context *context;
        const char *logind_id;
} Removed;

/* The load of one user's state. */
typedef struct Reconcile {
        Operation op;
        StoreCall *call;
        char *user;
} Reconcile;

/* Users of whom there are logins, each once. */
typedef struct Users {
        Context *context;
        char **names;
        size_t n_names;
} Users;

/* Sessions are ended one by one: a user has few, and each has its own reason. */
typedef struct Lost {
        Context *context;
        const UserState *state;
} Lost;

static void reconcile_free(Operation *op) {
        Reconcile *reconcile = (Reconcile *)op;

        store_call_free(reconcile->call);
        free(reconcile->user);
        free(reconcile);
}

static Reason reason_of_end(const Lost *lost, const Login *login) {
        Reason reason;

        if (login->ended)
                return login->end_reason;
        reason = user_state_check(lost->state, login->sid, operation_now_sec());
        return reason == REASON_SESSION_UNKNOWN ? REASON_SESSION_GONE : reason;
}

/* What was locked or only signalled is not locked and signalled again every minute. */
static bool was_dealt_with(const Lost *lost, const Login *login) {
        PolicyRules rules;

        (void)user_rules_last(lost->context, login->user, &rules);
        return login->ended && rules.on_kick != KICK_TERMINATE;
}

static bool visit_login(Login *login, void *userdata) {
        Lost *lost = userdata;
        Reason reason = reason_of_end(lost, login);

        if (reason == REASON_OK || was_dealt_with(lost, login) ||
                login_ender_is_busy(lost->context->ender, login))
                return true;
        audit(lost->context, &(AuditRecord){
                                     .event = AUDIT_RECONCILE,
                                     .reason = reason,
                                     .user = login->user,
                                     .sid = login->sid,
                                     .service = login->service,
                                     .rhost = login->rhost,
                                     .logind_id = login->logind_id,
                             });
        session_ending_start_one(lost->context, login->user, login->sid, reason);
        return true;
}

void reconcile_state(Context *context, const UserState *state) {
        deadline_timer_note(context->deadlines, state);
        login_report_check(context->report, state);
        login_registry_each(context->logins, state->tenant, state->user, visit_login,
                &(Lost){ .context = context, .state = state });
}

static void on_loaded(StoreCall *call, int r, UserState *state, void *userdata) {
        Reconcile *reconcile = userdata;
        _cleanup_(user_state_unrefp) UserState *owned = state;

        reconcile->call = store_call_free(call);
        if (r == 0)
                reconcile_state(reconcile->op.context, owned);
        operation_finish_reason(&reconcile->op, REASON_OK);
}

static void load(Context *context, const char *user) {
        Reconcile *reconcile = calloc(1, sizeof(*reconcile));

        if (!reconcile)
                return;
        operation_init(&reconcile->op, context, (OperationWaiter){}, reconcile_free);
        user_rules_warm(context, user);
        if (user_store_load(context->store, (StoreName){ context->config->tenant, user }, on_loaded,
                    reconcile, &reconcile->call) < 0)
                operation_finish_reason(&reconcile->op, REASON_INTERNAL);
}

static bool collect(Login *login, void *userdata) {
        Users *users = userdata;
        char **names;

        if (login_is_over(login)) {
                login_ender_forget(users->context->ender, login);
                login_registry_remove(users->context->logins, login);
                return true;
        }
        if (users->n_names && !strcmp(users->names[users->n_names - 1], login->user))
                return true;
        names = reallocarray(users->names, users->n_names + 1, sizeof(*names));
        if (!names)
                return false;
        users->names = names;
        names[users->n_names] = strdup(login->user);
        if (!names[users->n_names])
                return false;
        users->n_names++;
        return true;
}

static int compare_names(const void *a, const void *b) {
        return strcmp(*(char *const *)a, *(char *const *)b);
}

void reconcile_all(Context *context) {
        Users users = { .context = context };

        login_registry_each(context->logins, context->config->tenant, NULL, collect, &users);
        if (users.n_names)
                qsort(users.names, users.n_names, sizeof(*users.names), compare_names);
        for (size_t i = 0; i < users.n_names; i++)
                if (i == 0 || strcmp(users.names[i], users.names[i - 1]))
                        load(context, users.names[i]);
        for (size_t i = 0; i < users.n_names; i++)
                free(users.names[i]);
        free(users.names);
}

/* One that is being ended is left to who ends it and tells of it. */
static bool drop_removed(Login *login, void *userdata) {
        const Removed *removed = userdata;

        if (login->logind_id && !strcmp(login->logind_id, removed->logind_id) &&
                login_is_over(login) && !login_ender_is_busy(removed->context->ender, login))
                login_registry_remove(removed->context->logins, login);
        return true;
}

void reconcile_logind_removed(Context *context, const char *logind_id) {
        login_registry_each(context->logins, NULL, NULL, drop_removed,
                &(Removed){ .context = context, .logind_id = logind_id });
}
