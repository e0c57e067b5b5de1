#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Whether what a store has acknowledged outlives the machine that it runs on: that enough replicas have it, too.
 */

#include "daemon/store/user-store.h"

typedef void (*StoreSettleDone)(StoreCall *call, int r, void *userdata);

/**
 * user_store_settles() - whether what revokes is to be with replicas
 * @store:      any
 */
bool user_store_settles(const UserStore *store);

/**
 * user_store_settle() - wait until what is stored by now is with enough replicas
 * @store:      one that settles; else nothing is waited for
 * @done:       0; STORE_E_UNREPLICATED
 * @userdata:   for @done
 * @ret_call:   as for user_store_load()
 *
 * For whoever finds that what they were to do was done before: by somebody who may not have been told that it was safe.
 * Return: 0 started; -ENOMEM.
 */
int user_store_settle(UserStore *store, StoreSettleDone done, void *userdata, StoreCall **ret_call);
