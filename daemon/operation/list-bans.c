/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "daemon/config.h"
#include "daemon/operation/clock-keeper.h"
#include "daemon/operation/exclusion-verbs.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/user-page.h"
#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"
#include "daemon/store/store-scan.h"

/* The users of a page are loaded one after the other; those who are banned are kept. */
typedef struct ListBans {
        Operation op;
        StoreCall *call;
        UserPage page;
        UserState **banned;
        size_t n_banned;
} ListBans;

static void list_bans_free(Operation *op) {
        ListBans *list = (ListBans *)op;

        user_page_clear(&list->page);
        for (size_t i = 0; i < list->n_banned; i++)
                user_state_unref(list->banned[i]);
        free(list->banned);
        store_call_free(list->call);
        free(list);
}

static int compare_users(const void *a, const void *b) {
        const UserState *const *left = a, *const *right = b;

        return strcmp((*left)->user, (*right)->user);
}

/* A page may name somebody twice. */
static void finish(ListBans *list) {
        _cleanup_(freep) BanRow *rows = calloc(list->n_banned + 1, sizeof(*rows));
        size_t n_rows = 0;

        if (!rows) {
                operation_finish_reason(&list->op, REASON_INTERNAL);
                return;
        }
        if (list->n_banned)
                qsort(list->banned, list->n_banned, sizeof(UserState *), compare_users);
        for (size_t i = 0; i < list->n_banned; i++) {
                const UserState *state = list->banned[i];

                if (n_rows && !strcmp(rows[n_rows - 1].user, state->user))
                        continue;
                rows[n_rows++] = (BanRow){
                        .user = state->user,
                        .reason = state->ban_reason,
                        .until_sec = state->ban_until_sec,
                };
        }
        operation_finish(&list->op, &(OperationResult){
                                            .reason = REASON_OK,
                                            .bans = rows,
                                            .n_bans = n_rows,
                                    });
}

static int keep(ListBans *list, UserState *state) {
        UserState **banned;

        banned = reallocarray(list->banned, list->n_banned + 1, sizeof(UserState *));
        if (!banned)
                return -ENOMEM;
        list->banned = banned;
        banned[list->n_banned++] = user_state_ref(state);
        return 0;
}

static void go_on(ListBans *list);

static void on_loaded(StoreCall *call, int r, UserState *state, void *userdata) {
        _cleanup_(user_state_unrefp) UserState *owned = state;
        ListBans *list = userdata;
        Moment moment = clock_keeper_now(list->op.context->clock);

        list->call = store_call_free(call);
        if (r == 0 && user_state_is_banned(owned, &moment))
                r = keep(list, owned);
        /* One damaged record, of which the store has told the journal, does not hide all others. */
        if (r == 0 || r == STORE_E_CORRUPT)
                go_on(list);
        else
                operation_finish_reason(&list->op, operation_reason_of_store(r));
}

static void on_page(StoreCall *call, int r, const StorePage *page, void *userdata) {
        ListBans *list = userdata;

        if (r == 0)
                r = user_page_take(&list->page, page);
        list->call = store_call_free(call);
        if (r == 0)
                go_on(list);
        else
                operation_finish_reason(&list->op, operation_reason_of_store(r));
}

static int ask_for_page(ListBans *list, const char *from) {
        Context *context = list->op.context;

        return user_store_scan(context->store,
                &(StoreScan){ .tenant = context->config->tenant, .from = from }, on_page, list,
                &list->call);
}

static void go_on(ListBans *list) {
        Context *context = list->op.context;
        const char *user = user_page_pop(&list->page);
        _cleanup_(freep) char *next = NULL;
        int r;

        if (user) {
                r = user_store_load(context->store, (StoreName){ context->config->tenant, user },
                        on_loaded, list, &list->call);
        } else {
                next = TAKE_PTR(list->page.next);
                user_page_clear(&list->page);
                if (!next) {
                        finish(list);
                        return;
                }
                r = ask_for_page(list, next);
        }
        if (r < 0)
                operation_finish_reason(&list->op, REASON_INTERNAL);
}

int list_bans_start(Context *context, OperationDone done, void *userdata, Operation **ret_op) {
        ListBans *list = calloc(1, sizeof(*list));
        int r;

        if (!list)
                return -ENOMEM;
        operation_init(&list->op, context, (OperationWaiter){ done, userdata }, list_bans_free);
        r = ask_for_page(list, NULL);
        if (r < 0) {
                operation_abandon(&list->op);
                return r;
        }
        if (ret_op)
                *ret_op = &list->op;
        return 0;
}
