/* SPDX-License-Identifier: MIT */

#include <errno.h>

#include "common/cleanup.h"
#include "daemon/config/config.h"
#include "daemon/operation/context.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/user-walk.h"
#include "daemon/session/user-state.h"
#include "daemon/store/store-scan.h"

static void go_on(UserWalk *walk);

static void forget(UserWalk *walk, const StoreCall *call) {
        for (size_t i = 0; i < walk->n_loads; i++)
                if (walk->loads[i] == call) {
                        store_call_free(walk->loads[i]);
                        walk->loads[i] = walk->loads[--walk->n_loads];
                        return;
                }
}

static void on_loaded(StoreCall *call, int r, UserState *state, void *userdata) {
        _cleanup_(user_state_unrefp) UserState *owned = state;
        UserWalk *walk = userdata;
        Reason reason = r == STORE_E_CORRUPT ? REASON_OK : operation_reason_of_store(r);

        forget(walk, call);
        if (r == 0)
                reason = walk->take(walk, owned);
        if (reason == REASON_OK)
                go_on(walk);
        else
                walk->done(walk, reason);
}

static int load(UserWalk *walk, const char *user) {
        const StoreName name = { walk->context->config->tenant, user };
        int r;

        r = user_store_load(
                walk->context->store, name, on_loaded, walk, &walk->loads[walk->n_loads]);
        walk->n_loads += r >= 0;
        return r;
}

static void on_page(StoreCall *call, int r, const StorePage *page, void *userdata) {
        UserWalk *walk = userdata;

        if (r == 0)
                r = user_page_take(&walk->page, page);
        walk->scan = store_call_free(call);
        if (r == 0)
                go_on(walk);
        else
                walk->done(walk, operation_reason_of_store(r));
}

static int ask_for_page(UserWalk *walk, const char *from) {
        const StoreScan scan = { .tenant = walk->context->config->tenant, .from = from };

        return user_store_scan(walk->context->store, &scan, on_page, walk, &walk->scan);
}

static int load_more(UserWalk *walk) {
        const char *user;
        int r = 0;

        while (r >= 0 && walk->n_loads < USER_WALK_LOADS_MAX && (user = user_page_pop(&walk->page)))
                r = load(walk, user);
        return r;
}

static void go_on(UserWalk *walk) {
        _cleanup_(freep) char *next = NULL;
        int r = load_more(walk);

        if (r >= 0 && walk->n_loads > 0)
                return;
        if (r >= 0) {
                next = TAKE_PTR(walk->page.next);
                user_page_clear(&walk->page);
                if (next)
                        r = ask_for_page(walk, next);
        }
        if (r < 0 || !next)
                walk->done(walk, r < 0 ? REASON_INTERNAL : REASON_OK);
}

int user_walk_start(UserWalk *walk) {
        return ask_for_page(walk, NULL);
}

void user_walk_clear(UserWalk *walk) {
        while (walk->n_loads > 0)
                store_call_free(walk->loads[--walk->n_loads]);
        walk->scan = store_call_free(walk->scan);
        user_page_clear(&walk->page);
}
