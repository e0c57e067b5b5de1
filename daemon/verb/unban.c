/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "daemon/config/config.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/clock-keeper.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/user-queue.h"
#include "daemon/policy/exclusion.h"
#include "daemon/verb/exclusion-verbs.h"

typedef struct Unban {
        Operation op;
        char *user;
        uid_t uid;
} Unban;

static void unban_free(Operation *op) {
        Unban *unban = (Unban *)op;

        free(unban->user);
        free(unban);
}

static Reason decide(UserState *state, uint64_t now_sec, bool *ret_changed, void *userdata) {
        const Unban *unban = userdata;
        Moment moment = clock_keeper_now(unban->op.context->clock);
        Reason reason = exclusion_lift(state, &moment);

        (void)now_sec;
        *ret_changed = reason == REASON_OK;
        return reason;
}

static void on_done(Reason reason, const UserState *state, void *userdata) {
        Unban *unban = userdata;

        (void)state;
        audit(unban->op.context, &(AuditRecord){
                                         .event = AUDIT_UNBAN,
                                         .reason = reason,
                                         .user = unban->user,
                                         .uid = unban->uid,
                                 });
        operation_finish_reason(&unban->op, reason);
}

int unban_start(Context *context, const BanOrder *order, OperationDone done, void *userdata,
        Operation **ret_op) {
        Unban *unban = calloc(1, sizeof(*unban));
        int r;

        if (!unban)
                return -ENOMEM;
        operation_init(&unban->op, context, (OperationWaiter){ done, userdata }, unban_free);
        unban->uid = order->uid;
        unban->user = strdup(order->user);
        r = unban->user
                    ? user_queue_change(context->queue, context->config->tenant, unban->user,
                              &(UserChange){ .decide = decide, .done = on_done, .userdata = unban })
                    : -ENOMEM;
        return operation_started(&unban->op, r, ret_op);
}
