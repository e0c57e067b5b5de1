#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * All that the store knows of one user, as one value: live sessions and their login codes, recently ended
 * sessions, ban and not-before. Every verb loads it, decides on it by pure functions (here and in policy/), and commits
 * it by compare-and-swap on its version. No I/O and no clock in here.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "authtoken/reason.h"
#include "common/cleanup.h"
#include "daemon/session/session.h"
#include "daemon/session/state-codes.h"

#define USER_STATE_SESSIONS_MAX 64u
#define USER_STATE_ENDED_MAX    256u
#define TENANT_NAME_MAX         63u
/* Two states are the same exactly if both numbers agree. Every commit draws a new incarnation. Without that, a
 * record that was deleted and made again, or a store that went back to an older copy, would count the same
 * numbers again, and a reader would mistake the new state for the one that it knew. */
typedef struct StateVersion {
        uint64_t incarnation; /* random, not 0 once stored; 0: nothing is stored */
        uint64_t counter;
} StateVersion;

typedef struct EndedSession {
        char sid[SID_SIZE + 1];
        Reason reason; /* REASON_SESSION_* */
        uint64_t ended_at_sec;
        uint64_t keep_until_sec; /* after it no token of the session can be valid */
        bool adopted;            /* its token would make it again if its end were forgotten */
} EndedSession;

/* States that a store has loaded are shared: decide on a copy. */
typedef struct UserState {
        unsigned int n_ref;        /* of one thread */
        const char *tenant, *user; /* in @names */
        StateVersion version;
        const Session **sessions; /* a reference to each, oldest first; NULL, or @only for one */
        size_t n_sessions;
        const Session *only; /* most users have no more */
        EndedSession *ended; /* oldest first */
        size_t n_ended;
        LoginCode *codes; /* room for STATE_CODES_MAX, or NULL; in the order of their ends */
        size_t n_codes;
        uint64_t not_before_sec; /* 0: none */
        uint64_t forgotten_sec;  /* ends of sessions up to this time were forgotten; 0: none was */
        uint64_t ban_until_sec;  /* 0: none; UINT64_MAX: without end */
        char *ban_reason;
        char names[];
} UserState;

enum {
        USER_STATE_E_FULL = 1, /* USER_STATE_SESSIONS_MAX sessions are live */
        USER_STATE_E_CORRUPT,  /* a field is not what user_state_encode() writes */
};

/**
 * user_state_new() - the empty state of a user of whom nothing is stored
 * @tenant:     copied
 * @user:       copied
 * @ret_state:  owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int user_state_new(const char *tenant, const char *user, UserState **ret_state);

/**
 * user_state_copy() - a copy to decide on, with the same sessions
 * @state:      borrowed
 * @ret_state:  owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int user_state_copy(const UserState *state, UserState **ret_state);

/**
 * user_state_ref() - share a state
 * @state:      nobody changes it from now on
 *
 * Return: @state.
 */
UserState *user_state_ref(UserState *state);

/**
 * user_state_own() - make a state one's own, to change it
 * @state:      a reference of the caller's; replaced by a copy if there are others
 *
 * Return: 0; -ENOMEM, and nothing has changed.
 */
int user_state_own(UserState **state);

/**
 * user_state_unref() - give up a reference; the last one frees the state and all it owns
 * @state:      NULL is fine
 *
 * Return: NULL.
 */
UserState *user_state_unref(UserState *state);
DEFINE_CLEANUP(UserState, user_state_unref)

/**
 * user_state_find() - the live session with this id
 * @state:      borrowed
 * @sid:        NUL-terminated
 *
 * A session that is past its end by the caller's clock is still found: see session-check.h.
 * Return: borrowed from @state, or NULL.
 */
const Session *user_state_find(const UserState *state, const char *sid);

/**
 * user_state_find_ended() - the ended session with this id, if its end is still remembered
 * @state:      borrowed
 * @sid:        NUL-terminated
 *
 * Return: borrowed from @state, or NULL.
 */
const EndedSession *user_state_find_ended(const UserState *state, const char *sid);

/**
 * user_state_add() - take a new session in
 * @state:      changes
 * @session:    owned by @state on success only
 *
 * Sessions stay in the order of their creation. Return: 0; USER_STATE_E_FULL; -ENOMEM; -EEXIST the
 * state knows the sid, live or ended: an ended session does not come back.
 */
int user_state_add(UserState *state, const Session *session);

/**
 * user_state_put() - replace the session with the same id by a changed one
 * @state:      changes
 * @session:    a changed session_copy() of one of @state's, as old as that; owned by @state from now on
 */
void user_state_put(UserState *state, const Session *session);

/**
 * user_state_end() - end one live session and remember why
 * @state:      changes
 * @sid:        the session's id
 * @reason:     REASON_SESSION_*
 * @now_sec:    the caller's clock
 *
 * When there are USER_STATE_ENDED_MAX ended ones, or no memory, a reason is forgotten; the session has ended
 * all the same. Return: true if it was live, false if there was no such session.
 */
bool user_state_end(UserState *state, const char *sid, Reason reason, uint64_t now_sec);

/**
 * user_state_size() - bytes of memory that a state takes
 * @state:      borrowed
 */
size_t user_state_size(const UserState *state);

/**
 * user_state_insert_ended() - insert an ended session in its order, for a reader of stored states
 * @state:      changes
 * @entry:      copied
 *
 * Return: 0; USER_STATE_E_FULL; -ENOMEM; -EEXIST the state knows the sid.
 */
int user_state_insert_ended(UserState *state, const EndedSession *entry);

/**
 * user_state_forget_ended() - forget an end
 * @state:      changes
 * @i:          less than @state->n_ended
 */
void user_state_forget_ended(UserState *state, size_t i);
