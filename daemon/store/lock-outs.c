/* SPDX-License-Identifier: MIT */

#include <errno.h>

#include "daemon/store/lock-outs.h"
#include "daemon/store/store-object.h"

int lock_outs_list(UserStore *store, const FailureQuestion *question, StoreLockOutsDone done,
        void *userdata, StoreCall **ret_call) {
        StoreCall *call;
        int r;

        if (*question->key.user && !store_names_are_valid(question->key.tenant, question->key.user))
                return -EINVAL;
        r = store_call_new(store, STORE_CALL_LOCK_OUTS, userdata, &call);
        if (r < 0)
                return r;
        call->done.lock_outs = done;
        return store_call_started(
                call, store->ops->list_lock_outs(store, call, question), ret_call);
}

int lock_outs_lift(UserStore *store, const FailureQuestion *question, StoreFailureDone done,
        void *userdata, StoreCall **ret_call) {
        StoreCall *call;
        int r;

        r = store_call_new_failure(store, question, done, userdata, &call);
        return r < 0 ? r
                     : store_call_started(
                               call, store->ops->lift_lock_outs(store, call, question), ret_call);
}
