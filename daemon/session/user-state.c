/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"

int user_state_new(const char *tenant, const char *user, UserState **ret_state) {
        size_t tenant_size = strlen(tenant) + 1, user_size = strlen(user) + 1;
        UserState *state = malloc(sizeof(*state) + tenant_size + user_size);

        if (!state)
                return -ENOMEM;
        *state = (UserState){ .n_ref = 1 };
        state->tenant = memcpy(state->names, tenant, tenant_size);
        state->user = memcpy(state->names + tenant_size, user, user_size);
        *ret_state = state;
        return 0;
}

UserState *user_state_ref(UserState *state) {
        state->n_ref++;
        return state;
}

UserState *user_state_unref(UserState *state) {
        if (!state || --state->n_ref > 0)
                return NULL;
        for (size_t i = 0; i < state->n_sessions; i++)
                session_unref(state->sessions[i]);
        if (state->sessions != &state->only)
                free(state->sessions);
        free(state->ended);
        free(state->codes);
        free(state->ban_reason);
        free(state);
        return NULL;
}

/* Makes room for this many sessions; existing ones stay. */
static int reserve_sessions(UserState *state, size_t n_sessions) {
        bool packed = state->sessions == &state->only;
        const Session **sessions;

        if (n_sessions <= 1 && (packed || !state->sessions)) {
                state->sessions = &state->only;
                return 0;
        }
        sessions = reallocarray(packed ? NULL : state->sessions, n_sessions, sizeof(Session *));
        if (!sessions)
                return -ENOMEM;
        if (packed)
                sessions[0] = state->only;
        state->sessions = sessions;
        return 0;
}

static int copy_sessions(const UserState *state, UserState *copy) {
        if (state->n_sessions == 0)
                return 0;
        if (reserve_sessions(copy, state->n_sessions) < 0)
                return -ENOMEM;
        for (; copy->n_sessions < state->n_sessions; copy->n_sessions++)
                copy->sessions[copy->n_sessions] = session_ref(state->sessions[copy->n_sessions]);
        return 0;
}

static int copy_ended(const UserState *state, UserState *copy) {
        if (state->n_ended == 0)
                return 0;
        copy->ended = calloc(state->n_ended, sizeof(EndedSession));
        if (!copy->ended)
                return -ENOMEM;
        memcpy(copy->ended, state->ended, state->n_ended * sizeof(EndedSession));
        copy->n_ended = state->n_ended;
        return 0;
}

static int copy_codes(const UserState *state, UserState *copy) {
        for (size_t i = 0; i < state->n_codes; i++) {
                int r = user_state_add_code(copy, &state->codes[i]);

                if (r < 0)
                        return r;
        }
        return 0;
}

int user_state_copy(const UserState *state, UserState **ret_state) {
        _cleanup_(user_state_unrefp) UserState *copy = NULL;
        int r;

        r = user_state_new(state->tenant, state->user, &copy);
        if (r < 0)
                return r;
        copy->version = state->version;
        copy->not_before_sec = state->not_before_sec;
        copy->forgotten_sec = state->forgotten_sec;
        copy->ban_until_sec = state->ban_until_sec;
        if (state->ban_reason) {
                copy->ban_reason = strdup(state->ban_reason);
                if (!copy->ban_reason)
                        return -ENOMEM;
        }
        r = copy_sessions(state, copy);
        if (r < 0)
                return r;
        r = copy_ended(state, copy);
        if (r >= 0)
                r = copy_codes(state, copy);
        if (r < 0)
                return r;
        *ret_state = TAKE_PTR(copy);
        return 0;
}

int user_state_own(UserState **state) {
        UserState *copy;
        int r;

        if ((*state)->n_ref == 1)
                return 0;
        r = user_state_copy(*state, &copy);
        if (r < 0)
                return r;
        user_state_unref(*state);
        *state = copy;
        return 0;
}

const Session *user_state_find(const UserState *state, const char *sid) {
        for (size_t i = 0; i < state->n_sessions; i++)
                if (strcmp(state->sessions[i]->sid, sid) == 0)
                        return state->sessions[i];
        return NULL;
}

const EndedSession *user_state_find_ended(const UserState *state, const char *sid) {
        for (size_t i = 0; i < state->n_ended; i++)
                if (strcmp(state->ended[i].sid, sid) == 0)
                        return &state->ended[i];
        return NULL;
}

/* Equal times are ordered by sid, so that every reader of a stored state sees the same order. */
static bool session_is_older(const Session *a, const Session *b) {
        if (a->created_at_sec != b->created_at_sec)
                return a->created_at_sec < b->created_at_sec;
        if (a->created_order != b->created_order)
                return a->created_order < b->created_order;
        return strcmp(a->sid, b->sid) < 0;
}

