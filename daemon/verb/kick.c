/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>

#include "daemon/operation/audit.h"
#include "daemon/operation/session-kick.h"
#include "daemon/operation/user-rules.h"
#include "daemon/verb/session-verbs.h"

static void kick_free(Operation *op) {
        SessionKick *kick = (SessionKick *)op;

        session_kick_clear(kick);
        free(kick);
}

int kick_start(Context *context, const EndOrder *order, OperationDone done, void *userdata,
        Operation **ret_op) {
        SessionKick *kick = calloc(1, sizeof(*kick));
        EndOrder scope = *order;
        PolicyRules rules;
        int r;

        if (!kick)
                return -ENOMEM;
        operation_init(&kick->change.op, context, (OperationWaiter){ done, userdata }, kick_free);
        kick->event = AUDIT_KICK;
        kick->change.end_reason = REASON_SESSION_KICKED;
        (void)user_rules_last(context, order->filter.user, &rules);
        if (rules.kick_scope == KICK_SCOPE_USER)
                scope.filter = (SessionFilter){ .user = order->filter.user };
        r = session_kick_start(kick, &scope);
        if (r < 0) {
                operation_abandon(&kick->change.op);
                return r;
        }
        if (ret_op)
                *ret_op = &kick->change.op;
        return 0;
}
