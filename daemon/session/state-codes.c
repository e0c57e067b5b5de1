/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/secret.h"
#include "daemon/session/moment.h"
#include "daemon/session/session-check.h"
#include "daemon/session/user-state.h"

static LoginCode *find_code(const UserState *state, const char *mac) {
        for (size_t i = 0; i < state->n_codes; i++)
                if (secret_equal(state->codes[i].mac, SID_SIZE, mac, strlen(mac)))
                        return &state->codes[i];
        return NULL;
}

static void take_code_out(UserState *state, size_t i) {
        state->n_codes--;
        memmove(&state->codes[i], &state->codes[i + 1], (state->n_codes - i) * sizeof(LoginCode));
}

/* Equal times are ordered by MAC, so that every reader of a stored state sees the same order. */
static bool ends_before(const LoginCode *a, const LoginCode *b) {
        if (a->end_sec != b->end_sec)
                return a->end_sec < b->end_sec;
        return strcmp(a->mac, b->mac) < 0;
}

int user_state_add_code(UserState *state, const LoginCode *code) {
        size_t i;

        if (find_code(state, code->mac))
                return -EEXIST;
        if (!state->codes) {
                state->codes = calloc(STATE_CODES_MAX, sizeof(LoginCode));
                if (!state->codes)
                        return -ENOMEM;
        }
        if (state->n_codes == STATE_CODES_MAX)
                take_code_out(state, 0);
        for (i = state->n_codes; i > 0 && ends_before(code, &state->codes[i - 1]); i--)
                state->codes[i] = state->codes[i - 1];
        state->codes[i] = *code;
        state->n_codes++;
        return 0;
}

Reason user_state_check_code(const UserState *state, const char *mac, uint64_t grace_sec,
        const Moment *moment, const LoginCode **ret_code) {
        const LoginCode *code = find_code(state, mac);
        Reason reason;

        if (!code)
                return REASON_CODE_UNKNOWN;
        /* If more than the longest lifetime is left, the clock was set back since the code was made. */
        if (code->end_sec <= moment->now_sec ||
                code->end_sec - moment->now_sec > STATE_CODE_LIFETIME_SEC + SESSION_END_MARGIN_SEC)
                return REASON_CODE_EXPIRED;
        reason = user_state_check_token(state,
                &(TokenFacts){ code->sid, code->generation, code->issued_at_sec }, grace_sec,
                moment);
        if (reason == REASON_OK)
                *ret_code = code;
        return reason;
}

void user_state_drop_code(UserState *state, const char *mac) {
        LoginCode *code = find_code(state, mac);

        if (code)
                take_code_out(state, (size_t)(code - state->codes));
}

void user_state_drop_codes(UserState *state, const char *sid) {
        for (size_t i = state->n_codes; i > 0; i--)
                if (strcmp(state->codes[i - 1].sid, sid) == 0)
                        take_code_out(state, i - 1);
}

bool user_state_prune_codes(UserState *state, uint64_t now_sec) {
        size_t n_before = state->n_codes;

        for (size_t i = state->n_codes; i > 0; i--)
                if (state->codes[i - 1].end_sec <= now_sec ||
                        !user_state_find(state, state->codes[i - 1].sid))
                        take_code_out(state, i - 1);
        return state->n_codes != n_before;
}
