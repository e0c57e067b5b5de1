/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "daemon/session/state-fields.h"
#include "daemon/session/user-state.h"
#include "daemon/store/store-object.h"

#define CACHE_COUNT_MAX 8192u
#define CACHE_SIZE_MAX  ((size_t)8 * 1024 * 1024)

int store_init(UserStore *store, const StoreOps *ops, sd_event *event) {
        int r;

        TAILQ_INIT(&store->calls);
        TAILQ_INIT(&store->ready);
        store->ops = ops;
        store->event = sd_event_ref(event);
        if (getrandom(&store->next_number, sizeof(store->next_number), 0) !=
                (ssize_t)sizeof(store->next_number))
                return -EIO;
        r = state_cache_new(CACHE_COUNT_MAX, CACHE_SIZE_MAX, &store->cache);
        return r < 0 ? r : failure_table_new(FAILURE_TABLE_MAX, &store->failures);
}

void store_clear(UserStore *store) {
        StoreCall *call;

        while ((call = TAILQ_FIRST(&store->calls)))
                store_call_unlink(call);
        store->ready_source = sd_event_source_disable_unref(store->ready_source);
        store->event = sd_event_unref(store->event);
        store->failures = failure_table_free(store->failures);
        store->cache = state_cache_free(store->cache);
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

static StoreOperation operation_of(StoreCallType type) {
        switch (type) {
        case STORE_CALL_LOAD:
        case STORE_CALL_EXAMINE:
                return STORE_LOAD;
        case STORE_CALL_COMMIT:
                return STORE_COMMIT;
        case STORE_CALL_FIND:
                return STORE_FIND;
        case STORE_CALL_SCAN:
                return STORE_SCAN;
        case STORE_CALL_MARK:
                return STORE_MARK;
        case STORE_CALL_SETTLE:
                return STORE_SETTLE;
        case STORE_CALL_FAILURE:
        case STORE_CALL_LOCK_OUTS:
                break;
        }
        return STORE_FAILURE;
}

void store_count(UserStore *store, StoreCallType type, int r) {
        store_stats_add(&store->stats, operation_of(type), r,
                r == STORE_E_TIMEOUT ? store->timeout_usec : store->health.latency_usec);
        if (r == STORE_E_CONFLICT)
                store->health.n_conflicts++;
        else if (r != 0 && r != STORE_E_NOT_FOUND)
                store->health.n_errors++;
        else if (type == STORE_CALL_COMMIT)
                store->health.n_commits++;
}

void store_count_commit(UserStore *store, const UserState *before, int r) {
        if (r == STORE_E_CONFLICT && before->version.incarnation == 0)
                store_count(store, STORE_CALL_LOAD, 0);
        else
                store_count(store, STORE_CALL_COMMIT, r);
}

void store_next_version(UserStore *store, const UserState *before, StateVersion *ret_version) {
        state_version_make(
                &before->version, before->tenant, before->user, store->next_number++, ret_version);
}
