/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/policy/policy.h"
#include "daemon/policy/rotation.h"
#include "daemon/session/session-check.h"
#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"

static Rotation refuse(Reason reason) {
        return (Rotation){ ROTATION_REFUSED, reason };
}

/* The next token lives as long as the last one, but no token outlives its session. */
static uint64_t token_end_of(const PolicyRules *rules, const Session *session,
        const RotationOrder *order, uint64_t now_sec) {
        uint64_t lifetime_sec = session->token_end_sec - session->issued_at_sec;
        uint64_t end_sec = policy_absolute_end_sec(rules, session);

        if (lifetime_sec > order->max_token_lifetime_sec)
                lifetime_sec = order->max_token_lifetime_sec;
        return lifetime_sec < end_sec - now_sec ? now_sec + lifetime_sec : end_sec;
}

static int make_next(const PolicyRules *rules, const Session *session, const RotationOrder *order,
        uint64_t now_sec, Session **ret_next) {
        _cleanup_(session_unrefp) Session *next = NULL;
        char *kid;
        int r;

        r = session_copy(session, &next);
        if (r < 0)
                return r;
        kid = strdup(order->refresh_kid);
        if (!kid)
                return -ENOMEM;
        session_set_text(next, &next->refresh_kid, kid);
        next->token_end_sec = token_end_of(rules, session, order, now_sec);
        next->generation++;
        next->rotated_at_sec = now_sec;
        next->issued_at_sec = now_sec;
        next->expires_at_sec = policy_session_end_sec(rules, next);
        *ret_next = TAKE_PTR(next);
        return 0;
}

static Rotation advance(
        const PolicyRules *rules, UserState *state, const RotationOrder *order, uint64_t now_sec) {
        const Session *session = user_state_find(state, order->sid);
        Session *next;

        /* Its lifetime began by a wrong clock, so nobody knows how much of it is left. */
        if (session->created_at_sec > now_sec + SESSION_END_MARGIN_SEC)
                return refuse(REASON_TOKEN_NOT_YET);
        if (policy_absolute_end_sec(rules, session) <= now_sec)
                return refuse(REASON_SESSION_EXPIRED);
        if (session->generation >= JTI_GENERATION_MAX)
                return refuse(REASON_LIMIT_REACHED);
        if (make_next(rules, session, order, now_sec, &next) < 0)
                return refuse(REASON_INTERNAL);
        user_state_put(state, next);
        return (Rotation){ ROTATION_NEXT, REASON_OK };
}

Rotation rotation_decide(const PolicyRules *rules, UserState *state, const RotationOrder *order,
        const Moment *moment) {
        uint64_t now_sec = moment->now_sec;
        const Session *session;
        Reason reason;

        reason = user_state_check(state, order->sid, now_sec);
        session = user_state_find(state, order->sid);
        if (reason != REASON_OK || !session)
                return refuse(reason);
        if (order->generation > session->generation || !session->refresh_kid)
                return refuse(REASON_SESSION_UNKNOWN);
        /* First of all, also for a banned user: a copied session must not live again when the ban ends. */
        if (order->generation < session->generation &&
                !session_in_grace(session, order->generation, rules->refresh_grace_sec, now_sec)) {
                user_state_end(state, order->sid, REASON_SESSION_REUSED, now_sec);
                return (Rotation){ ROTATION_REUSED, REASON_SESSION_REUSED };
        }
        if (user_state_is_banned(state, moment))
                return refuse(REASON_USER_BANNED);
        /* The successor would be younger than the not-before time, and so evade it. */
        if (session->issued_at_sec < state->not_before_sec)
                return refuse(REASON_ISSUED_BEFORE);
        if (order->generation < session->generation)
                return (Rotation){ ROTATION_REPEATED, REASON_OK };
        return advance(rules, state, order, now_sec);
}
