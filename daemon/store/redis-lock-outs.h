#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Who is locked out, as Redis knows it: a sorted set of USER:PLACE, all of the same score, so that a user's places
 * are together, and a page begins after the last name of the one before.
 *
 * The failure that locks a place out puts it on the list in the same step. The list is a hint: only the counter
 * says whether a place is locked out. The list has room for REDIS_FAILURES_MAX; further lock-outs can be lifted by
 * naming the place.
 */

typedef struct FailureKey FailureKey;
typedef struct FailureQuestion FailureQuestion;
typedef struct StoreCall StoreCall;
typedef struct UserStore UserStore;

/**
 * redis_lock_out_name() - the name of a place on the list
 * @key:        whose, and where
 *
 * Return: owned by the caller; NULL without memory.
 */
char *redis_lock_out_name(const FailureKey *key);

/**
 * redis_lock_outs_forget() - forget remembered lock-outs, so that the store is asked again
 * @user:       whose; "": anybody
 * @userdata:   a Redis store
 */
void redis_lock_outs_forget(const char *user, void *userdata);

/**
 * redis_lock_outs_list() - StoreOps.list_lock_outs: a script for each page
 * @base:       a Redis store
 * @call:       completed with a list
 * @question:   borrowed
 *
 * Return: 0; negative errno.
 */
int redis_lock_outs_list(UserStore *base, StoreCall *call, const FailureQuestion *question);

/**
 * redis_lock_outs_lift() - StoreOps.lift_lock_outs: likewise
 * @base:       a Redis store
 * @call:       completed with an answer
 * @question:   borrowed
 *
 * Return: 0; negative errno.
 */
int redis_lock_outs_lift(UserStore *base, StoreCall *call, const FailureQuestion *question);
