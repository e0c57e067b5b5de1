/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>

#include "daemon/operation/audit.h"
#include "daemon/operation/session-change.h"
#include "daemon/operation/user-queue.h"
#include "daemon/verb/session-verbs.h"

static void on_committed(SessionChange *change, Reason reason) {
        OperationResult result = { .user = change->user };

        if (reason == REASON_OK && *change->sid && change->ended.n_ends == 0)
                reason =
                        change->sid_state == REASON_OK ? REASON_SESSION_UNKNOWN : change->sid_state;
        if (user_change_is_done(reason))
                session_change_follow(change);
        session_change_tell(change, AUDIT_REVOKE, reason);
        result.reason = reason;
        result.n_revoked = (unsigned int)change->ended.n_ends;
        operation_finish(&change->op, &result);
}

int revoke_start(Context *context, const EndOrder *order, OperationDone done, void *userdata,
        Operation **ret_op) {
        SessionChange *change = calloc(1, sizeof(*change));

        if (!change)
                return -ENOMEM;
        operation_init(
                &change->op, context, (OperationWaiter){ done, userdata }, session_change_free);
        change->end_reason = REASON_SESSION_REVOKED;
        change->committed = on_committed;
        return operation_started(&change->op, session_change_start(change, order), ret_op);
}
