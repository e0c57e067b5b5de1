/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "daemon/store/redis-store.h"
#include "daemon/store/sqlite-store.h"
#include "daemon/store/store-object.h"

int user_store_new(const StoreConfig *config, sd_event *event, StoreNotice notice, void *userdata,
        UserStore **ret_store) {
        switch (config->type) {
        case STORE_SQLITE:
                return sqlite_store_new(config, event, notice, userdata, ret_store);
        case STORE_REDIS:
                return redis_store_new(config, event, notice, userdata, ret_store);
        }
        return -EINVAL;
}

UserStore *user_store_free(UserStore *store) {
        if (store)
                store->ops->close(store);
        return NULL;
}

/* Key names are joined with ':', so neither part may contain one. */
static bool tenant_is_valid(const char *tenant) {
        size_t size = strlen(tenant);

        return size > 0 && size <= TENANT_NAME_MAX && !strchr(tenant, ':') &&
               text_is_utf8(tenant, size) && !text_has_control(tenant, size);
}

bool store_names_are_valid(const char *tenant, const char *user) {
        return tenant_is_valid(tenant) && text_is_user_name(user, strlen(user));
}

int user_store_load(UserStore *store, StoreName user, StoreLoadDone done, void *userdata,
        StoreCall **ret_call) {
        StoreCall *call;
        int r;

        if (!store_names_are_valid(user.tenant, user.name))
                return -EINVAL;
        r = store_call_new(store, STORE_CALL_LOAD, userdata, &call);
        if (r < 0)
                return r;
        call->done.load = done;
        return store_call_started(
                call, store->ops->load(store, call, user.tenant, user.name), ret_call);
}

int user_store_examine(UserStore *store, StoreName user, StoreExamineDone done, void *userdata,
        StoreCall **ret_call) {
        StoreCall *call;
        int r;

        if (!store_names_are_valid(user.tenant, user.name))
                return -EINVAL;
        r = store_call_new(store, STORE_CALL_EXAMINE, userdata, &call);
        if (r < 0)
                return r;
        call->done.examine = done;
        return store_call_started(
                call, store->ops->examine(store, call, user.tenant, user.name), ret_call);
}

int user_store_peek(
        UserStore *store, const char *tenant, const char *user, const UserState **ret_state) {
        return store->ops->peek ? store->ops->peek(store, tenant, user, ret_state)
                                : STORE_E_NOT_FOUND;
}

int user_store_guess(UserStore *store, StoreName user, UserState **ret_state) {
        UserState *cached;

        if (!store_names_are_valid(user.tenant, user.name))
                return -EINVAL;
        cached = state_cache_get(store->cache, user.tenant, user.name);
        if (!cached)
                return user_state_new(user.tenant, user.name, ret_state);
        *ret_state = user_state_ref(cached);
        return 0;
}

int user_store_commit(UserStore *store, StoreCommit commit, StoreCommitDone done, void *userdata,
        StoreCall **ret_call) {
        StoreCall *call;
        int r;

        if (!store_names_are_valid(commit.before->tenant, commit.before->user))
                return -EINVAL;
        r = store_call_new(store, STORE_CALL_COMMIT, userdata, &call);
        if (r < 0)
                return r;
        call->done.commit = done;
        return store_call_started(call, store->ops->commit(store, call, &commit), ret_call);
}

bool user_store_settles(const UserStore *store) {
        return store->settles;
}

int user_store_settle(
        UserStore *store, StoreSettleDone done, void *userdata, StoreCall **ret_call) {
        StoreCall *call;
        int r;

        r = store_call_new(store, STORE_CALL_SETTLE, userdata, &call);
        if (r < 0)
                return r;
        call->done.settle = done;
        r = store->settles ? store->ops->settle(store, call) : store_call_defer(call, 0, NULL);
        return store_call_started(call, r, ret_call);
}

int user_store_find_sid(
        UserStore *store, StoreName sid, StoreFindDone done, void *userdata, StoreCall **ret_call) {
        StoreCall *call;
        int r;

        if (!tenant_is_valid(sid.tenant))
                return -EINVAL;
        r = store_call_new(store, STORE_CALL_FIND, userdata, &call);
        if (r < 0)
                return r;
        call->done.find = done;
        /* The text may be anything that an administrator typed; if it cannot be a sid, no
         * session has it. */
        if (sid_is_valid(sid.name, strlen(sid.name)))
                r = store->ops->find_sid(store, call, sid.tenant, sid.name);
        else
                r = store_call_defer(call, STORE_E_NOT_FOUND, NULL);
        return store_call_started(call, r, ret_call);
}

int user_store_scan(UserStore *store, const StoreScan *scan, StoreScanDone done, void *userdata,
        StoreCall **ret_call) {
        StoreCall *call;
        int r;

        if (!tenant_is_valid(scan->tenant))
                return -EINVAL;
        r = store_call_new(store, STORE_CALL_SCAN, userdata, &call);
        if (r < 0)
                return r;
        call->done.scan = done;
        return store_call_started(
                call, store->ops->scan(store, call, scan->tenant, scan->from), ret_call);
}

int store_mark_change(UserStore *store, const StoreMarkChange *change, StoreMarkDone done,
        void *userdata, StoreCall **ret_call) {
        StoreCall *call;
        int r;

        if (!tenant_is_valid(change->mark.tenant) ||
                (change->expected && (!change->value || strlen(change->value) > STORE_MARK_MAX)))
                return -EINVAL;
        r = store_call_new(store, STORE_CALL_MARK, userdata, &call);
        if (r < 0)
                return r;
        call->done.mark = done;
        return store_call_started(call, store->ops->mark(store, call, change), ret_call);
}

void user_store_expire(UserStore *store, const Moment *moment) {
        if (store->ops->expire)
                store->ops->expire(store, moment);
}

void user_store_watch(UserStore *store, const StoreWatcher *watcher) {
        store->watcher = watcher ? *watcher : (StoreWatcher){ 0 };
}

int user_store_set_password(UserStore *store, const char *password) {
        return store->ops->set_password ? store->ops->set_password(store, password) : 0;
}

void user_store_health(const UserStore *store, StoreHealth *ret_health) {
        *ret_health = store->health;
}

const StoreStats *user_store_stats(const UserStore *store) {
        return &store->stats;
}
