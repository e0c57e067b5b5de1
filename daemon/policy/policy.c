/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/policy/policy.h"
#include "daemon/session/user-state.h"

#define TOUCH_INTERVAL_SEC 60u

static bool is_banned(const UserState *state, uint64_t now_sec) {
        return state->ban_until_sec > now_sec;
}

static Session *find_spent(const UserState *state, const PolicyLogins *logins, uint64_t now_sec) {
        Session *oldest = NULL;

        for (size_t i = 0; i < state->n_sessions; i++) {
                Session *session = state->sessions[i];

                if (session->token_end_sec + SESSION_END_MARGIN_SEC > now_sec ||
                        (oldest && oldest->token_end_sec <= session->token_end_sec))
                        continue;
                if (!logins->may_be_open(session, logins->userdata))
                        oldest = session;
        }
        return oldest;
}

/* More than one has to go after the limit was lowered. */
static bool make_room(
        UserState *state, size_t max_sessions, const PolicyLogins *logins, uint64_t now_sec) {
        while (state->n_sessions >= max_sessions) {
                Session *spent = find_spent(state, logins, now_sec);

                if (!spent)
                        return false;
                user_state_end(state, spent->sid, REASON_SESSION_EXPIRED, now_sec);
        }
        return true;
}

Reason policy_admit(const PolicyRules *rules, UserState *state, Session *session,
        const PolicyLogins *logins, uint64_t now_sec) {
        uint64_t end_sec = now_sec + rules->absolute_lifetime_sec;
        int r;

        if (is_banned(state, now_sec))
                return REASON_USER_BANNED;
        if (!make_room(state, rules->max_sessions, logins, now_sec))
                return REASON_SESSION_LIMIT;
        /* A session that ended before its token could be used would be a token for nothing. */
        if (session->expires_at_sec == 0 || session->expires_at_sec > end_sec)
                session->expires_at_sec = end_sec;
        r = user_state_add(state, session);
        if (r == USER_STATE_E_FULL)
                return REASON_SESSION_LIMIT;
        return r ? REASON_INTERNAL : REASON_OK;
}

static bool equal_or_unset(const char *wanted, const char *actual) {
        return !wanted || (actual && !strcmp(wanted, actual));
}

static bool matches(const PolicyFilter *filter, const Session *session) {
        return equal_or_unset(filter->sid, session->sid) &&
               equal_or_unset(filter->platform, session->platform) &&
               equal_or_unset(filter->device, session->device);
}

int policy_end(UserState *state, const PolicyFilter *filter, Reason reason, uint64_t now_sec,
        PolicyEnded *ret_ended) {
        PolicyEnded ended = {};

        ended.sids = calloc(state->n_sessions + 1, sizeof(*ended.sids));
        if (!ended.sids)
                return -ENOMEM;
        for (size_t i = 0; i < state->n_sessions; i++)
                if (matches(filter, state->sessions[i]))
                        memcpy(ended.sids[ended.n_sids++], state->sessions[i]->sid, SID_SIZE + 1);
        for (size_t i = 0; i < ended.n_sids; i++)
                user_state_end(state, ended.sids[i], reason, now_sec);
        *ret_ended = ended;
        return 0;
}

void policy_ended_clear(PolicyEnded *ended) {
        free(ended->sids);
        *ended = (PolicyEnded){};
}

KickAction policy_kick_action(const PolicyRules *rules, bool graphical) {
        if (rules->on_kick == KICK_LOCK && !graphical)
                return KICK_TERMINATE;
        return rules->on_kick;
}

bool policy_touch_is_due(const Session *session, uint64_t now_sec) {
        /* A clock that stepped back must not freeze the time of the last use. */
        return session->last_seen_sec > now_sec ||
               now_sec - session->last_seen_sec >= TOUCH_INTERVAL_SEC;
}

bool policy_touch(Session *session, uint64_t now_sec) {
        if (!policy_touch_is_due(session, now_sec))
                return false;
        session->last_seen_sec = now_sec;
        return true;
}
