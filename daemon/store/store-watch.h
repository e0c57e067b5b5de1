#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Being told of changes that others make: a part of user-store.h.
 *
 * It makes things quick, and nothing depends on it: a change that nobody tells of is found by the next look at what
 * is stored. Nobody tells a host that is its own store's only writer.
 */

typedef struct UserStore UserStore;

/* Neither may free the store. */
typedef struct StoreWatcher {
        /* What is stored of a user may have changed, by whomever; also by a commit of ours. */
        void (*changed)(const char *tenant, const char *user, void *userdata);
        /* Changes may have been missed: anything may be different. */
        void (*missed)(void *userdata);
        void *userdata;
} StoreWatcher;

/**
 * user_store_watch() - be told of what may have changed, from the loop
 * @store:      any; StoreHealth.watching tells whether it can do so now
 * @watcher:    copied; NULL: nobody
 */
void user_store_watch(UserStore *store, const StoreWatcher *watcher);
