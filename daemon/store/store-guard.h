#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A commit under a condition: what a mark of the tenant (store-mark.h) says in the very moment in which the state is
 * stored.
 */

#include "daemon/store/user-store.h"

/* What a mark has to begin with for a commit to take place. */
typedef struct StoreGuard {
        const char *mark; /* its name; NULL: there is no such condition */
        const char *begins;
} StoreGuard;

/* Borrowed for the call of a function only. */
typedef struct StoreCommit {
        const UserState *state; /* the new one, with the version it was loaded with */
        StoreGuard guard;
} StoreCommit;

/**
 * user_store_commit_if() - user_store_commit() under a condition
 * @store:      connected or not
 * @commit:     its guard is held against the mark in the same step
 * @done:       called when the state is durable; STORE_E_MARK: the mark is another one
 * @userdata:   for @done
 * @ret_call:   as for user_store_load()
 *
 * Return: as user_store_commit().
 */
int user_store_commit_if(UserStore *store, StoreCommit commit, StoreCommitDone done, void *userdata,
        StoreCall **ret_call);
