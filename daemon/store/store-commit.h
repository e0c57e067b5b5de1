#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The only way to change a user's state: from the stored state to a changed copy, in one step, and only if the
 * stored state is still the expected one.
 */

#include "daemon/store/user-store.h"

/* The required beginning of a mark of the tenant (store-mark.h), checked in the same step. */
typedef struct StoreGuard {
        const char *mark; /* its name; NULL: there is no such condition */
        const char *begins;
} StoreGuard;

/* The change. References to both states are taken, so nobody may change them any more. */
typedef struct StoreCommit {
        UserState *before; /* as it was loaded or guessed */
        UserState *after;  /* a changed copy; gets the version that follows @before's */
        StoreGuard guard;  /* borrowed for the call of a function only */
        bool settle;       /* wait for replicas even if the change takes nothing away */
        /* The unreadable record, as user_store_examine() described it: it is replaced if it is still the same.
         * Then @before is empty, and there is no guard. Borrowed for the call of a function only; NULL: the record
         * is readable. */
        const char *unreadable;
} StoreCommit;

/**
 * user_store_guess() - what a user's state probably is, without waiting
 * @store:      any
 * @user:       whose
 * @ret_state:  a reference, as from user_store_load(); the empty state if nothing is known
 *
 * Good enough for a decision that is then committed, since a commit detects a wrong guess; never good enough
 * for an answer. Return: 0; -ENOMEM; -EINVAL a name that cannot be.
 */
int user_store_guess(UserStore *store, StoreName user, UserState **ret_state);

/* @r: 0, and @state is the stored state; STORE_E_CORRUPT: @unreadable describes the record, for StoreCommit,
 * and @state has its prohibitions (see state_fields_salvage()). The caller owns @state in both cases; @unreadable is
 * borrowed. Both are NULL if the record cannot be replaced, or after another failure. */
typedef void (*StoreExamineDone)(
        StoreCall *call, int r, UserState *state, const char *unreadable, void *userdata);

/**
 * user_store_examine() - read a record that user_store_load() could not
 * @store:      connected or not
 * @user:       whose
 * @done:       called once
 * @userdata:   for @done
 * @ret_call:   as for user_store_load()
 *
 * From the store itself, not from memory. In a file that SQLite calls damaged nothing is replaced, as the effect of
 * a write would be unknown.
 * Return: 0 started; -ENOMEM; -EINVAL a name that cannot be.
 */
int user_store_examine(UserStore *store, StoreName user, StoreExamineDone done, void *userdata,
        StoreCall **ret_call);

/**
 * user_store_commit() - turn a user's state into another if nobody changed it
 * @store:      connected or not
 * @commit:     both states; an empty one is not stored but deleted
 * @done:       called when the state is durable; STORE_E_MARK: the guard's mark is another one;
 *              STORE_E_UNREPLICATED: it is done, and ends or forbids something, but a failover may undo it
 * @userdata:   for @done
 * @ret_call:   as for user_store_load()
 *
 * Only what differs is written. Atomic, with the SID index, in one Lua script or one transaction. Return: 0
 * started; -ENOMEM; -EINVAL, -EMSGSIZE a state that cannot be stored (with SQLite @done may say so).
 */
int user_store_commit(UserStore *store, StoreCommit commit, StoreCommitDone done, void *userdata,
        StoreCall **ret_call);
