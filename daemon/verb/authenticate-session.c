/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/container-of.h"
#include "common/text.h"
#include "daemon/config/config.h"
#include "daemon/login/login-registry.h"
#include "daemon/logind/logind.h"
#include "daemon/operation/clock-keeper.h"
#include "daemon/operation/login-grant.h"
#include "daemon/operation/login-hook.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/touch.h"
#include "daemon/policy/live-session.h"
#include "daemon/session/user-state.h"
#include "daemon/store/user-store.h"
#include "daemon/verb/login-verbs.h"

typedef struct AuthenticateSession {
        Operation op;
        LoginSubject subject;
        char *role; /* NULL: none is asked for */
        uint64_t max_age_sec;
        char *logind_id;        /* that the caller runs in */
        char sid[SID_SIZE + 1]; /* what opened it */
        uint64_t authenticated_at_sec;
        StoreCall *call;
        LoginHook hook;
} AuthenticateSession;

static void on_loaded(StoreCall *call, int r, UserState *state, void *userdata);

static void authenticate_session_free(Operation *op) {
        AuthenticateSession *auth = (AuthenticateSession *)op;

        login_subject_clear(&auth->subject);
        free(auth->role);
        free(auth->logind_id);
        store_call_free(auth->call);
        login_hook_clear(&auth->hook);
        free(auth);
}

/* Every sudo after a login by password ends in "none", so that is no event. */
static void tell_journal(AuthenticateSession *auth, Reason reason) {
        AuditRecord record = login_subject_audit(&auth->subject, AUDIT_LIVE_SESSION, reason);

        if (reason == REASON_SHELL_NONE)
                return;
        record.sid = *auth->sid ? auth->sid : NULL;
        record.logind_id = auth->logind_id;
        record.note = auth->hook.note;
        audit(auth->op.context, &record);
}

/*
 * The kernel's facts, from the cgroup and /proc, about one and the same process: its pidfd is held
 * meanwhile, and it still runs afterwards, so no other process can have got its pid.
 */
static int look_at_caller(AuthenticateSession *auth, LiveShell *shell) {
        _cleanup_(closep) int fd = -1;
        ProcessId id;
        int r;

        r = process_id_of(auth->subject.pid, &id);
        if (r >= 0)
                r = process_watch(&id, &fd);
        if (r >= 0)
                r = logind_session_of(id.pid, &auth->logind_id, &shell->owner);
        if (r >= 0)
                r = process_real_uid(id.pid, &shell->caller);
        if (r >= 0 && !process_is_alive(&id))
                r = -ESRCH;
        return r;
}

/* A token given at sudo in this login and terminal resets the login's age. */
static void find_last_token(AuthenticateSession *auth, const Login *login) {
        const Elevation *elevation = login_registry_find_elevation(
                auth->op.context->logins, &(Elevation){
                                                  .tenant = auth->op.context->config->tenant,
                                                  .user = auth->subject.user,
                                                  .tty = auth->subject.tty,
                                                  .logind_id = auth->logind_id,
                                          });

        auth->authenticated_at_sec = login->opened_at_sec;
        if (elevation && !strcmp(elevation->sid, login->sid) &&
                elevation->made_at_sec > login->opened_at_sec)
                auth->authenticated_at_sec = elevation->made_at_sec;
}

static Reason find_shell(AuthenticateSession *auth) {
        Context *context = auth->op.context;
        LiveShell shell = { .owner = (uid_t)-1 };
        const Login *login = NULL;
        Reason reason;

        if (!text_is_user_name(auth->subject.user, strlen(auth->subject.user)) ||
                look_at_caller(auth, &shell) < 0)
                return REASON_SHELL_NONE;
        /* A process under user@.service has an owner, but no session. */
        if (auth->logind_id)
                login = login_registry_find_logind(context->logins, auth->logind_id);
        if (!login || strcmp(login->tenant, context->config->tenant) != 0)
                return REASON_SHELL_NONE;
        shell.user = login->user;
        shell.target = login->target;
        shell.ended = login->ended;
        shell.left = login->closed || !process_is_alive(&login->leader);
        reason = policy_live_shell(&shell, auth->subject.user);
        if (reason == REASON_OK) {
                memcpy(auth->sid, login->sid, sizeof(auth->sid));
                find_last_token(auth, login);
        }
        return reason;
}

