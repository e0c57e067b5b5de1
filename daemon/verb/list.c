/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/container-of.h"
#include "common/text.h"
#include "daemon/config/config.h"
#include "daemon/login/login-registry.h"
#include "daemon/login/login-state.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/user-walk.h"
#include "daemon/policy/policy.h"
#include "daemon/session/session-check.h"
#include "daemon/session/session-logins.h"
#include "daemon/session/user-state.h"
#include "daemon/store/user-store.h"
#include "daemon/verb/session-verbs.h"

#define LIST_USERS_MAX 100000u /* with sessions; more would not fit into a message */

/* All rows are made at once, when all states are loaded, so that nothing that a row borrows can change in
 * between. */
typedef struct List {
        Operation op;
        char *sid, *platform, *device; /* NULL: all */
        UserWalk walk;                 /* through all users; else */
        StoreCall *call;               /* for the one who is asked about */
        UserState **states;
        size_t n_loaded, n_room;
        SessionRow *rows;
        LoginRow *login_rows;
        SessionLogin *remotes; /* what login rows of other hosts borrow from */
        size_t n_rows, n_login_rows, n_login_rows_max, n_remotes, n_remotes_max;
} List;

static void list_free(Operation *op) {
        List *list = (List *)op;

        for (size_t i = 0; i < list->n_loaded; i++)
                user_state_unref(list->states[i]);
        user_walk_clear(&list->walk);
        free(list->states);
        free(list->rows);
        free(list->login_rows);
        free(list->remotes);
        free(list->sid);
        free(list->platform);
        free(list->device);
        store_call_free(list->call);
        free(list);
}

typedef struct LoginCollector {
        List *list;
        SessionRow *row;
} LoginCollector;

static bool add_login(Login *login, void *userdata) {
        LoginCollector *collector = userdata;
        SessionRow *row = collector->row;
        List *list = collector->list;

        if (strcmp(login->sid, row->sid) || list->n_login_rows >= list->n_login_rows_max)
                return true;
        /* A killed process does not close its login, and reconcile may not have noticed yet. */
        if (login_is_over(login))
                return true;
        list->login_rows[list->n_login_rows++] = (LoginRow){
                .host = &list->op.context->here,
                .id = login->id,
                .logind_id = login->logind_id,
                .service = login->service,
                .tty = login->tty,
                .rhost = login->rhost,
                .leader = login->leader.pid,
                .opened_at_sec = login->opened_at_sec,
        };
        row->n_logins++;
        return true;
}

static const char *text_or_null(const char *text) {
        return *text ? text : NULL;
}

/* Skip this host's lines: it knows its open logins itself. */
static void add_remote_logins(List *list, const Session *session, SessionRow *row) {
        const char *at = session->logins;
        SessionLogin login;

        while (session_logins_next(&at, &login)) {
                SessionLogin *remote = &list->remotes[list->n_remotes];

                if (session_host_owns(&list->op.context->here, &login.host) ||
                        list->n_remotes >= list->n_remotes_max)
                        continue;
                *remote = login;
                list->n_remotes++;
                list->login_rows[list->n_login_rows++] = (LoginRow){
                        .host = &remote->host,
                        .service = text_or_null(remote->service),
                        .tty = text_or_null(remote->tty),
                        .rhost = text_or_null(remote->rhost),
                        .opened_at_sec = remote->opened_at_sec,
                };
                row->n_logins++;
        }
}

static size_t count_logins(const Session *session) {
        const char *at = session->logins;
        SessionLogin login;
        size_t n_logins = 0;

        while (session_logins_next(&at, &login))
                n_logins++;
        return n_logins;
}

static size_t count_remotes(const List *list) {
        size_t n_remotes = 0;

        for (size_t i = 0; i < list->n_loaded; i++)
                for (size_t k = 0; k < list->states[i]->n_sessions; k++)
                        n_remotes += count_logins(list->states[i]->sessions[k]);
        return n_remotes;
}

static void add_session(List *list, const UserState *state, const Session *session) {
        SessionRow *row = &list->rows[list->n_rows++];

        *row = (SessionRow){
                .sid = session->sid,
                .user = state->user,
                .tenant = state->tenant,
                .created_at_sec = session->created_at_sec,
                .last_seen_sec = session->last_seen_sec,
                .expires_at_sec = session_deadline_sec(session),
                .token_end_sec = session->token_end_sec,
                .generation = session->generation,
                .platform = session->platform,
                .device = session->device,
                .source = session->source,
                .name = session->name,
                .audience_json = session->audience_json,
                .roles_json = session->roles_json,
                .client_address = session->client_address,
                .user_agent = session->user_agent,
                .logins = list->login_rows + list->n_login_rows,
        };
        login_registry_each(list->op.context->logins, state->tenant, state->user, add_login,
                &(LoginCollector){ .list = list, .row = row });
        add_remote_logins(list, session, row);
}

