#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * All users of a tenant, page by page: a part of user-store.h.
 */

#include "daemon/store/user-store.h"

#define STORE_PAGE_MAX 1000u /* roughly */

typedef struct StoreScan {
        const char *tenant;
        const char *from; /* NULL, or what the page before said */
} StoreScan;

/* Some of a tenant's users. Borrowed for the completion. */
typedef struct StorePage {
        char **users; /* in no order, and now and then one twice */
        size_t n_users;
        const char *next; /* where to go on; NULL: that was all */
} StorePage;

/* @r: 0 or STORE_E_* or negative errno. */
typedef void (*StoreScanDone)(StoreCall *call, int r, const StorePage *page, void *userdata);

/**
 * user_store_scan() - all users of whom something is stored, page by page
 * @store:      connected or not
 * @scan:       borrowed for the call of this function
 * @done:       gets a page, which may be empty
 * @userdata:   for @done
 * @ret_call:   as for user_store_load()
 *
 * Unlike user_store_list() it knows no limit and trusts no list: who is there from the first page to the
 * last is on one of them. It reads all of Redis, in small steps: for what an administrator orders only.
 * Return: 0 started; -ENOMEM; -EINVAL.
 */
int user_store_scan(UserStore *store, const StoreScan *scan, StoreScanDone done, void *userdata,
        StoreCall **ret_call);
