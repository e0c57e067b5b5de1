/* SPDX-License-Identifier: MIT */

/*
 * ACCOUNT speaks against a login in four cases, and has no opinion otherwise:
 *      1. its own token session (by the handle) has ended,
 *      2. the user is banned,
 *      3. the caller runs inside a logind session that an ended token session opened,
 *      4. a sudo timestamp stands on a token session that has ended.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/config/config.h"
#include "daemon/login/login-registry.h"
#include "daemon/logind/logind.h"
#include "daemon/operation/clock-keeper.h"
#include "daemon/operation/handle-table.h"
#include "daemon/operation/login-subject.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/touch.h"
#include "daemon/session/session-check.h"
#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"
#include "daemon/store/user-store.h"
#include "daemon/verb/login-verbs.h"

typedef struct Account {
        Operation op;
        LoginSubject subject;
        char *handle_sid; /* case 1 */
        char *shell_user,
                *shell_sid;  /* case 3: the login that opened the caller's logind session */
        char *elevation_sid; /* case 4 */
        StoreCall *call;
} Account;

static void on_user_loaded(StoreCall *call, int r, UserState *state, void *userdata);
static void on_shell_loaded(StoreCall *call, int r, UserState *state, void *userdata);

static void account_free(Operation *op) {
        Account *account = (Account *)op;

        login_subject_clear(&account->subject);
        free(account->handle_sid);
        free(account->shell_user);
        free(account->shell_sid);
        free(account->elevation_sid);
        store_call_free(account->call);
        free(account);
}

static void finish(Account *account, Reason reason) {
        AuditRecord record = login_subject_audit(&account->subject, AUDIT_ACCOUNT, reason);

        record.sid = account->handle_sid  ? account->handle_sid
                     : account->shell_sid ? account->shell_sid
                                          : account->elevation_sid;
        audit(account->op.context, &record);
        operation_finish_reason(&account->op, reason);
}

/* sudo and su authenticate one user and go on as another: the handle's user is one of the two. */
static bool is_user_of(const LoginSubject *subject, const char *user) {
        return !strcmp(subject->user, user) || (subject->ruser && !strcmp(subject->ruser, user));
}

static Reason find_handle(Account *account) {
        const LoginSubject *subject = &account->subject;
        Context *context = account->op.context;
        const Handle *handle = handle_table_find(context->handles, subject->handle);
        const Login *login;

        if (handle && handle->expires_up_sec <= operation_up_sec())
                return REASON_HANDLE_EXPIRED;
        if (handle) {
                if (!is_user_of(subject, handle->user) || strcmp(handle->service, subject->service))
                        return REASON_HANDLE_MISMATCH;
                account->handle_sid = strdup(handle->sid);
                return account->handle_sid ? REASON_OK : REASON_INTERNAL;
        }
        login = login_registry_find(context->logins, subject->handle);
        if (!login)
                return REASON_HANDLE_UNKNOWN;
        if (!is_user_of(subject, login->user))
                return REASON_HANDLE_MISMATCH;
        if (login->ended)
                return login->end_reason;
        account->handle_sid = strdup(login->sid);
        return account->handle_sid ? REASON_OK : REASON_INTERNAL;
}

static Reason find_shell(Account *account, const char *logind_id) {
        const Login *login = login_registry_find_logind(account->op.context->logins, logind_id);

        if (!login)
                return REASON_OK;
        if (login->ended)
                return REASON_SHELL_ENDED;
        account->shell_user = strdup(login->user);
        account->shell_sid = strdup(login->sid);
        return account->shell_user && account->shell_sid ? REASON_OK : REASON_INTERNAL;
}

/* The user was accepted by something else in this transaction, so the timestamp is a new one. */
static Reason find_elevation(Account *account, const char *logind_id, bool other_auth) {
        const Elevation key = {
                .tenant = account->op.context->config->tenant,
                .user = account->subject.user,
                .tty = account->subject.tty,
                .logind_id = (char *)logind_id,
        };
        LoginRegistry *logins = account->op.context->logins;
        const Elevation *elevation;

        if (!account->subject.ruser)
                return REASON_OK;
        if (other_auth) {
                /* Only for root is the timestamp's token forgotten: the timestamp is sudo's, and
                 * the user's own programs must not detach it from its token. */
                if (account->subject.uid == 0)
                        (void)login_registry_set_elevation(logins, &key);
                return REASON_OK;
        }
        elevation = login_registry_find_elevation(logins, &key);
        if (!elevation)
                return REASON_OK;
        account->elevation_sid = strdup(elevation->sid);
        return account->elevation_sid ? REASON_OK : REASON_INTERNAL;
}

