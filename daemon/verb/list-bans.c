/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/container-of.h"
#include "daemon/operation/clock-keeper.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/user-walk.h"
#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"
#include "daemon/verb/exclusion-verbs.h"

typedef struct ListBans {
        Operation op;
        UserWalk walk;
        UserState **banned;
        size_t n_banned;
} ListBans;

static void list_bans_free(Operation *op) {
        ListBans *list = (ListBans *)op;

        user_walk_clear(&list->walk);
        for (size_t i = 0; i < list->n_banned; i++)
                user_state_unref(list->banned[i]);
        free(list->banned);
        free(list);
}

static void finish(ListBans *list) {
        _cleanup_(freep) BanRow *rows = calloc(list->n_banned + 1, sizeof(*rows));

        if (!rows) {
                operation_finish_reason(&list->op, REASON_INTERNAL);
                return;
        }
        for (size_t i = 0; i < list->n_banned; i++)
                rows[i] = (BanRow){
                        .user = list->banned[i]->user,
                        .reason = list->banned[i]->ban_reason,
                        .until_sec = list->banned[i]->ban_until_sec,
                };
        operation_finish(&list->op, &(OperationResult){
                                            .reason = REASON_OK,
                                            .bans = rows,
                                            .n_bans = list->n_banned,
                                    });
}

static Reason take(UserWalk *walk, UserState *state) {
        ListBans *list = CONTAINER_OF(walk, ListBans, walk);
        Moment moment = clock_keeper_now(list->op.context->clock);
        UserState **banned;

        if (!user_state_is_banned(state, &moment))
                return REASON_OK;
        banned = reallocarray(list->banned, list->n_banned + 1, sizeof(UserState *));
        if (!banned)
                return REASON_INTERNAL;
        list->banned = banned;
        banned[list->n_banned++] = user_state_ref(state);
        return REASON_OK;
}

static void on_walked(UserWalk *walk, Reason reason) {
        ListBans *list = CONTAINER_OF(walk, ListBans, walk);

        if (reason == REASON_OK)
                finish(list);
        else
                operation_finish_reason(&list->op, reason);
}

int list_bans_start(Context *context, OperationDone done, void *userdata, Operation **ret_op) {
        ListBans *list = calloc(1, sizeof(*list));

        if (!list)
                return -ENOMEM;
        operation_init(&list->op, context, (OperationWaiter){ done, userdata }, list_bans_free);
        list->walk = (UserWalk){ .context = context, .take = take, .done = on_walked };
        return operation_started(&list->op, user_walk_start(&list->walk), ret_op);
}
