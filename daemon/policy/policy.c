/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/policy/binding.h"
#include "daemon/policy/policy.h"
#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"

#define TOUCH_INTERVAL_SEC 60u

static int ended_reserve(PolicyEnded *ended, size_t n_ends) {
        ended->ends = calloc(n_ends + 1, sizeof(*ended->ends));
        return ended->ends ? 0 : -ENOMEM;
}

/* @ended has room. Ending a session must not fail because there is no memory for texts that are
 * only reported. */
static void note_end(PolicyEnded *ended, const Session *session, Reason reason) {
        SessionEnd *end = &ended->ends[ended->n_ends++];

        memcpy(end->sid, session->sid, sizeof(end->sid));
        end->reason = reason;
        end->platform = session->platform ? strdup(session->platform) : NULL;
        end->device = session->device ? strdup(session->device) : NULL;
}

/* @ended has room for all sessions of the state. */
static void end_one(UserState *state, const Session *session, Reason reason, uint64_t now_sec,
        PolicyEnded *ended) {
        note_end(ended, session, reason);
        user_state_end(state, ended->ends[ended->n_ends - 1].sid, reason, now_sec);
}

static bool is_same(const char *a, const char *b) {
        return a && b ? !strcmp(a, b) : !a && !b;
}

static bool is_replaced(SingleSignOn single_sign_on, const Session *old, const Session *new) {
        switch (single_sign_on) {
        case SINGLE_SIGN_ON_OFF:
                return false;
        case SINGLE_SIGN_ON_DEVICE:
                return is_same(old->platform, new->platform) && is_same(old->device, new->device);
        case SINGLE_SIGN_ON_PLATFORM:
                return is_same(old->platform, new->platform);
        case SINGLE_SIGN_ON_USER:
                break;
        }
        return true;
}

static void replace(const PolicyRules *rules, UserState *state, const Session *session,
        uint64_t now_sec, PolicyEnded *ended) {
        for (size_t i = state->n_sessions; i > 0; i--)
                if (is_replaced(rules->single_sign_on, state->sessions[i - 1], session))
                        end_one(state, state->sessions[i - 1], REASON_SESSION_REPLACED, now_sec,
                                ended);
}

static const Session *find_spent(const UserState *state, const PolicyScene *scene) {
        const Session *oldest = NULL;

        for (size_t i = 0; i < state->n_sessions; i++) {
                const Session *session = state->sessions[i];

                /* A refresh token is good until the session ends. */
                if (session->refresh_kid ||
                        session->token_end_sec + SESSION_END_MARGIN_SEC > scene->moment->now_sec ||
                        (oldest && oldest->token_end_sec <= session->token_end_sec))
                        continue;
                if (!scene->may_be_open(session, scene->userdata))
                        oldest = session;
        }
        return oldest;
}

/* More than one has to go if the limit was lowered. */
static bool make_room(
        const PolicyRules *rules, UserState *state, const PolicyScene *scene, PolicyEnded *ended) {
        while (state->n_sessions >= rules->max_sessions) {
                const Session *spent = find_spent(state, scene);

                if (spent)
                        end_one(state, spent, REASON_SESSION_EXPIRED, scene->moment->now_sec,
                                ended);
                else if (rules->overflow == OVERFLOW_EVICT_OLDEST)
                        end_one(state, state->sessions[0], REASON_SESSION_EVICTED,
                                scene->moment->now_sec, ended);
                else
                        return false;
        }
        return true;
}

/* Many sessions may begin in one second; even then the oldest goes first. */
static uint64_t next_order(const UserState *state, uint64_t created_at_sec) {
        uint64_t order = 0;

        for (size_t i = 0; i < state->n_sessions; i++)
                if (state->sessions[i]->created_at_sec == created_at_sec &&
                        state->sessions[i]->created_order >= order)
                        order = state->sessions[i]->created_order + 1;
        return order;
}

static uint64_t sum_sec(uint64_t a, uint64_t b) {
        return a > SESSION_NUMBER_MAX - b ? SESSION_NUMBER_MAX : a + b;
}

uint64_t policy_absolute_end_sec(const PolicyRules *rules, const Session *session) {
        uint64_t lifetime_sec =
                session->absolute_sec ? session->absolute_sec : rules->absolute_lifetime_sec;

        return sum_sec(session->created_at_sec, lifetime_sec);
}

uint64_t policy_session_end_sec(const PolicyRules *rules, const Session *session) {
        uint64_t absolute_sec = policy_absolute_end_sec(rules, session);
        uint64_t end_sec = sum_sec(session->rotated_at_sec, rules->refresh_lifetime_sec);

        if (!session->refresh_kid || end_sec > absolute_sec)
                return absolute_sec;
        return end_sec > session->token_end_sec ? end_sec : session->token_end_sec;
}

