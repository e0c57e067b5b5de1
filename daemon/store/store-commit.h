#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The one way in which a user's state changes: from what is stored to a changed copy of it, in one step, and only if
 * what is stored is still that.
 */

#include "daemon/store/user-store.h"

/* What a mark of the tenant (store-mark.h) has to begin with in that very step. */
typedef struct StoreGuard {
        const char *mark; /* its name; NULL: there is no such condition */
        const char *begins;
} StoreGuard;

/* What to make of what. References to both states are taken, so nobody changes them any more. */
typedef struct StoreCommit {
        UserState *before; /* as it was loaded or guessed */
        UserState *after;  /* a changed copy; gets the version that follows @before's */
        StoreGuard guard;  /* borrowed for the call of a function only */
        bool settle;       /* it is to be with replicas even if it takes nothing away anew */
        /* What is stored instead of a state, as user_store_examine() has told it: it is replaced if it is still that,
         * @before is empty, and there is no guard. Borrowed for the call of a function only; NULL: a state is. */
        const char *unreadable;
} StoreCommit;

/**
 * user_store_guess() - what a user's state probably is, without waiting
 * @store:      any
 * @user:       whose
 * @ret_state:  a reference, as from user_store_load(); the empty state if nothing is known
 *
 * Good enough to decide on what is committed then, since a commit tells a wrong guess from a right one; never
 * good enough for an answer. Return: 0; -ENOMEM; -EINVAL a name that cannot be.
 */
int user_store_guess(UserStore *store, StoreName user, UserState **ret_state);

/* @r: 0, and @state is what is stored; STORE_E_CORRUPT: @unreadable is, for StoreCommit, and @state, which is the
 * caller's in either case, what it still forbids (see state_fields_salvage()); both NULL where it cannot be replaced, or
 * anything else went wrong. @unreadable: borrowed. */
typedef void (*StoreExamineDone)(
        StoreCall *call, int r, UserState *state, const char *unreadable, void *userdata);

/**
 * user_store_examine() - read what a user_store_load() could not
 * @store:      connected or not
 * @user:       whose
 * @done:       called once
 * @userdata:   for @done
 * @ret_call:   as for user_store_load()
 *
 * From the store itself. What SQLite calls a damaged file is not replaced, as nobody knows what a write would meet.
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
