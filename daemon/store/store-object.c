/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "daemon/store/store-object.h"

static int wake(UserStore *store);

static int on_ready(sd_event_source *source, void *userdata) {
        UserStore *store = userdata;

        (void)source;
        store->ready_source = sd_event_source_unref(store->ready_source);
        /* What a completion starts waits for the next turn, or two callers could keep us here. */
        for (size_t n = store->n_ready; n > 0 && !TAILQ_EMPTY(&store->ready); n--) {
                StoreCall *call = TAILQ_FIRST(&store->ready);
                StoreResult result = { 0 };

                result.state = TAKE_PTR(call->ready_state);
                store_call_finish(call, call->ready_result, &result);
        }
        return TAILQ_EMPTY(&store->ready) ? 0 : wake(store);
}

/* A new source each time: sd-event serves what has been pending for longest, and one that is only
 * enabled again counts from its first day. Completions that start the next call would then keep the
 * loop from everything else. */
static int wake(UserStore *store) {
        if (store->ready_source)
                return 0;
        return sd_event_add_defer(store->event, &store->ready_source, on_ready, store);
}

void store_init(UserStore *store, const StoreOps *ops, sd_event *event) {
        TAILQ_INIT(&store->calls);
        TAILQ_INIT(&store->ready);
        store->ops = ops;
        store->event = sd_event_ref(event);
}

/* Out of all lists; whoever holds the call is told. */
static void unlink_call(StoreCall *call) {
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

void store_clear(UserStore *store) {
        StoreCall *call;

        while ((call = TAILQ_FIRST(&store->calls)))
                unlink_call(call);
        store->ready_source = sd_event_source_disable_unref(store->ready_source);
        store->event = sd_event_unref(store->event);
}

void store_tell(UserStore *store, int priority, const char *format, ...) {
        char message[STORE_MESSAGE_MAX];
        va_list arguments;

        if (!store->notice)
                return;
        va_start(arguments, format);
        vsnprintf(message, sizeof(message), format, arguments);
        va_end(arguments);
        store->notice(priority, message, store->userdata);
}

uint64_t store_now_usec(UserStore *store) {
        uint64_t now_usec = 0;

        /* Fails only in a forked child, where no call is started. */
        (void)sd_event_now(store->event, CLOCK_MONOTONIC, &now_usec);
        return now_usec;
}

void store_call_hold(StoreCall *call, StoreCall **holder) {
        call->holder = holder;
        *holder = call;
}

static void complete(StoreCall *call, int r, StoreResult *result) {
        switch (call->type) {
        case STORE_CALL_LOAD:
                call->done.load(call, r, r == 0 ? TAKE_PTR(result->state) : NULL, call->userdata);
                return;
        case STORE_CALL_COMMIT:
                call->done.commit(call, r, call->userdata);
                return;
        case STORE_CALL_FIND:
                call->done.find(call, r, r == 0 ? result->user : NULL, call->userdata);
                return;
        case STORE_CALL_LIST:
                call->done.list(call, r, r == 0 ? result->users : NULL,
                        r == 0 ? result->n_users : 0, call->userdata);
                return;
        case STORE_CALL_MARK:
                call->done.mark(call, r, r == 0 || r == STORE_E_CONFLICT ? result->mark : NULL,
                        call->userdata);
                return;
        case STORE_CALL_SCAN:
                call->done.scan(call, r,
                        &(StorePage){ .users = r == 0 ? result->users : NULL,
                                .n_users = r == 0 ? result->n_users : 0,
                                .next = r == 0 ? result->next : NULL },
                        call->userdata);
                return;
        }
}

void store_call_finish(StoreCall *call, int r, StoreResult *result) {
        StoreResult nothing = { 0 };

        if (!result)
                result = &nothing;
        if (call) {
                unlink_call(call);
                call->completing = true;
                complete(call, r, result);
                user_state_unref(call->ready_state);
                free(call);
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
        unlink_call(call);
        user_state_unref(call->ready_state);
        free(call);
        return NULL;
}

void store_count(UserStore *store, StoreCallType type, int r) {
        if (r == STORE_E_CONFLICT)
                store->health.n_conflicts++;
        else if (r != 0 && r != STORE_E_NOT_FOUND)
                store->health.n_errors++;
        else if (type == STORE_CALL_COMMIT)
                store->health.n_commits++;
}

int store_next_version(const StateVersion *version, StateVersion *ret_version) {
        StateVersion next = *version;

        /* A counter that began again at 1 would let an old reader of a re-made record win. */
        while (next.incarnation == 0) {
                if (getrandom(&next.incarnation, sizeof(next.incarnation), 0) !=
                        (ssize_t)sizeof(next.incarnation))
                        return -EIO;
                next.counter = 0;
        }
        next.counter++;
        *ret_version = next;
        return 0;
}
