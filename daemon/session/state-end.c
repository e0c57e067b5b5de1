/* SPDX-License-Identifier: MIT */

#include <stdlib.h>

#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"

static uint64_t sum_sec(uint64_t a, uint64_t b) {
        return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t not_before_end_sec(const UserState *state) {
        return sum_sec(state->not_before_sec, USER_STATE_NOT_BEFORE_KEEP_SEC);
}

/* No token that it concerns can be valid for longer. */
static uint64_t forgotten_end_sec(const UserState *state) {
        return sum_sec(state->forgotten_sec, USER_STATE_NOT_BEFORE_KEEP_SEC);
}

static uint64_t ban_end_sec(const UserState *state) {
        return sum_sec(state->ban_until_sec, USER_STATE_MARGIN_SEC);
}

static uint64_t ended_end_sec(const EndedSession *ended) {
        return ended->adopted ? sum_sec(ended->keep_until_sec, USER_STATE_MARGIN_SEC)
                              : ended->keep_until_sec;
}

static bool prune_ban(UserState *state, uint64_t settled_sec) {
        if (state->ban_until_sec == 0 || ban_end_sec(state) > settled_sec)
                return false;
        state->ban_until_sec = 0;
        free(TAKE_PTR(state->ban_reason));
        return true;
}

static bool prune_forgotten(UserState *state, uint64_t settled_sec) {
        if (state->forgotten_sec == 0 || forgotten_end_sec(state) > settled_sec)
                return false;
        state->forgotten_sec = 0;
        return true;
}

static bool prune_not_before(UserState *state, uint64_t settled_sec) {
        if (state->not_before_sec == 0 || not_before_end_sec(state) > settled_sec)
                return false;
        state->not_before_sec = 0;
        return true;
}

static bool prune_ended(UserState *state, const Moment *moment) {
        bool changed = false;

        for (size_t i = state->n_ended; i > 0; i--) {
                const EndedSession *ended = &state->ended[i - 1];

                /* For our own sessions only the reason is lost. */
                if (ended_end_sec(ended) > (ended->adopted ? moment->settled_sec : moment->now_sec))
                        continue;
                user_state_forget_ended(state, i - 1);
                changed = true;
        }
        return changed;
}

bool user_state_prune(UserState *state, const Moment *moment) {
        bool changed = false;

        for (size_t i = state->n_sessions; i > 0; i--) {
                const Session *session = state->sessions[i - 1];
                Reason reason = session_check(session, moment->now_sec);

                if (reason == REASON_OK)
                        continue;
                user_state_end(state, session->sid, reason, session_deadline_sec(session));
                changed = true;
        }
        changed = prune_ended(state, moment) || changed;
        changed = user_state_prune_codes(state, moment->now_sec) || changed;
        changed = prune_ban(state, moment->settled_sec) || changed;
        changed = prune_forgotten(state, moment->settled_sec) || changed;
        return prune_not_before(state, moment->settled_sec) || changed;
}

bool user_state_make_ended_room(UserState *state) {
        for (size_t i = 0; state->n_ended == USER_STATE_ENDED_MAX && i < state->n_ended; i++)
                if (!state->ended[i].adopted)
                        user_state_forget_ended(state, i);
        return state->n_ended < USER_STATE_ENDED_MAX;
}

bool user_state_is_banned(const UserState *state, const Moment *moment) {
        return state->ban_until_sec > moment->passed_sec;
}

bool user_state_forbids(const UserState *state) {
        for (size_t i = 0; i < state->n_ended; i++)
                if (state->ended[i].adopted)
                        return true;
        return state->ban_until_sec != 0 || state->not_before_sec != 0 || state->forgotten_sec != 0;
}

static uint64_t later(uint64_t a, uint64_t b) {
        return a > b ? a : b;
}

uint64_t user_state_sessions_end_sec(const UserState *state) {
        uint64_t end_sec = 0;

        for (size_t i = 0; i < state->n_sessions; i++)
                end_sec = later(end_sec, session_end_sec(state->sessions[i]));
        for (size_t i = 0; i < state->n_ended; i++)
                end_sec = later(end_sec, ended_end_sec(&state->ended[i]));
        return end_sec;
}

uint64_t user_state_end_sec(const UserState *state) {
        uint64_t end_sec = user_state_sessions_end_sec(state);

        if (state->ban_until_sec != 0)
                end_sec = later(end_sec, ban_end_sec(state));

        if (state->forgotten_sec != 0)
                end_sec = later(end_sec, forgotten_end_sec(state));
        if (state->not_before_sec != 0)
                end_sec = later(end_sec, not_before_end_sec(state));
        return end_sec;
}
