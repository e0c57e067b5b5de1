/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/context.h"
#include "daemon/operation/login-limit.h"
#include "daemon/operation/operation-object.h"
#include "daemon/policy/login-failure.h"
#include "daemon/store/lock-outs.h"
#include "daemon/verb/exclusion-verbs.h"

typedef struct LiftLockOut {
        Operation op;
        StoreCall *call;
        char *user;
        char place[LOGIN_PLACE_SIZE]; /* "": all of them */
        uid_t uid;
} LiftLockOut;

static void lift_lock_out_free(Operation *op) {
        LiftLockOut *lift = (LiftLockOut *)op;

        store_call_free(lift->call);
        free(lift->user);
        free(lift);
}

static void on_lifted(StoreCall *call, int r, const FailureAnswer *answer, void *userdata) {
        LiftLockOut *lift = userdata;
        OperationResult result = {
                .reason = operation_reason_of_store(r),
                .n_lifted = answer->n_lifted,
        };

        lift->call = store_call_free(call);
        audit(lift->op.context, &(AuditRecord){
                                        .event = AUDIT_UNLOCK,
                                        .reason = result.reason,
                                        .user = lift->user,
                                        .rhost = *lift->place ? lift->place : NULL,
                                        .count = result.n_lifted,
                                        .uid = lift->uid,
                                });
        operation_finish(&lift->op, &result);
}

static int start(LiftLockOut *lift, const LockOutOrder *order) {
        Context *context = lift->op.context;
        FailureQuestion which;

        lift->uid = order->uid;
        lift->user = strdup(order->user);
        if (!lift->user)
                return -ENOMEM;
        if (order->place)
                login_failure_name_place(order->place, lift->place);
        which = login_limit_question(context, lift->user, lift->place);
        return lock_outs_lift(context->store, &which, on_lifted, lift, &lift->call);
}

int lift_lock_out_start(Context *context, const LockOutOrder *order, OperationDone done,
        void *userdata, Operation **ret_op) {
        LiftLockOut *lift = calloc(1, sizeof(*lift));

        if (!lift)
                return -ENOMEM;
        operation_init(&lift->op, context, (OperationWaiter){ done, userdata }, lift_lock_out_free);
        return operation_started(&lift->op, start(lift, order), ret_op);
}
