#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The common part of the SQLite and the Redis store: the calls under way and their completion. Only
 * files of this folder include it.
 */

#include "daemon/session/moment.h"
#include "daemon/store/state-cache.h"
#include "daemon/store/store-call.h"
#include "daemon/store/store-commit.h"
#include "daemon/store/store-stats.h"
#include "daemon/store/store-watch.h"

/* Every start function: 0 started, and the call is held or deferred; negative errno: it is not. */
typedef struct StoreOps {
        void (*close)(UserStore *store);
        int (*load)(UserStore *store, StoreCall *call, const char *tenant, const char *user);
        int (*examine)(UserStore *store, StoreCall *call, const char *tenant, const char *user);
        int (*peek)(UserStore *store, const char *tenant, const char *user,
                const UserState **ret_state);
        int (*commit)(UserStore *store, StoreCall *call, const StoreCommit *commit);
        int (*settle)(UserStore *store, StoreCall *call); /* while @settles */
        int (*find_sid)(UserStore *store, StoreCall *call, const char *tenant, const char *sid);
        int (*scan)(UserStore *store, StoreCall *call, const char *tenant, const char *from);
        int (*mark)(UserStore *store, StoreCall *call, const StoreMarkChange *change);
        /* NULL: memory counts, and @note_failure only writes a lock-out down. */
        int (*ask_failures)(UserStore *store, StoreCall *call, const FailureQuestion *question);
        int (*note_failure)(UserStore *store, StoreCall *call, const FailureQuestion *question);
        int (*list_lock_outs)(UserStore *store, StoreCall *call, const FailureQuestion *question);
        int (*lift_lock_outs)(UserStore *store, StoreCall *call, const FailureQuestion *question);
        void (*expire)(UserStore *store, const Moment *moment);
        int (*set_password)(UserStore *store, const char *password); /* NULL: has none */
} StoreOps;

/* The first member of each kind of store. */
struct UserStore {
        const StoreOps *ops;
        sd_event *event;
        sd_event_source *ready_source;
        StoreNotice notice;
        void *userdata;
        StoreWatcher watcher; /* zeroed: nobody */
        uint64_t timeout_usec;
        StoreHealth health;
        bool settles; /* revocations wait for replicas */
        StoreStats stats;
        struct StoreCallList calls; /* in the order of their start */
        struct StoreCallList ready; /* completed without waiting, to be told from the loop */
        size_t n_ready;
        FailureTable *failures;
        uint64_t next_number; /* for versions; began at random */
        StateCache *cache;    /* SQLite: equal to what is stored; Redis: where it is certain */
};

/**
 * store_init() - fill the common part of a store
 * @store:      zeroed
 * @ops:        static
 * @event:      referenced
 *
 * Return: 0; -ENOMEM; -EIO no random numbers. The store is to be cleared in any case.
 */
int store_init(UserStore *store, const StoreOps *ops, sd_event *event);

/**
 * store_clear() - free the common part; calls stay with their callers, silenced
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
 * store_names_are_valid() - whether both can be part of a key's name
 * @tenant:     any text
 * @user:       any text
 */
bool store_names_are_valid(const char *tenant, const char *user);

/**
 * store_count() - count an operation for `status`
 * @store:      any
 * @type:       of the call, whether somebody waited for it or not
 * @r:          its outcome
 */
void store_count(UserStore *store, StoreCallType type, int r);

/**
 * store_count_commit() - the same for a commit; a wrong guess counts as a load
 * @store:      any
 * @before:     the expected state
 * @r:          the commit's outcome
 */
void store_count_commit(UserStore *store, const UserState *before, int r);

/**
 * store_next_version() - the version that a commit gives the state
 * @store:      never gives the same one twice
 * @before:     the state as it was loaded
 * @ret_version: the next one
 */
void store_next_version(UserStore *store, const UserState *before, StateVersion *ret_version);
