/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text-hash.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/user-queue.h"
#include "daemon/session/user-state.h"
#include "daemon/store/store-settle.h"

#define N_BUCKETS 256u

typedef struct Entry {
        struct Entry *next; /* linked in Line.first, in order of arrival */
        UserChange change;
        unsigned int n_tries;
} Entry;

/* The changes of one user that wait or are under way; the first one is under way. */
typedef struct Line {
        struct Line *next; /* linked in UserQueue.buckets */
        UserQueue *queue;
        const char *tenant, *user; /* in @names */
        Entry *first, **last;
        UserState *state; /* being committed */
        StoreCall *call;
        char names[];
} Line;

struct UserQueue {
        UserStore *store;
        Line *buckets[N_BUCKETS];
};

bool user_change_is_done(Reason reason) {
        return reason == REASON_OK || reason == REASON_STORE_UNREPLICATED ||
               reason == REASON_RECORD_REPLACED;
}

static int line_begin(Line *line);
static void on_loaded(StoreCall *call, int r, UserState *state, void *userdata);
static void on_committed(StoreCall *call, int r, UserState *state, void *userdata);

static Line **find_line(UserQueue *queue, const char *tenant, const char *user) {
        uint64_t hash = text_hash_add(text_hash_begin(), user);
        Line **line;

        for (line = &queue->buckets[hash % N_BUCKETS]; *line; line = &(*line)->next)
                if (!strcmp((*line)->user, user) && !strcmp((*line)->tenant, tenant))
                        break;
        return line;
}

static Line *line_free(Line *line) {
        if (!line)
                return NULL;
        while (line->first) {
                Entry *entry = line->first;

                line->first = entry->next;
                if (entry->change.forget)
                        entry->change.forget(entry->change.userdata);
                free(entry);
        }
        store_call_free(line->call);
        user_state_unref(line->state);
        free(line);
        return NULL;
}

static int line_new(UserQueue *queue, const char *tenant, const char *user, Line **ret_line) {
        size_t tenant_size = strlen(tenant) + 1, user_size = strlen(user) + 1;
        Line *line = malloc(sizeof(*line) + tenant_size + user_size);

        if (!line)
                return -ENOMEM;
        *line = (Line){ .queue = queue, .last = &line->first };
        line->tenant = memcpy(line->names, tenant, tenant_size);
        line->user = memcpy(line->names + tenant_size, user, user_size);
        *ret_line = line;
        return 0;
}

static int line_load(Line *line) {
        return user_store_load(line->queue->store, (StoreName){ line->tenant, line->user },
                on_loaded, line, &line->call);
}

static void entry_finish(Entry *entry, Reason reason, const UserState *state) {
        entry->change.done(reason, reason == REASON_OK ? state : NULL, entry->change.userdata);
        free(entry);
}

/* Ends the change that is under way and starts the next one. The line may be gone afterwards. */
static void line_advance(Line *line, Reason reason) {
        _cleanup_(user_state_unrefp) UserState *state = TAKE_PTR(line->state);
        Entry *entry = line->first;

        line->first = entry->next;
        if (!line->first) {
                Line **link = find_line(line->queue, line->tenant, line->user);

                *link = line->next;
                line_free(line);
                line = NULL;
        }
        /* The next one is started before the completion is called, which may queue more. */
        if (line && line_begin(line) < 0) {
                entry_finish(entry, reason, state);
                line_advance(line, REASON_INTERNAL);
                return;
        }
        entry_finish(entry, reason, state);
}

/* @state: the stored or probable one; handed over. *ret_committing: a commit was started. */
static Reason line_decide(Line *line, UserState *state, bool *ret_committing) {
        _cleanup_(user_state_unrefp) UserState *before = state, *after = NULL;
        const UserChange *change = &line->first->change;
        bool changed = false;
        Reason reason;

        *ret_committing = false;
        if (user_state_copy(before, &after) < 0)
                return REASON_INTERNAL;
        reason = change->decide(after, operation_now_sec(), &changed, change->userdata);
        if (reason != REASON_OK || !changed) {
                line->state = TAKE_PTR(after);
                return reason;
        }
        if (user_store_commit(line->queue->store,
                    (StoreCommit){ .before = before,
                            .after = after,
                            .guard = change->guard,
                            .settle = change->revokes },
                    on_committed, line, &line->call) < 0)
                return REASON_INTERNAL;
        line->state = TAKE_PTR(after);
        *ret_committing = true;
        return REASON_OK;
}

static void on_settled(StoreCall *call, int r, void *userdata) {
        Line *line = userdata;

        line->call = store_call_free(call);
        line_advance(line, operation_reason_of_store(r));
}

/* A revocation that finds nothing to do waits for replicas, too: the one who did it may have
 * been told that it was not safe. */
static bool is_to_be_settled(const Line *line) {
        return line->first->change.revokes && user_store_settles(line->queue->store);
}

