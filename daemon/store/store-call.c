/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>

#include "daemon/store/store-object.h"

static int wake(UserStore *store);

static int on_ready(sd_event_source *source, void *userdata) {
        UserStore *store = userdata;

        (void)source;
        store->ready_source = sd_event_source_unref(store->ready_source);
        /* Calls that a completion starts wait for the next turn, or two callers could keep us
         * here for ever. */
        for (size_t n = store->n_ready; n > 0 && !TAILQ_EMPTY(&store->ready); n--) {
                StoreCall *call = TAILQ_FIRST(&store->ready);
                StoreResult result = { 0 };

                result.state = TAKE_PTR(call->ready_state);
                store_call_finish(call, call->ready_result, &result);
        }
        return TAILQ_EMPTY(&store->ready) ? 0 : wake(store);
}

/* A new source each time: sd-event serves the source that has been pending for longest, and
 * counts one that is only enabled again from its first time. So completions that start the next
 * call would keep the loop from everything else. */
static int wake(UserStore *store) {
        if (store->ready_source)
                return 0;
        return sd_event_add_defer(store->event, &store->ready_source, on_ready, store);
}

/* Out of all lists; whoever holds the call is told. */
void store_call_unlink(StoreCall *call) {
        if (call->holder)
                *call->holder = NULL;
        call->holder = NULL;
        if (!call->store)
                return;
        if (call->ready) {
                TAILQ_REMOVE(&call->store->ready, call, ready_link);
                call->store->n_ready--;
        }
        call->ready = false;
        TAILQ_REMOVE(&call->store->calls, call, link);
        call->store = NULL;
}

int store_call_new(UserStore *store, StoreCallType type, void *userdata, StoreCall **ret_call) {
        StoreCall *call = malloc(sizeof(*call));

        if (!call)
                return -ENOMEM;
        *call = (StoreCall){
                .store = store,
                .type = type,
                .userdata = userdata,
                .started_usec = store_now_usec(store),
        };
        TAILQ_INSERT_TAIL(&store->calls, call, link);
        *ret_call = call;
        return 0;
}

int store_call_new_failure(UserStore *store, const FailureQuestion *question, StoreFailureDone done,
        void *userdata, StoreCall **ret_call) {
        int r;

        if (!store_names_are_valid(question->key.tenant, question->key.user))
                return -EINVAL;
        r = store_call_new(store, STORE_CALL_FAILURE, userdata, ret_call);
        if (r == 0)
                (*ret_call)->done.failure = done;
        return r;
}

int store_call_started(StoreCall *call, int r, StoreCall **ret_call) {
        if (r < 0) {
                store_call_free(call);
                return r;
        }
        *ret_call = call;
        return 0;
}

void store_call_hold(StoreCall *call, StoreCall **holder) {
        call->holder = holder;
        *holder = call;
}

static void complete_examine(StoreCall *call, int r, StoreResult *result) {
        const char *unreadable = r == STORE_E_CORRUPT ? result->unreadable : NULL;

        call->done.examine(call, r, r == 0 || unreadable ? TAKE_PTR(result->state) : NULL,
                unreadable, call->userdata);
}

static void complete(StoreCall *call, int r, StoreResult *result) {
        switch (call->type) {
        case STORE_CALL_LOAD:
                call->done.load(call, r, r == 0 ? TAKE_PTR(result->state) : NULL, call->userdata);
                return;
        case STORE_CALL_EXAMINE:
                complete_examine(call, r, result);
                return;
        case STORE_CALL_COMMIT:
                call->done.commit(call, r, r == STORE_E_CONFLICT ? TAKE_PTR(result->state) : NULL,
                        call->userdata);
                return;
        case STORE_CALL_FIND:
                call->done.find(call, r, r == 0 ? result->user : NULL, call->userdata);
                return;
        case STORE_CALL_FAILURE:
                call->done.failure(
                        call, r, r == 0 ? &result->failure : &(FailureAnswer){ 0 }, call->userdata);
                return;
        case STORE_CALL_LOCK_OUTS:
                lock_out_list_sort(&call->lock_outs);
                call->done.lock_outs(
                        call, r, r == 0 ? &call->lock_outs : &(LockOutList){ 0 }, call->userdata);
                return;
        case STORE_CALL_MARK:
                call->done.mark(call, r, r == 0 || r == STORE_E_CONFLICT ? result->mark : NULL,
                        call->userdata);
                return;
        case STORE_CALL_SETTLE:
                call->done.settle(call, r, call->userdata);
                return;
        case STORE_CALL_SCAN:
                call->done.scan(call, r,
                        &(StorePage){ .users = r == 0 ? result->users : NULL,
                                .n_users = r == 0 ? result->n_users : 0,
                                .next = r == 0 ? result->next : NULL,
                                .lost = r == 0 && result->lost },
                        call->userdata);
                return;
        }
}

static void drop(StoreCall *call) {
        user_state_unref(call->ready_state);
        lock_out_list_clear(&call->lock_outs);
        free(call);
}

void store_call_finish(StoreCall *call, int r, StoreResult *result) {
        StoreResult nothing = { 0 };

        if (!result)
                result = &nothing;
        if (call) {
                store_call_unlink(call);
                call->completing = true;
                complete(call, r, result);
                drop(call);
        }
        result->state = user_state_unref(result->state);
}

int store_call_defer(StoreCall *call, int r, UserState *state) {
        UserStore *store = call->store;
        int woken = wake(store);

        if (woken < 0) {
                user_state_unref(state);
                return woken;
        }
        call->ready = true;
        call->ready_result = r;
        call->ready_state = state;
        TAILQ_INSERT_TAIL(&store->ready, call, ready_link);
        store->n_ready++;
        return 0;
}

StoreCall *store_call_free(StoreCall *call) {
        if (!call || call->completing)
                return NULL;
        store_call_unlink(call);
        drop(call);
        return NULL;
}
