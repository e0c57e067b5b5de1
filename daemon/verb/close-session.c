/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/login/login-registry.h"
#include "daemon/login/login-state.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/hook.h"
#include "daemon/operation/login-ender.h"
#include "daemon/operation/operation-object.h"
#include "daemon/verb/login-verbs.h"

static void close_session_free(Operation *op) {
        free(op);
}

/* The end of a login that was ended has been reported already, with its session's. */
static void tell_hooks(Context *context, const Login *login) {
        if (!login->ended)
                hook_send(context, &(HookEvent){
                                           .kind = HOOK_LOGOUT,
                                           .user = login->user,
                                           .session = login->sid,
                                           .service = login->service,
                                           .tty = login->tty,
                                           .rhost = login->rhost,
                                           .reason = reason_code(REASON_OK),
                                           .platform = login->platform,
                                           .device = login->device,
                                   });
}

static Reason close_login(Context *context, const LoginRequest *request) {
        Login *login = login_registry_find(context->logins, request->handle);
        Reason reason = REASON_OK;
        ProcessId peer;

        if (!login) {
                audit(context, &(AuditRecord){
                                       .event = AUDIT_CLOSE,
                                       .reason = REASON_HANDLE_UNKNOWN,
                                       .user = request->user,
                                       .pid = request->pid,
                                       .uid = request->uid,
                               });
                return REASON_HANDLE_UNKNOWN;
        }
        if (process_id_of(request->pid, &peer) < 0 || !process_id_equal(&peer, &login->leader))
                reason = REASON_LOGIN_FOREIGN;
        audit(context, &(AuditRecord){
                               .event = AUDIT_CLOSE,
                               .reason = reason,
                               .user = login->user,
                               .target = login->target,
                               .sid = login->sid,
                               .service = login->service,
                               .tty = login->tty,
                               .rhost = login->rhost,
                               .logind_id = login->logind_id,
                               .pid = request->pid,
                               .uid = request->uid,
                       });
        if (reason != REASON_OK)
                return reason;
        tell_hooks(context, login);
        /* Processes left behind in its logind session are still inside an ended login: the record
         * stays until that session is gone (reconcile drops it), so that sudo in it is refused. */
        login->closed = true;
        if (login->ended && !login_is_over(login))
                return REASON_OK;
        login_ender_forget(context->ender, login);
        login_registry_remove(context->logins, login);
        return REASON_OK;
}

int close_session_start(Context *context, const LoginRequest *request, OperationDone done,
        void *userdata, Operation **ret_op) {
        Operation *op = calloc(1, sizeof(*op));
        int r;

        if (!op)
                return -ENOMEM;
        operation_init(op, context, (OperationWaiter){ done, userdata }, close_session_free);
        r = operation_finish_later(op, close_login(context, request));
        return operation_started(op, r, ret_op);
}
