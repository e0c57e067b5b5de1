/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/config/config.h"
#include "daemon/login/login-registry.h"
#include "daemon/logind/logind.h"
#include "daemon/operation/deadline.h"
#include "daemon/operation/handle-table.h"
#include "daemon/operation/login-subject.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/session-ending.h"
#include "daemon/operation/user-rules.h"
#include "daemon/session/session-check.h"
#include "daemon/session/user-state.h"
#include "daemon/store/user-store.h"
#include "daemon/verb/login-verbs.h"

typedef struct OpenSession {
        Operation op;
        LoginSubject subject;
        char id[LOGIN_ID_SIZE + 1];
        StoreCall *call;
} OpenSession;

static void open_session_free(Operation *op) {
        OpenSession *open = (OpenSession *)op;

        login_subject_clear(&open->subject);
        store_call_free(open->call);
        free(open);
}

static void tell_journal(OpenSession *open, Reason reason, const Login *login) {
        AuditRecord record = login_subject_audit(&open->subject, AUDIT_OPEN, reason);

        if (login) {
                record.sid = login->sid;
                record.logind_id = login->logind_id;
        }
        audit(open->op.context, &record);
}

static Reason check_handle(const OpenSession *open, const Handle **ret_handle) {
        const LoginSubject *subject = &open->subject;
        Context *context = open->op.context;
        const Handle *handle = handle_table_find(context->handles, subject->handle);

        if (!handle)
                return login_registry_find(context->logins, subject->handle)
                               ? REASON_HANDLE_USED
                               : REASON_HANDLE_UNKNOWN;
        if (handle->expires_up_sec <= operation_up_sec())
                return REASON_HANDLE_EXPIRED;
        if (strcmp(handle->service, subject->service))
                return REASON_HANDLE_MISMATCH;
        if (strcmp(handle->user, subject->user) &&
                (!subject->ruser || strcmp(handle->user, subject->ruser)))
                return REASON_HANDLE_MISMATCH;
        *ret_handle = handle;
        return REASON_OK;
}

static int describe(const OpenSession *open, const Handle *handle, Login *login) {
        const LoginSubject *subject = &open->subject;
        int r;

        memcpy(login->id, handle->id, sizeof(login->id));
        login->uid = (uid_t)-1;
        login->opened_at_sec = operation_now_sec();
        r = text_copy(handle->sid, &login->sid);
        if (r >= 0)
                r = text_copy(open->op.context->config->tenant, &login->tenant);
        if (r >= 0)
                r = text_copy(handle->user, &login->user);
        if (r >= 0)
                r = text_copy(subject->user, &login->target);
        if (r >= 0)
                r = text_copy(subject->service, &login->service);
        if (r >= 0)
                r = text_copy(subject->tty, &login->tty);
        if (r >= 0)
                r = text_copy(subject->rhost, &login->rhost);
        if (r >= 0)
                r = process_id_of(subject->pid, &login->leader);
        if (r >= 0)
                r = logind_session_of(subject->pid, &login->logind_id, &login->logind_owner);
        return r;
}

/* Record before asking the store again: a later revocation finds the record, an earlier one is
 * found by the second look. None is missed. */
static int record(OpenSession *open, const Handle *handle) {
        _cleanup_(login_freep) Login *login = NULL;
        Context *context = open->op.context;
        int r;

        r = login_new(&login);
        if (r >= 0)
                r = describe(open, handle, login);
        if (r >= 0)
                r = login_registry_add(context->logins, login);
        if (r < 0)
                return r;
        memcpy(open->id, login->id, sizeof(open->id));
        TAKE_PTR(login);
        handle_table_remove(context->handles, open->id);
        return 0;
}

static void refuse(OpenSession *open, Login *login, Reason reason) {
        tell_journal(open, reason, login);
        if (login && !login->ended)
                session_ending_start_one(open->op.context, login->user, login->sid, reason);
        operation_finish_reason(&open->op, reason);
}

static void on_loaded(StoreCall *call, int r, UserState *state, void *userdata) {
        _cleanup_(user_state_unrefp) UserState *owned = state;
        OpenSession *open = userdata;
        Context *context = open->op.context;
        Login *login = login_registry_find(context->logins, open->id);
        Reason reason;

        open->call = store_call_free(call);
        reason = operation_reason_of_store(r);
        if (!login) {
                refuse(open, NULL, REASON_SESSION_GONE);
                return;
        }
        if (reason != REASON_OK) {
                /* Nobody said that the session has ended, only that we cannot know: the login is
                 * refused, and its session left as it is. */
                tell_journal(open, reason, login);
                login_registry_remove(context->logins, login);
                operation_finish_reason(&open->op, reason);
                return;
        }
        reason = login->ended ? login->end_reason
                              : user_state_check(owned, login->sid, operation_now_sec());
        if (reason != REASON_OK) {
                refuse(open, login, reason);
                return;
        }
        deadline_timer_note(context->deadlines, owned);
        /* Look the rules up now: when the login ends there is no time for that. */
        user_rules_warm(context, login->user);
        tell_journal(open, REASON_OK, login);
        if (context->sink)
                context->sink(
                        &(SessionEvent){
                                .type = SESSION_EVENT_OPENED,
                                .sid = login->sid,
                                .reason = "login",
                        },
                        context->sink_userdata);
        operation_finish(&open->op, &(OperationResult){ .reason = REASON_OK, .sid = login->sid });
}

static int start(OpenSession *open) {
        Context *context = open->op.context;
        const Handle *handle = NULL;
        Reason reason;
        int r;

        reason = check_handle(open, &handle);
        if (reason == REASON_OK) {
                r = record(open, handle);
                if (r < 0)
                        reason = REASON_INTERNAL;
        }
        if (reason != REASON_OK) {
                tell_journal(open, reason, NULL);
                return operation_finish_later(&open->op, reason);
        }
        return user_store_load(context->store,
                (StoreName){ context->config->tenant,
                        login_registry_find(context->logins, open->id)->user },
                on_loaded, open, &open->call);
}

int open_session_start(Context *context, const LoginRequest *request, OperationDone done,
        void *userdata, Operation **ret_op) {
        OpenSession *open = calloc(1, sizeof(*open));
        int r;

        if (!open)
                return -ENOMEM;
        operation_init(&open->op, context, (OperationWaiter){ done, userdata }, open_session_free);
        r = login_subject_copy(request, &open->subject);
        if (r >= 0)
                r = start(open);
        return operation_started(&open->op, r, ret_op);
}
