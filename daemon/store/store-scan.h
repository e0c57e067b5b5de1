#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * All users of a tenant, page by page: a part of user-store.h.
 */

#include "daemon/store/user-store.h"

#define STORE_PAGE_MAX 1000u

typedef struct StoreScan {
        const char *tenant;
        const char *from; /* NULL, or what the page before said */
} StoreScan;

/* Some of a tenant's users. Borrowed for the completion. */
typedef struct StorePage {
        char **users; /* in order, each once */
        size_t n_users;
        const char *next; /* where to go on; NULL: that was all */
        bool lost;        /* the last page: the list has lost users, nobody knows whom */
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
 * A user who is stored during the whole scan is on one of the pages, however many commits others make
 * meanwhile, unless the last page says that users were lost. For some names on the pages nothing may be stored
 * any more.
 * Return: 0 started; -ENOMEM; -EINVAL.
 */
int user_store_scan(UserStore *store, const StoreScan *scan, StoreScanDone done, void *userdata,
        StoreCall **ret_call);
