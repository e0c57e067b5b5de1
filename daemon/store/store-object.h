#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What the SQLite and the Redis store are both made of: the calls under way and their completion.
 * Only files of this folder include it.
 *
 * Work in flight holds its call through a pointer that store_call_hold() registers; it is set to NULL
 * when the caller lets go of the call, and store_call_finish() accepts NULL.
 */

#include <sys/queue.h>

#include "daemon/session/user-state.h"
#include "daemon/store/store-mark.h"
#include "daemon/store/store-scan.h"
#include "daemon/store/user-store.h"

typedef enum StoreCallType {
        STORE_CALL_LOAD,
        STORE_CALL_COMMIT,
        STORE_CALL_FIND,
        STORE_CALL_LIST,
        STORE_CALL_SCAN,
        STORE_CALL_MARK,
} StoreCallType;

/* What a call completes with, by its type. */
typedef struct StoreResult {
        UserState *state; /* LOAD: handed over */
        const char *user; /* FIND */
        const char *mark; /* MARK; also when it was a conflict */
        char **users;     /* LIST, SCAN */
        size_t n_users;
        const char *next; /* SCAN: where to go on; NULL: that was all */
} StoreResult;

struct StoreCall {
        UserStore *store; /* NULL once the store is gone */
        StoreCallType type;
        union {
                StoreLoadDone load;
                StoreCommitDone commit;
                StoreFindDone find;
                StoreListDone list;
                StoreScanDone scan;
                StoreMarkDone mark;
        } done;
        void *userdata;
        uint64_t started_usec; /* CLOCK_MONOTONIC */
        StoreCall **holder;
        bool completing; /* its completion runs: it is freed afterwards, not by the caller */
        bool ready;
        int ready_result;
        UserState *ready_state;
        TAILQ_ENTRY(StoreCall) link;       /* linked in UserStore.calls */
        TAILQ_ENTRY(StoreCall) ready_link; /* linked in UserStore.ready while @ready */
};

TAILQ_HEAD(StoreCallList, StoreCall);

/* Every start function: 0 started, and the call is held or deferred; negative errno: it is not. */
typedef struct StoreOps {
        void (*close)(UserStore *store);
        int (*load)(UserStore *store, StoreCall *call, const char *tenant, const char *user);
        int (*peek)(UserStore *store, const char *tenant, const char *user,
                const UserState **ret_state);
        int (*commit)(UserStore *store, StoreCall *call, const UserState *state);
        int (*find_sid)(UserStore *store, StoreCall *call, const char *tenant, const char *sid);
        int (*list)(UserStore *store, StoreCall *call, const char *tenant);
        int (*scan)(UserStore *store, StoreCall *call, const char *tenant, const char *from);
        int (*mark)(UserStore *store, StoreCall *call, const StoreMarkChange *change);
        void (*expire)(UserStore *store, uint64_t now_sec);
} StoreOps;

/* The first member of each kind of store. */
struct UserStore {
        const StoreOps *ops;
        sd_event *event;
        sd_event_source *ready_source;
        StoreNotice notice;
        void *userdata;
        uint64_t timeout_usec;
        StoreHealth health;
        struct StoreCallList calls; /* in the order of their start */
        struct StoreCallList ready; /* completed without waiting, to be told from the loop */
        size_t n_ready;
};

/**
 * store_init() - fill the common part of a store
 * @store:      zeroed
 * @ops:        static
 * @event:      referenced
 */
void store_init(UserStore *store, const StoreOps *ops, sd_event *event);

/**
 * store_clear() - let go of the common part; calls stay with their callers, silenced
 * @store:      from store_init()
 */
void store_clear(UserStore *store);

/**
 * store_tell() - one line for the administrator
 * @store:      whose notice function is called
 * @priority:   syslog priority
 * @format:     printf's
 */
void store_tell(UserStore *store, int priority, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/**
 * store_now_usec() - the loop's monotonic clock
 * @store:      any
 */
uint64_t store_now_usec(UserStore *store);

/**
 * store_call_hold() - let work in flight hold a call
 * @call:       a call that nothing holds
 * @holder:     gets @call; set to NULL when the call goes away
 */
void store_call_hold(StoreCall *call, StoreCall **holder);

/**
 * store_call_finish() - complete a call
 * @call:       gone afterwards; NULL: nobody waits any more
 * @r:          0, STORE_E_* or negative errno
 * @result:     read if @r is 0; its state is always taken; NULL: nothing to tell
 */
void store_call_finish(StoreCall *call, int r, StoreResult *result);

/**
 * store_call_defer() - complete a call as soon as control is back in the loop
 * @call:       a call that nothing holds
 * @r:          0, STORE_E_* or negative errno
 * @state:      LOAD: handed over; else NULL
 *
 * Return: 0; negative errno: the loop refused, @state was freed.
 */
int store_call_defer(StoreCall *call, int r, UserState *state);

/**
 * store_count() - keep the books of `status`
 * @store:      any
 * @type:       of the call, whether somebody waited for it or not
 * @r:          its outcome
 */
void store_count(UserStore *store, StoreCallType type, int r);

/**
 * store_next_version() - the version that a commit gives the state
 * @version:    the state's, as it was loaded
 * @ret_version: the next one; a new incarnation if nothing was stored
 *
 * Return: 0; negative errno.
 */
int store_next_version(const StateVersion *version, StateVersion *ret_version);
