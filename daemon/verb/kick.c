/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>

#include "daemon/operation/audit.h"
#include "daemon/operation/session-kick.h"
#include "daemon/operation/user-rules.h"
#include "daemon/verb/session-verbs.h"

int kick_start(Context *context, const EndOrder *order, OperationDone done, void *userdata,
        Operation **ret_op) {
        SessionKick *kick = calloc(1, sizeof(*kick));
        EndOrder scope = *order;
        PolicyRules rules;

        if (!kick)
                return -ENOMEM;
        operation_init(
                &kick->change.op, context, (OperationWaiter){ done, userdata }, session_kick_free);
        kick->event = AUDIT_KICK;
        kick->change.end_reason = REASON_SESSION_KICKED;
        (void)user_rules_last(context, order->filter.user, &rules);
        if (rules.kick_scope == KICK_SCOPE_USER)
                scope.filter = (SessionFilter){ .user = order->filter.user };
        return operation_started(&kick->change.op, session_kick_start(kick, &scope), ret_op);
}
