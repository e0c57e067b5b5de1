#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Whether acknowledged writes outlive the store's machine: whether enough replicas have them, too.
 */

#include "daemon/store/user-store.h"

typedef void (*StoreSettleDone)(StoreCall *call, int r, void *userdata);

/**
 * user_store_settles() - whether revocations wait for replicas
 * @store:      any
 */
bool user_store_settles(const UserStore *store);

/**
 * user_store_settle() - wait until enough replicas have everything stored by now
 * @store:      one that settles; else nothing is waited for
 * @done:       0; STORE_E_UNREPLICATED
 * @userdata:   for @done
 * @ret_call:   as for user_store_load()
 *
 * For a caller who finds the order already carried out: the one who did it may not have been told that it was safe.
 * Return: 0 started; -ENOMEM.
 */
int user_store_settle(UserStore *store, StoreSettleDone done, void *userdata, StoreCall **ret_call);