static void add_live_sessions(List *list, const UserState *state) {
        const PolicyFilter filter = {
                .sid = list->sid, .platform = list->platform, .device = list->device
        };
        uint64_t now_sec = operation_now_sec();

        for (size_t i = 0; i < state->n_sessions; i++) {
                const Session *session = state->sessions[i];

                if (policy_filter_matches(&filter, session) &&
                        user_state_check(state, session->sid, now_sec) == REASON_OK)
                        add_session(list, state, session);
        }
}

static Reason make_rows(List *list) {
        size_t n_sessions = 0;

        for (size_t i = 0; i < list->n_loaded; i++)
                n_sessions += list->states[i]->n_sessions;
        list->n_remotes_max = count_remotes(list);
        list->n_login_rows_max =
                login_registry_count(list->op.context->logins) + list->n_remotes_max;
        list->remotes = calloc(list->n_remotes_max + 1, sizeof(*list->remotes));
        list->rows = calloc(n_sessions + 1, sizeof(*list->rows));
        list->login_rows = calloc(list->n_login_rows_max + 1, sizeof(*list->login_rows));
        if (!list->rows || !list->login_rows || !list->remotes)
                return REASON_INTERNAL;
        for (size_t i = 0; i < list->n_loaded; i++)
                add_live_sessions(list, list->states[i]);
        return REASON_OK;
}

static void finish(List *list) {
        Reason reason = make_rows(list);

        if (reason != REASON_OK) {
                operation_finish_reason(&list->op, reason);
                return;
        }
        operation_finish(&list->op, &(OperationResult){
                                            .reason = REASON_OK,
                                            .sessions = list->rows,
                                            .n_sessions = list->n_rows,
                                    });
}

static Reason keep(List *list, UserState *state) {
        UserState **states = list->states;

        if (list->n_loaded == LIST_USERS_MAX)
                return REASON_LIMIT_REACHED;
        if (list->n_loaded == list->n_room) {
                size_t n_room = list->n_room ? 2 * list->n_room : 1;

                states = reallocarray(states, n_room, sizeof(UserState *));
                if (!states)
                        return REASON_INTERNAL;
                list->states = states;
                list->n_room = n_room;
        }
        states[list->n_loaded++] = user_state_ref(state);
        return REASON_OK;
}

static void finish_or_refuse(List *list, Reason reason) {
        if (reason == REASON_OK)
                finish(list);
        else
                operation_finish_reason(&list->op, reason);
}

static void on_loaded(StoreCall *call, int r, UserState *state, void *userdata) {
        _cleanup_(user_state_unrefp) UserState *owned = state;
        List *list = userdata;

        list->call = store_call_free(call);
        finish_or_refuse(list, r == 0 ? keep(list, owned) : operation_reason_of_store(r));
}

static Reason take(UserWalk *walk, UserState *state) {
        List *list = CONTAINER_OF(walk, List, walk);

        return state->n_sessions > 0 ? keep(list, state) : REASON_OK;
}

static void on_walked(UserWalk *walk, Reason reason) {
        finish_or_refuse(CONTAINER_OF(walk, List, walk), reason);
}

static int start(List *list, const SessionFilter *filter) {
        Context *context = list->op.context;
        int r;

        list->walk = (UserWalk){ .context = context, .take = take, .done = on_walked };

        r = text_copy(filter->sid, &list->sid);
        if (r >= 0)
                r = text_copy(filter->platform, &list->platform);
        if (r >= 0)
                r = text_copy(filter->device, &list->device);
        if (r < 0)
                return r;
        if (!filter->user)
                return user_walk_start(&list->walk);
        return user_store_load(context->store, (StoreName){ context->config->tenant, filter->user },
                on_loaded, list, &list->call);
}

int list_start(Context *context, const SessionFilter *filter, OperationDone done, void *userdata,
        Operation **ret_op) {
        List *list = calloc(1, sizeof(*list));

        if (!list)
                return -ENOMEM;
        operation_init(&list->op, context, (OperationWaiter){ done, userdata }, list_free);
        return operation_started(&list->op, start(list, filter), ret_op);
}