Reason policy_admit(const PolicyRules *rules, UserState *state, Session *session,
        const PolicyScene *scene, PolicyEnded *ret_ended) {
        uint64_t end_sec = policy_session_end_sec(rules, session);
        int r;

        if (user_state_is_banned(state, scene->moment))
                return REASON_USER_BANNED;
        /* The time was set by another host's clock: a token of now would be refused everywhere. */
        if (state->not_before_sec > scene->moment->now_sec)
                return REASON_ISSUED_BEFORE;
        if (ended_reserve(ret_ended, state->n_sessions) < 0)
                return REASON_INTERNAL;
        binding_set(session, rules);
        replace(rules, state, session, scene->moment->now_sec, ret_ended);
        if (!make_room(rules, state, scene, ret_ended))
                return REASON_SESSION_LIMIT;
        /* The token of a session that ends before it can be used would be useless. */
        if (session->expires_at_sec == 0 || session->expires_at_sec > end_sec)
                session->expires_at_sec = end_sec;
        session->idle_sec = rules->idle_timeout_sec;
        session->created_order = next_order(state, session->created_at_sec);
        r = user_state_add(state, session);
        if (r == USER_STATE_E_FULL)
                return REASON_SESSION_LIMIT;
        return r ? REASON_INTERNAL : REASON_OK;
}

static bool equal_or_unset(const char *wanted, const char *actual) {
        return !wanted || (actual && !strcmp(wanted, actual));
}

static bool is_older(const Session *session, uint64_t time_sec) {
        return session->created_at_sec < time_sec || session->issued_at_sec < time_sec;
}

bool policy_filter_matches(const PolicyFilter *filter, const Session *session) {
        if (filter->before_sec != 0 && !is_older(session, filter->before_sec))
                return false;
        return equal_or_unset(filter->sid, session->sid) &&
               equal_or_unset(filter->platform, session->platform) &&
               equal_or_unset(filter->device, session->device);
}

int policy_end(UserState *state, const PolicyFilter *filter, Reason reason, uint64_t now_sec,
        PolicyEnded *ret_ended) {
        PolicyEnded ended = {};

        if (ended_reserve(&ended, state->n_sessions) < 0) {
                policy_ended_clear(&ended);
                return -ENOMEM;
        }
        for (size_t i = 0; i < state->n_sessions;)
                if (policy_filter_matches(filter, state->sessions[i]))
                        end_one(state, state->sessions[i], reason, now_sec, &ended);
                else
                        i++;
        *ret_ended = ended;
        return 0;
}

bool policy_end_unknown(
        UserState *state, EndedSession *entry, const char *sid, PolicyEnded *ended) {
        memcpy(entry->sid, sid, sizeof(entry->sid));
        if (!user_state_make_ended_room(state) || user_state_insert_ended(state, entry) != 0)
                return false;
        memcpy(ended->ends[0].sid, sid, SID_SIZE + 1);
        ended->ends[0].reason = entry->reason;
        ended->n_ends = 1;
        return true;
}

bool policy_keep_ended(UserState *state, const char *sid, uint64_t until_sec) {
        for (size_t i = 0; i < state->n_ended; i++) {
                EndedSession *ended = &state->ended[i];

                if (strcmp(ended->sid, sid) != 0 || ended->keep_until_sec >= until_sec)
                        continue;
                ended->keep_until_sec = until_sec;
                ended->adopted = true;
                return true;
        }
        return false;
}

/* An overdue session ends for the reason that holds at its deadline. */
static Reason reason_of_end(
        const Session *session, const Moment *moment, const PolicyOverdue *overdue) {
        Reason reason = session_check(session, moment->now_sec);

        if (reason == REASON_OK && overdue->is_overdue &&
                overdue->is_overdue(session, overdue->userdata))
                reason = session_check(session, session_deadline_sec(session));
        return reason;
}

int policy_expire(UserState *state, const Moment *moment, const PolicyOverdue *overdue,
        PolicyEnded *ret_ended, bool *ret_changed) {
        PolicyEnded ended = {};

        if (ended_reserve(&ended, state->n_sessions) < 0) {
                policy_ended_clear(&ended);
                return -ENOMEM;
        }
        for (size_t i = 0; i < state->n_sessions;) {
                const Session *session = state->sessions[i];
                uint64_t deadline_sec = session_deadline_sec(session);
                Reason reason = reason_of_end(session, moment, overdue);

                if (reason == REASON_OK)
                        i++;
                else
                        end_one(state, session, reason,
                                deadline_sec < moment->now_sec ? deadline_sec : moment->now_sec,
                                &ended);
        }
        *ret_changed = user_state_prune(state, moment) || ended.n_ends > 0;
        *ret_ended = ended;
        return 0;
}

void policy_ended_clear(PolicyEnded *ended) {
        for (size_t i = 0; i < ended->n_ends; i++) {
                free(ended->ends[i].platform);
                free(ended->ends[i].device);
        }
        free(ended->ends);
        *ended = (PolicyEnded){};
}

KickAction policy_kick_action(const PolicyRules *rules, bool graphical) {
        if (rules->on_kick == KICK_LOCK && !graphical)
                return KICK_TERMINATE;
        return rules->on_kick;
}

static uint64_t touch_interval_sec(const Session *session) {
        uint64_t tenth_sec = session->idle_sec / 10;

        if (session->idle_sec == 0 || tenth_sec > TOUCH_INTERVAL_SEC)
                return TOUCH_INTERVAL_SEC;
        return tenth_sec ? tenth_sec : 1;
}

bool policy_touch_is_due(const Session *session, uint64_t now_sec) {
        /* A clock that stepped back must not freeze the time of the last use. */
        return session->last_seen_sec > now_sec ||
               now_sec - session->last_seen_sec >= touch_interval_sec(session);
}

bool policy_touch(Session *session, uint64_t now_sec) {
        if (!policy_touch_is_due(session, now_sec))
                return false;
        session->last_seen_sec = now_sec;
        return true;
}