static bool ended_is_older(const EndedSession *a, const EndedSession *b) {
        if (a->ended_at_sec != b->ended_at_sec)
                return a->ended_at_sec < b->ended_at_sec;
        return strcmp(a->sid, b->sid) < 0;
}

int user_state_add(UserState *state, const Session *session) {
        const Session **sessions;
        size_t i;
        int r;

        if (user_state_find(state, session->sid) || user_state_find_ended(state, session->sid))
                return -EEXIST;
        if (state->n_sessions >= USER_STATE_SESSIONS_MAX)
                return USER_STATE_E_FULL;
        r = reserve_sessions(state, state->n_sessions + 1);
        if (r < 0)
                return r;
        sessions = state->sessions;
        for (i = state->n_sessions; i > 0 && session_is_older(session, sessions[i - 1]); i--)
                sessions[i] = sessions[i - 1];
        sessions[i] = session;
        state->n_sessions++;
        return 0;
}

void user_state_put(UserState *state, const Session *session) {
        for (size_t i = 0; i < state->n_sessions; i++)
                if (strcmp(state->sessions[i]->sid, session->sid) == 0) {
                        session_unref(state->sessions[i]);
                        state->sessions[i] = session;
                        return;
                }
        session_unref(session);
}

int user_state_insert_ended(UserState *state, const EndedSession *entry) {
        EndedSession *ended;
        size_t i;

        if (user_state_find(state, entry->sid) || user_state_find_ended(state, entry->sid))
                return -EEXIST;
        if (state->n_ended >= USER_STATE_ENDED_MAX)
                return USER_STATE_E_FULL;
        ended = reallocarray(state->ended, state->n_ended + 1, sizeof(EndedSession));
        if (!ended)
                return -ENOMEM;
        state->ended = ended;
        for (i = state->n_ended; i > 0 && ended_is_older(entry, &ended[i - 1]); i--)
                ended[i] = ended[i - 1];
        ended[i] = *entry;
        state->n_ended++;
        return 0;
}

void user_state_forget_ended(UserState *state, size_t i) {
        state->n_ended--;
        memmove(&state->ended[i], &state->ended[i + 1],
                (state->n_ended - i) * sizeof(EndedSession));
}

static void take_session_out(UserState *state, size_t i) {
        session_unref(state->sessions[i]);
        state->n_sessions--;
        memmove(&state->sessions[i], &state->sessions[i + 1],
                (state->n_sessions - i) * sizeof(Session *));
}

/* A token of another issuer must not be accepted again because its end was forgotten. */
static void note_forgotten(UserState *state, uint64_t at_sec) {
        if (state->forgotten_sec < at_sec)
                state->forgotten_sec = at_sec;
}

static void end_session(UserState *state, size_t i, Reason reason, uint64_t ended_at_sec) {
        EndedSession entry = {
                /* An end with the reason "ok" would read as a live session. */
                .reason = reason == REASON_OK ? REASON_INTERNAL : reason,
                .ended_at_sec = ended_at_sec,
                .keep_until_sec = session_end_sec(state->sessions[i]),
                .adopted = state->sessions[i]->adopted != 0,
        };

        memcpy(entry.sid, state->sessions[i]->sid, sizeof(entry.sid));
        user_state_drop_codes(state, entry.sid);
        take_session_out(state, i);
        if (!user_state_make_ended_room(state)) {
                note_forgotten(state, ended_at_sec);
                user_state_forget_ended(state, 0);
        }
        /* Without memory only the reason is lost: absence means revoked. */
        if (user_state_insert_ended(state, &entry) != 0)
                note_forgotten(state, ended_at_sec);
}

bool user_state_end(UserState *state, const char *sid, Reason reason, uint64_t now_sec) {
        for (size_t i = 0; i < state->n_sessions; i++)
                if (strcmp(state->sessions[i]->sid, sid) == 0) {
                        end_session(state, i, reason, now_sec);
                        return true;
                }
        return false;
}

size_t user_state_size(const UserState *state) {
        size_t size = sizeof(*state) + strlen(state->tenant) + strlen(state->user) + 2;

        if (state->ban_reason)
                size += strlen(state->ban_reason) + 1;
        for (size_t i = 0; i < state->n_sessions; i++)
                size += sizeof(Session *) + session_size(state->sessions[i]);
        if (state->codes)
                size += STATE_CODES_MAX * sizeof(LoginCode);
        return size + state->n_ended * sizeof(EndedSession);
}
