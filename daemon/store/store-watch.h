#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Being told of changes that others make: a part of user-store.h.
 *
 * Notices only make things quick; nothing depends on them: a change without a notice is found when the state is
 * next read. A host that is the only writer of its store gets none.
 */

typedef struct UserStore UserStore;

/* Neither may free the store. */
typedef struct StoreWatcher {
        /* A user's stored state may have changed, by anybody, also by a commit of ours. */
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
