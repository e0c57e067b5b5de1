#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Lock-outs as an administrator sees and ends them: a part of user-store.h. login-failures.h says how
 * they begin.
 */

#include "daemon/store/failure-table.h"
#include "daemon/store/lock-out-list.h"
#include "daemon/store/login-failures.h"

/* @lock_outs: by user and place, borrowed; empty unless @r is 0. */
typedef void (*StoreLockOutsDone)(
        StoreCall *call, int r, const LockOutList *lock_outs, void *userdata);

/**
 * lock_outs_list() - who is locked out now
 * @store:      connected or not
 * @question:   user and place may be "": of any, at any; borrowed for the call of this function
 * @done:       gets the list. With Redis it may lack some, while very many places are locked out at once
 * @userdata:   for @done
 * @ret_call:   as for user_store_load()
 *
 * Return: 0 started; -ENOMEM; -EINVAL a name that cannot be.
 */
int lock_outs_list(UserStore *store, const FailureQuestion *question, StoreLockOutsDone done,
        void *userdata, StoreCall **ret_call);

/**
 * lock_outs_lift() - end lock-outs of a user; failures are counted from the first again
 * @store:      connected or not
 * @question:   place may be "": wherever lock_outs_list() says that they are; borrowed for the call of this function
 * @done:       called when it is durable, and gets FailureAnswer.n_lifted
 * @userdata:   for @done
 * @ret_call:   as for user_store_load()
 *
 * From then on no host of the store applies the lock-out; a host that is not told of changes may do so for some
 * seconds more. A place that is named is counted anew even if it was not locked out. Reserved attempts go on.
 * Return: 0 started; -ENOMEM; -EINVAL a name that cannot be.
 */
int lock_outs_lift(UserStore *store, const FailureQuestion *question, StoreFailureDone done,
        void *userdata, StoreCall **ret_call);
