#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A mark: a short text that a store holds once for each tenant, beside the users' states. It is lost with
 * the store, so that a host that remembers it elsewhere notices if the store was emptied or set back.
 */

#include "daemon/store/user-store.h"

#define STORE_MARK_MAX 255u

/* @value: the stored text, borrowed; NULL: none, or unknown. Known also with STORE_E_CONFLICT. */
typedef void (*StoreMarkDone)(StoreCall *call, int r, const char *value, void *userdata);

/* A change of a mark. Borrowed for the call of the function only. */
typedef struct StoreMarkChange {
        StoreName
                mark; /* tenant, and a name of lower-case letters, none of those in redis-keys.h */
        const char *expected; /* what must be stored; "": nothing; NULL: only read */
        const char *value;    /* printable ASCII, at most STORE_MARK_MAX; "": nothing */
        bool settle;          /* it forbids something: wait for replicas */
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