static void line_go_on(Line *line, UserState *state) {
        bool committing;
        Reason reason;

        reason = line_decide(line, state, &committing);
        if (committing)
                return;
        if (reason == REASON_OK && is_to_be_settled(line)) {
                if (user_store_settle(line->queue->store, on_settled, line, &line->call) == 0)
                        return;
                reason = REASON_INTERNAL;
        }
        line_advance(line, reason);
}

/* @state: the remains of the record that will be replaced, our own. */
static Reason line_replace(Line *line, UserState *state, const char *unreadable) {
        _cleanup_(user_state_unrefp) UserState *before = NULL, *after = state;
        const UserChange *change = &line->first->change;
        uint64_t now_sec = operation_now_sec();
        bool changed;
        Reason reason;

        if (user_state_new(line->tenant, line->user, &before) < 0)
                return REASON_INTERNAL;
        reason = change->decide(after, now_sec, &changed, change->userdata);
        if (reason != REASON_OK)
                return reason;
        change->replace(after, now_sec, change->userdata);
        if (user_store_commit(line->queue->store,
                    (StoreCommit){ .before = before,
                            .after = after,
                            .settle = change->revokes,
                            .unreadable = unreadable },
                    on_committed, line, &line->call) < 0)
                return REASON_INTERNAL;
        line->state = TAKE_PTR(after);
        return REASON_OK;
}

static void on_examined(
        StoreCall *call, int r, UserState *state, const char *unreadable, void *userdata) {
        Line *line = userdata;
        Reason reason = operation_reason_of_store(r);

        line->call = store_call_free(call);
        if (r == 0) {
                line_go_on(line, state);
                return;
        }
        if (unreadable)
                reason = line_replace(line, state, unreadable);
        if (reason != REASON_OK)
                line_advance(line, reason);
}

/* Whether the store is read again: for the state that is stored instead, or for an unreadable record that will
 * be replaced. */
static bool line_look_again(Line *line, int r) {
        if (r == STORE_E_CONFLICT)
                return line_load(line) == 0;
        return r == STORE_E_CORRUPT && line->first->change.replace &&
               user_store_examine(line->queue->store, (StoreName){ line->tenant, line->user },
                       on_examined, line, &line->call) == 0;
}

static void on_committed(StoreCall *call, int r, UserState *state, void *userdata) {
        Line *line = userdata;

        line->call = store_call_free(call);
        if ((r == STORE_E_CONFLICT || r == STORE_E_CORRUPT) &&
                ++line->first->n_tries < USER_CHANGE_TRIES_MAX) {
                line->state = user_state_unref(line->state);
                if (state) {
                        line_go_on(line, state);
                        return;
                }
                if (line_look_again(line, r))
                        return;
        }
        user_state_unref(state);
        line_advance(line, operation_reason_of_store(r));
}

static void on_loaded(StoreCall *call, int r, UserState *state, void *userdata) {
        Line *line = userdata;

        line->call = store_call_free(call);
        if (r == 0)
                line_go_on(line, state);
        else if (!line_look_again(line, r))
                line_advance(line, operation_reason_of_store(r));
}

/* Decide on the probable state first: the commit detects a wrong guess. A refusal, or "nothing to do", needs the
 * stored state. So does an order that ends everything: if somebody changed the record but not its version, the
 * commit would succeed, and the record would be as unreadable to the other hosts as before. */
static int line_begin(Line *line) {
        UserState *guess;
        bool committing;

        if (!line->first->change.replace &&
                user_store_guess(
                        line->queue->store, (StoreName){ line->tenant, line->user }, &guess) == 0) {
                (void)line_decide(line, guess, &committing);
                if (committing)
                        return 0;
                line->state = user_state_unref(line->state);
        }
        return line_load(line);
}

int user_queue_change(
        UserQueue *queue, const char *tenant, const char *user, const UserChange *change) {
        Line **link = find_line(queue, tenant, user);
        Entry *entry;
        Line *line;
        int r;

        entry = malloc(sizeof(*entry));
        if (!entry)
                return -ENOMEM;
        *entry = (Entry){ .change = *change };
        line = *link;
        if (line) {
                *line->last = entry;
                line->last = &entry->next;
                return 0;
        }
        r = line_new(queue, tenant, user, &line);
        if (r < 0) {
                free(entry);
                return r;
        }
        line->first = entry;
        line->last = &entry->next;
        r = line_begin(line);
        if (r < 0) {
                /* The caller gets @r; no completion is called. */
                line->first = NULL;
                line_free(line);
                free(entry);
                return r;
        }
        line->next = *link;
        *link = line;
        return 0;
}

int user_queue_new(UserStore *store, UserQueue **ret_queue) {
        UserQueue *queue = calloc(1, sizeof(*queue));

        if (!queue)
                return -ENOMEM;
        queue->store = store;
        *ret_queue = queue;
        return 0;
}

UserQueue *user_queue_free(UserQueue *queue) {
        if (!queue)
                return NULL;
        for (size_t i = 0; i < N_BUCKETS; i++)
                while (queue->buckets[i]) {
                        Line *line = queue->buckets[i];

                        queue->buckets[i] = line->next;
                        line_free(line);
                }
        free(queue);
        return NULL;
}
