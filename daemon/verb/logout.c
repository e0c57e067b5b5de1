/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>

#include "daemon/operation/audit.h"
#include "daemon/operation/session-change.h"
#include "daemon/operation/user-queue.h"
#include "daemon/verb/session-verbs.h"

static void on_committed(SessionChange *change, Reason reason) {
        if (user_change_is_done(reason))
                session_change_follow(change);
        session_change_tell(change, AUDIT_LOGOUT, reason);
        operation_finish(&change->op, &(OperationResult){
                                              .reason = reason,
                                              .user = change->user,
                                              .n_revoked = (unsigned int)change->ended.n_ends,
                                      });
}

int logout_start(Context *context, const EndOrder *order, OperationDone done, void *userdata,
        Operation **ret_op) {
        SessionChange *change = calloc(1, sizeof(*change));

        if (!change)
                return -ENOMEM;
        operation_init(
                &change->op, context, (OperationWaiter){ done, userdata }, session_change_free);
        change->end_reason = REASON_SESSION_LOGGED_OUT;
        change->committed = on_committed;
        return operation_started(&change->op, session_change_start(change, order), ret_op);
}