static void accept(AuthenticateSession *auth, const UserState *state) {
        OperationResult result = { .reason = REASON_OK, .sid = auth->sid };
        const LoginGrant grant = { auth->sid, auth->authenticated_at_sec };
        const Session *session = user_state_find(state, auth->sid);
        Context *context = auth->op.context;

        if (login_grant(context, &auth->subject, &grant, &result.handle) < 0)
                result.reason = REASON_INTERNAL;
        /* The user need not wait for the journal. */
        operation_tell(&auth->op, &result);
        tell_journal(auth, result.reason);
        if (result.reason == REASON_OK)
                touch_session(context, auth->subject.user, session);
        operation_finish(&auth->op, &result);
}

static void refuse(AuthenticateSession *auth, Reason reason) {
        tell_journal(auth, reason);
        operation_finish_reason(&auth->op, reason);
}

static int load(AuthenticateSession *auth) {
        Context *context = auth->op.context;

        return user_store_load(context->store,
                (StoreName){ context->config->tenant, auth->subject.user }, on_loaded, auth,
                &auth->call);
}

static void on_hooks(LoginHook *hook, Reason reason) {
        AuthenticateSession *auth = CONTAINER_OF(hook, AuthenticateSession, hook);

        if (reason == REASON_OK && load(auth) < 0)
                reason = REASON_INTERNAL;
        if (reason != REASON_OK)
                refuse(auth, reason);
}

static void on_loaded(StoreCall *call, int r, UserState *state, void *userdata) {
        _cleanup_(user_state_unrefp) UserState *owned = state;
        AuthenticateSession *auth = userdata;
        LiveDemand demand = { .max_age_sec = auth->max_age_sec };
        Moment moment = clock_keeper_now(auth->op.context->clock);
        ServiceRules rules;
        Reason reason;

        config_service_of(auth->op.context->config, auth->subject.service, &rules);
        demand.session = session_demand_of(&rules, auth->role, auth->op.context->rules.issuers);
        auth->call = store_call_free(call);
        reason = operation_reason_of_store(r);
        if (reason == REASON_OK)
                reason = policy_live_session(
                        owned, auth->sid, &demand, auth->authenticated_at_sec, &moment);
        if (reason != REASON_OK)
                refuse(auth, reason);
        else if (login_hook_is_due(&auth->hook))
                login_hook_start(&auth->hook, user_state_find(owned, auth->sid));
        else
                accept(auth, owned);
}

static int start(AuthenticateSession *auth, const LoginRequest *request) {
        Context *context = auth->op.context;
        Reason reason;
        int r;

        r = login_subject_copy(request, &auth->subject);
        if (r < 0)
                return r;
        auth->max_age_sec = request->max_age_sec;
        auth->hook = (LoginHook){
                .context = context,
                .subject = &auth->subject,
                .deadline_usec = request->deadline_usec,
                .done = on_hooks,
        };
        if (request->role) {
                auth->role = strdup(request->role);
                if (!auth->role)
                        return -ENOMEM;
        }
        reason = find_shell(auth);
        if (reason == REASON_OK)
                return load(auth);
        tell_journal(auth, reason);
        return operation_finish_later(&auth->op, reason);
}

int authenticate_session_start(Context *context, const LoginRequest *request, OperationDone done,
        void *userdata, Operation **ret_op) {
        AuthenticateSession *auth = calloc(1, sizeof(*auth));

        if (!auth)
                return -ENOMEM;
        operation_init(
                &auth->op, context, (OperationWaiter){ done, userdata }, authenticate_session_free);
        return operation_started(&auth->op, start(auth, request), ret_op);
}