static Reason collect(Account *account, bool other_auth) {
        _cleanup_(freep) char *logind_id = NULL;
        Reason reason = REASON_OK;
        uid_t owner;
        int r;

        if (account->subject.handle)
                reason = find_handle(account);
        if (reason != REASON_OK)
                return reason;
        /* Unknown is not "in none": a login that may have ended must not pass. */
        r = logind_session_of(account->subject.pid, &logind_id, &owner);
        if (r < 0 && r != -ESRCH)
                return REASON_INTERNAL;
        if (logind_id)
                reason = find_shell(account, logind_id);
        if (reason == REASON_OK)
                reason = find_elevation(account, logind_id, other_auth);
        return reason;
}

/* A check by root's services is a use of the session: sudo inside its timestamp, or in the login's
 * shell. */
static void note_use(const Account *account, const UserState *state, const char *sid) {
        const Session *session = sid ? user_state_find(state, sid) : NULL;

        if (account->subject.uid == 0 && session)
                touch_session(account->op.context, state->user, session);
}

static Reason judge(const Account *account, const UserState *state) {
        Moment moment = clock_keeper_now(account->op.context->clock);
        uint64_t now_sec = moment.now_sec;
        Reason reason = REASON_OK;

        if (user_state_is_banned(state, &moment))
                return REASON_USER_BANNED;
        if (account->handle_sid)
                reason = user_state_check(state, account->handle_sid, now_sec);
        if (reason != REASON_OK)
                return reason;
        if (account->elevation_sid &&
                user_state_check(state, account->elevation_sid, now_sec) != REASON_OK)
                return REASON_ELEVATION_ENDED;
        note_use(account, state, account->elevation_sid);
        return REASON_OK;
}

static int load(Account *account, const char *user, StoreLoadDone done) {
        return user_store_load(account->op.context->store,
                (StoreName){ account->op.context->config->tenant, user }, done, account,
                &account->call);
}

/* The shell's user may differ from the checked one: alice's shell runs `su bob`. */
static void on_shell_loaded(StoreCall *call, int r, UserState *state, void *userdata) {
        _cleanup_(user_state_unrefp) UserState *owned = state;
        Account *account = userdata;
        Reason reason;

        account->call = store_call_free(call);
        reason = operation_reason_of_store(r);
        if (reason == REASON_OK &&
                user_state_check(owned, account->shell_sid, operation_now_sec()) != REASON_OK)
                reason = REASON_SHELL_ENDED;
        if (reason == REASON_OK)
                note_use(account, owned, account->shell_sid);
        finish(account, reason);
}

static void on_user_loaded(StoreCall *call, int r, UserState *state, void *userdata) {
        _cleanup_(user_state_unrefp) UserState *owned = state;
        Account *account = userdata;
        Reason reason;

        account->call = store_call_free(call);
        reason = operation_reason_of_store(r);
        if (reason == REASON_OK)
                reason = judge(account, owned);
        if (reason == REASON_OK && account->shell_sid) {
                if (load(account, account->shell_user, on_shell_loaded) >= 0)
                        return;
                reason = REASON_INTERNAL;
        }
        finish(account, reason);
}

/* A name that no token can be issued for has no session. */
static int load_first(Account *account) {
        const LoginSubject *subject = &account->subject;

        if (text_is_user_name(subject->user, strlen(subject->user)))
                return load(account, subject->user, on_user_loaded);
        if (subject->handle)
                return operation_finish_later(&account->op, REASON_USER_INVALID);
        if (account->shell_sid)
                return load(account, account->shell_user, on_shell_loaded);
        return operation_finish_later(&account->op, REASON_OK);
}

int account_start(Context *context, const LoginRequest *request, OperationDone done, void *userdata,
        Operation **ret_op) {
        Account *account = calloc(1, sizeof(*account));
        Reason reason;
        int r;

        if (!account)
                return -ENOMEM;
        operation_init(&account->op, context, (OperationWaiter){ done, userdata }, account_free);
        r = login_subject_copy(request, &account->subject);
        if (r >= 0) {
                reason = collect(account, request->other_auth);
                if (reason == REASON_OK) {
                        r = load_first(account);
                } else {
                        AuditRecord record =
                                login_subject_audit(&account->subject, AUDIT_ACCOUNT, reason);

                        audit(context, &record);
                        r = operation_finish_later(&account->op, reason);
                }
        }
        return operation_started(&account->op, r, ret_op);
}
