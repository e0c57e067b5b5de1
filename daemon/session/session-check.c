/* SPDX-License-Identifier: MIT */

#include "daemon/session/session-check.h"
#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"

Reason user_state_check(const UserState *state, const char *sid, uint64_t now_sec) {
        const Session *session = user_state_find(state, sid);
        const EndedSession *ended;

        if (session)
                return session_check(session, now_sec);
        ended = user_state_find_ended(state, sid);
        return ended ? ended->reason : REASON_SESSION_UNKNOWN;
}

Reason user_state_check_token(
        const UserState *state, const TokenFacts *token, uint64_t grace_sec, const Moment *moment) {
        const Session *session = user_state_find(state, token->sid);
        Reason reason = user_state_check(state, token->sid, moment->now_sec);

        if (reason != REASON_OK || !session)
                return reason;
        if (user_state_is_banned(state, moment))
                return REASON_USER_BANNED;
        if (token->issued_at_sec < state->not_before_sec)
                return REASON_ISSUED_BEFORE;
        if (session_in_grace(session, token->generation, grace_sec, moment->now_sec))
                return REASON_OK;
        if (token->generation < session->generation)
                return REASON_GENERATION_OLD;
        return token->generation == session->generation ? REASON_OK : REASON_SESSION_UNKNOWN;
}
