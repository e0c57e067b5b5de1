#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A call under way and its completion; a part of store-object.h.
 *
 * Work in flight holds its call through a pointer that store_call_hold() registers; it is set to NULL
 * when the caller lets go of the call, and store_call_finish() accepts NULL.
 */

#include <sys/queue.h>

#include "daemon/session/user-state.h"
#include "daemon/store/lock-outs.h"
#include "daemon/store/store-commit.h"
#include "daemon/store/store-mark.h"
#include "daemon/store/store-scan.h"
#include "daemon/store/store-settle.h"
#include "daemon/store/user-store.h"

typedef enum StoreCallType {
        STORE_CALL_LOAD,
        STORE_CALL_EXAMINE,
        STORE_CALL_COMMIT,
        STORE_CALL_FIND,
        STORE_CALL_SCAN,
        STORE_CALL_FAILURE,
        STORE_CALL_LOCK_OUTS,
        STORE_CALL_MARK,
        STORE_CALL_SETTLE,
} StoreCallType;

/* The result of a call, by its type. */
typedef struct StoreResult {
        UserState *state;       /* LOAD, EXAMINE, and COMMIT when it was a conflict: handed over */
        const char *unreadable; /* EXAMINE, when it was corrupt; NULL: it cannot be replaced */
        const char *user;       /* FIND */
        const char *mark;       /* MARK; also when it was a conflict */
        char **users;           /* SCAN */
        size_t n_users;
        const char *next;      /* SCAN: where to go on; NULL: that was all */
        bool lost;             /* SCAN: the list has lost users */
        FailureAnswer failure; /* FAILURE */
} StoreResult;

struct StoreCall {
        UserStore *store; /* NULL once the store is gone */
        StoreCallType type;
        union {
                StoreLoadDone load;
                StoreExamineDone examine;
                StoreCommitDone commit;
                StoreFindDone find;
                StoreScanDone scan;
                StoreFailureDone failure;
                StoreLockOutsDone lock_outs;
                StoreMarkDone mark;
                StoreSettleDone settle;
        } done;
        void *userdata;
        uint64_t started_usec; /* CLOCK_MONOTONIC */
        StoreCall **holder;
        bool completing; /* its completion runs: it is freed afterwards, not by the caller */
        bool ready;
        int ready_result;
        UserState *ready_state;
        LockOutList lock_outs;             /* LOCK_OUTS: what was found so far */
        TAILQ_ENTRY(StoreCall) link;       /* linked in UserStore.calls */
        TAILQ_ENTRY(StoreCall) ready_link; /* linked in UserStore.ready while @ready */
};

TAILQ_HEAD(StoreCallList, StoreCall);

/**
 * store_call_new() - a call that nothing holds
 * @store:      gets it
 * @type:       of the call; its completion is the caller's to set
 * @userdata:   for the completion
 * @ret_call:   to be given to store_call_started()
 *
 * Return: 0; -ENOMEM.
 */
int store_call_new(UserStore *store, StoreCallType type, void *userdata, StoreCall **ret_call);

/**
 * store_call_new_failure() - the same for one about failed logins of a user
 * @store:      gets it
 * @question:   borrowed
 * @done:       its completion
 * @userdata:   for @done
 * @ret_call:   to be given to store_call_started()
 *
 * Return: 0; -ENOMEM; -EINVAL a name that cannot be.
 */
int store_call_new_failure(UserStore *store, const FailureQuestion *question, StoreFailureDone done,
        void *userdata, StoreCall **ret_call);

/**
 * store_call_started() - hand a call to its caller, or drop it
 * @call:       from store_call_new()
 * @r:          what the store's start function said
 * @ret_call:   set unless @r is negative
 *
 * Return: @r if negative; 0.
 */
int store_call_started(StoreCall *call, int r, StoreCall **ret_call);

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
 * store_call_unlink() - take a call out of all lists; whoever holds it is told
 * @call:       stays with its caller, silenced
 */
void store_call_unlink(StoreCall *call);
