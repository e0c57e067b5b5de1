#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Who is locked out, as Redis knows it: a sorted set of USER:PLACE, all of the same score, so that a user's places
 * stand together, and a page begins behind the last name of the one before.
 *
 * A place comes on the list by the failure that locks it out, in one step with it. The list is a hint: whether a
 * place on it is locked out only its counter tells. It has room for REDIS_FAILURES_MAX; what is locked out beyond
 * that can be lifted by who names the place.
 */

typedef struct FailureKey FailureKey;
typedef struct FailureQuestion FailureQuestion;
typedef struct StoreCall StoreCall;
typedef struct UserStore UserStore;

/**
 * redis_lock_out_name() - how a place is called on the list
 * @key:        whose, and where
 *
 * Return: owned by the caller; NULL without memory.
 */
char *redis_lock_out_name(const FailureKey *key);

/**
 * redis_lock_outs_forget() - ask again before anybody of these is locked out
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
