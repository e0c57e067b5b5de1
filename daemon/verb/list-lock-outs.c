/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "daemon/operation/context.h"
#include "daemon/operation/login-limit.h"
#include "daemon/operation/operation-object.h"
#include "daemon/store/lock-outs.h"
#include "daemon/verb/exclusion-verbs.h"

typedef struct ListLockOuts {
        Operation op;
        StoreCall *call;
} ListLockOuts;

static void list_lock_outs_free(Operation *op) {
        ListLockOuts *list = (ListLockOuts *)op;

        store_call_free(list->call);
        free(list);
}

static void on_listed(StoreCall *call, int r, const LockOutList *lock_outs, void *userdata) {
        ListLockOuts *list = userdata;

        list->call = store_call_free(call);
        operation_finish(&list->op, &(OperationResult){
                                            .reason = operation_reason_of_store(r),
                                            .lock_outs = lock_outs,
                                    });
}

int list_lock_outs_start(Context *context, const LockOutOrder *order, OperationDone done,
        void *userdata, Operation **ret_op) {
        ListLockOuts *list = calloc(1, sizeof(*list));
        FailureQuestion which = login_limit_question(
                context, STRING_OR_EMPTY(order->user), STRING_OR_EMPTY(order->place));
        int r;

        if (!list)
                return -ENOMEM;
        operation_init(
                &list->op, context, (OperationWaiter){ done, userdata }, list_lock_outs_free);
        r = lock_outs_list(context->store, &which, on_listed, list, &list->call);
        return operation_started(&list->op, r, ret_op);
}
