/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>

#include "daemon/config/config.h"
#include "daemon/login/login-registry.h"
#include "daemon/login/login-state.h"
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

/* Sessions are ended one by one: a user has few, and each has its own reason. */
typedef struct Lost {
        Context *context;
        const UserState *state;
} Lost;

static Reason reason_of_end(const Lost *lost, const Login *login) {
        Reason reason;

        if (login->ended)
                return login->end_reason;
        reason = user_state_check(lost->state, login->sid, operation_now_sec());
        return reason == REASON_SESSION_UNKNOWN ? REASON_SESSION_GONE : reason;
}

/* Logins that were locked or only announced are not locked and announced again every minute. */
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

static bool drop_over(Login *login, void *userdata) {
        Context *context = userdata;

        if (login_is_over(login)) {
                login_ender_forget(context->ender, login);
                login_registry_remove(context->logins, login);
        }
        return true;
}

void reconcile_drop_over(Context *context) {
        login_registry_each(context->logins, context->config->tenant, NULL, drop_over, context);
}

/* A login that is being ended is left to the ender, which reports it. */
static bool drop_removed(Login *login, void *userdata) {
        Context *context = userdata;

        if (login_is_over(login) && !login_ender_is_busy(context->ender, login))
                login_registry_remove(context->logins, login);
        return true;
}

void reconcile_logind_removed(Context *context, const char *logind_id) {
        login_registry_each_logind(context->logins, logind_id, drop_removed, context);
}
