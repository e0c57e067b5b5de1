/* SPDX-License-Identifier: MIT */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crash-record.h"
#include "daemon/session/session-check.h"
#include "daemon/session/state-end.h"

#define DAY_SEC 86400u

void crash_user_name(uint32_t user, char name[16]) {
        snprintf(name, 16, "user%u", user);
}

void crash_session_sid(uint32_t user, uint32_t step, char sid[SID_SIZE + 1]) {
        snprintf(sid, SID_SIZE + 1, "%010u%011uA", user, step);
}

void crash_state_advance(UserState *state, uint32_t user) {
        uint64_t now_sec = (uint64_t)time(NULL);
        Session *session = calloc(1, sizeof(*session));
        uint32_t step;
        int r;

        assert(session);
        assert(crash_state_step(state, user, &step));
        if (step > 0)
                user_state_end(state, state->sessions[0]->sid, REASON_SESSION_REPLACED, now_sec);
        step++;
        crash_session_sid(user, step, session->sid);
        session->generation = step;
        session->created_at_sec = now_sec;
        session->token_end_sec = now_sec + DAY_SEC;
        session->expires_at_sec = now_sec + DAY_SEC;
        r = asprintf(&session->name, "%u", step);
        assert(r > 0);
        r = user_state_add(state, session);
        assert(r == 0);
        state->not_before_sec = step;
        free(state->ban_reason);
        r = asprintf(&state->ban_reason, "%u", step);
        assert(r > 0);
        state->ban_until_sec = UINT64_MAX;
}

static bool says(const char *text, uint32_t step) {
        char expected[16];

        snprintf(expected, sizeof(expected), "%u", step);
        return text && strcmp(text, expected) == 0;
}

bool crash_state_step(const UserState *state, uint32_t user, uint32_t *ret_step) {
        char sid[SID_SIZE + 1], before[SID_SIZE + 1];
        uint32_t step = (uint32_t)state->not_before_sec;
        const Session *session;

        *ret_step = step;
        if (step == 0)
                return user_state_end_sec(state) == 0 && state->version.incarnation == 0;
        crash_session_sid(user, step, sid);
        crash_session_sid(user, step - 1, before);
        session = user_state_find(state, sid);
        return state->version.counter == step && state->n_sessions == 1 && session &&
               session->generation == step && says(session->name, step) &&
               says(state->ban_reason, step) && state->ban_until_sec == UINT64_MAX &&
               (step == 1 || user_state_check(state, before, 0) == REASON_SESSION_REPLACED);
}
