#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A mark: a short text that a store holds once for each tenant, beside the users' states. It goes with the
 * store, so that whoever remembers it elsewhere can tell that the store was emptied or set back.
 */

#include "daemon/store/user-store.h"

#define STORE_MARK_MAX 255u

/* @value: what is stored now, borrowed; NULL: nothing, or it is not known. Known also with STORE_E_CONFLICT. */
typedef void (*StoreMarkDone)(StoreCall *call, int r, const char *value, void *userdata);

/* What a mark is to become. Borrowed for the call of the function only. */
typedef struct StoreMarkChange {
        StoreName
                mark; /* tenant, and a name of lower-case letters, none of those in redis-keys.h */
        const char *expected; /* what must be stored; "": nothing; NULL: only read */
        const char *value;    /* printable ASCII, at most STORE_MARK_MAX; "": nothing */
        bool settle;          /* it forbids something: it is to be with replicas */
} StoreMarkChange;

/**
 * store_mark_change() - replace a mark if nobody changed it, or read it
 * @store:      connected or not
 * @change:     copied
 * @done:       called when the mark is durable; STORE_E_CONFLICT: something else is stored;
 *              STORE_E_UNREPLICATED: it is done, but a failover may undo it
 * @userdata:   for @done
 * @ret_call:   as for user_store_load()
 *
 * Atomic. Return: 0 started; -ENOMEM; -EINVAL.
 */
int store_mark_change(UserStore *store, const StoreMarkChange *change, StoreMarkDone done,
        void *userdata, StoreCall **ret_call);
