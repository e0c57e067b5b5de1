#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Failed logins and lock-outs: a part of user-store.h. They are kept outside the users' states, so that a
 * flood of failures does not compete with anybody's logins. With Redis they are counted in the store, and
 * hold on every host; with SQLite, which has one host, they are counted in memory, and only a lock-out is
 * stored.
 */

#include "daemon/store/failure-table.h"
#include "daemon/store/user-store.h"

typedef struct FailureAnswer {
        bool is_locked;
        bool locked_now;       /* by this failure; only one host is told so */
        bool is_full;          /* nothing was reserved: as many as may fail are under way */
        unsigned int n_lifted; /* by lock_outs_lift(): places that were locked out until then */
} FailureAnswer;

/* @r: 0, or STORE_E_* or negative errno, and then the answer is empty. */
typedef void (*StoreFailureDone)(
        StoreCall *call, int r, const FailureAnswer *answer, void *userdata);

/**
 * login_failures_may_lock_out() - whether anybody may be locked out now
 * @store:      any
 *
 * Without waiting: if only the store knows, the answer is yes.
 */
bool login_failures_may_lock_out(const UserStore *store);

/**
 * login_failures_is_locked() - whether a place is known to be locked out, without waiting
 * @store:      any
 * @question:   borrowed
 *
 * With SQLite the answer is certain. With Redis only answers of the last seconds are known: false means
 * ask.
 */
bool login_failures_is_locked(UserStore *store, const FailureQuestion *question);

/**
 * login_failures_ask() - whether a place is locked out
 * @store:      connected or not
 * @question:   borrowed for the call of this function
 * @done:       gets the answer, before that of any call that is started after this one
 * @userdata:   for @done
 * @ret_call:   as for user_store_load()
 *
 * Return: 0 started; STORE_E_NOT_FOUND not started: the answer of login_failures_is_locked() is
 * final; -ENOMEM; -EINVAL.
 */
int login_failures_ask(UserStore *store, const FailureQuestion *question, StoreFailureDone done,
        void *userdata, StoreCall **ret_call);

/**
 * login_failures_reserve() - reserve an attempt before it is made
 * @store:      connected or not
 * @question:   its step is FAILURE_RESERVE; borrowed for the call of this function
 * @done:       gets the answer, before that of any call that is started after this one
 * @userdata:   for @done
 * @ret_call:   as for user_store_load()
 *
 * Unless the place is locked out or full, the attempt may be made; report its outcome by
 * login_failures_note(). If a host goes down before that, the reservation lapses in a minute.
 * Return: 0 started; STORE_E_NOT_FOUND not started: ask login_failures_reserve_now(); -ENOMEM; -EINVAL.
 */
int login_failures_reserve(UserStore *store, const FailureQuestion *question, StoreFailureDone done,
        void *userdata, StoreCall **ret_call);

/**
 * login_failures_reserve_now() - the same where memory counts
 * @store:      one for which login_failures_reserve() has said so
 * @question:   borrowed
 *
 * Return: the answer.
 */
FailureAnswer login_failures_reserve_now(UserStore *store, const FailureQuestion *question);

/**
 * login_failures_note() - count a failure, or report the outcome of a reserved attempt
 * @store:      connected or not
 * @question:   its step is any but FAILURE_RESERVE; borrowed for the call of this function
 * @done:       called when it is counted, and a lock-out durable
 * @userdata:   for @done
 * @ret_call:   as for user_store_load()
 *
 * Return: 0 started; STORE_E_NOT_FOUND not started: it is counted, and locks nobody out; -ENOMEM; -EINVAL.
 */
int login_failures_note(UserStore *store, const FailureQuestion *question, StoreFailureDone done,
        void *userdata, StoreCall **ret_call);
