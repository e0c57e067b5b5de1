/* SPDX-License-Identifier: MIT */

#include "daemon/store/login-failures.h"
#include "daemon/store/store-object.h"

bool login_failures_may_lock_out(const UserStore *store) {
        return store->ops->ask_failures || failure_table_locks(store->failures);
}

bool login_failures_is_locked(UserStore *store, const FailureQuestion *question) {
        return failure_table_is_locked(store->failures, question);
}

static int start(UserStore *store, const FailureQuestion *question, StoreFailureDone done,
        void *userdata, StoreCall **ret_call) {
        StoreCall *call;
        int r;

        r = store_call_new_failure(store, question, done, userdata, &call);
        return r < 0 ? r
                     : store_call_started(
                               call, store->ops->note_failure(store, call, question), ret_call);
}

int login_failures_ask(UserStore *store, const FailureQuestion *question, StoreFailureDone done,
        void *userdata, StoreCall **ret_call) {
        StoreCall *call;
        int r;

        if (!store->ops->ask_failures || question->rules.max == 0)
                return STORE_E_NOT_FOUND;
        r = store_call_new_failure(store, question, done, userdata, &call);
        return r < 0 ? r
                     : store_call_started(
                               call, store->ops->ask_failures(store, call, question), ret_call);
}

int login_failures_reserve(UserStore *store, const FailureQuestion *question, StoreFailureDone done,
        void *userdata, StoreCall **ret_call) {
        if (!store->ops->ask_failures || question->rules.max == 0)
                return STORE_E_NOT_FOUND;
        return start(store, question, done, userdata, ret_call);
}

FailureAnswer login_failures_reserve_now(UserStore *store, const FailureQuestion *question) {
        FailureAnswer answer = { 0 };

        if (!failure_table_reserve(store->failures, question)) {
                answer.is_locked = failure_table_is_locked(store->failures, question);
                answer.is_full = !answer.is_locked;
        }
        return answer;
}

static bool locks_in_memory(UserStore *store, const FailureQuestion *question) {
        if (question->step != FAILURE_RELEASE)
                return failure_table_count(store->failures, question);
        failure_table_release(store->failures, &question->key);
        return false;
}

/* If the store does not count, memory does. */
int login_failures_note(UserStore *store, const FailureQuestion *question, StoreFailureDone done,
        void *userdata, StoreCall **ret_call) {
        bool counts_itself = store->ops->ask_failures;

        if (question->rules.max == 0 || (!counts_itself && !locks_in_memory(store, question)))
                return STORE_E_NOT_FOUND;
        return start(store, question, done, userdata, ret_call);
}
