/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "daemon/policy/exclusion.h"
#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"

int exclusion_ban(UserState *state, uint64_t until_sec, const char *words, uint64_t now_sec,
        PolicyEnded *ret_ended) {
        char *copy = NULL;

        if (words && *words) {
                copy = strdup(words);
                if (!copy)
                        return -ENOMEM;
        }
        free(state->ban_reason);
        state->ban_reason = copy;
        state->ban_until_sec = until_sec;
        return policy_end(state, &(PolicyFilter){}, REASON_USER_BANNED, now_sec, ret_ended);
}

Reason exclusion_lift(UserState *state, const Moment *moment) {
        if (!user_state_is_banned(state, moment))
                return REASON_NOT_BANNED;
        state->ban_until_sec = 0;
        free(TAKE_PTR(state->ban_reason));
        return REASON_OK;
}

void exclusion_end_unreadable(UserState *remains, uint64_t now_sec) {
        if (remains->not_before_sec < now_sec)
                remains->not_before_sec = now_sec;
        if (remains->forgotten_sec < now_sec)
                remains->forgotten_sec = now_sec;
}

int exclusion_revoke_before(
        UserState *state, uint64_t time_sec, uint64_t now_sec, PolicyEnded *ret_ended) {
        uint64_t not_before_sec = time_sec ? time_sec : now_sec;

        if (state->not_before_sec < not_before_sec)
                state->not_before_sec = not_before_sec;
        /* @time_sec 0 ends all: seconds are too coarse for "now", as a session of this very second is
         * not older than it. */
        return policy_end(state, &(PolicyFilter){ .before_sec = time_sec }, REASON_SESSION_REVOKED,
                now_sec, ret_ended);
}

Reason exclusion_lower_before(UserState *state, uint64_t now_sec, PolicyEnded *ret_ended) {
        *ret_ended = (PolicyEnded){ 0 };
        if (state->not_before_sec <= now_sec + EXCLUSION_CLOCKS_DIFFER_SEC)
                return REASON_NOT_AHEAD;
        state->not_before_sec = now_sec;
        if (policy_end(state, &(PolicyFilter){}, REASON_SESSION_REVOKED, now_sec, ret_ended) < 0)
                return REASON_INTERNAL;
        return REASON_OK;
}
