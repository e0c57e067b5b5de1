/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "daemon/policy/live-session.h"
#include "daemon/session/session-check.h"
#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"

Reason policy_live_shell(const LiveShell *shell, const char *user) {
        if (shell->owner == (uid_t)-1 || !shell->user || !shell->target)
                return REASON_SHELL_NONE;
        /* `su bob` runs its shell in alice's logind session. And a login that continued as another
         * user does not tell who sits there. */
        if (shell->caller != shell->owner || strcmp(shell->user, user) != 0 ||
                strcmp(shell->target, user) != 0)
                return REASON_SHELL_FOREIGN;
        if (shell->ended)
                return REASON_SHELL_ENDED;
        return shell->left ? REASON_SHELL_NONE : REASON_OK;
}

static bool is_too_old(const LiveDemand *demand, uint64_t authenticated_at_sec, uint64_t now_sec) {
        if (demand->max_age_sec == 0)
                return false;
        /* After the clock was set back, its age is unknown. */
        return authenticated_at_sec > now_sec ||
               now_sec - authenticated_at_sec > demand->max_age_sec;
}

Reason policy_live_session(const UserState *state, const char *sid, const LiveDemand *demand,
        uint64_t authenticated_at_sec, const Moment *moment) {
        const Session *session = user_state_find(state, sid);
        Reason reason = user_state_check(state, sid, moment->now_sec);

        if (reason != REASON_OK || !session)
                return reason;
        if (user_state_is_banned(state, moment))
                return REASON_USER_BANNED;
        if (session->issued_at_sec < state->not_before_sec)
                return REASON_ISSUED_BEFORE;
        reason = session_demand_check(&demand->session, session);
        if (reason != REASON_OK)
                return reason;
        return is_too_old(demand, authenticated_at_sec, moment->now_sec) ? REASON_LOGIN_TOO_OLD
                                                                         : REASON_OK;
}

bool policy_live_may_ask(Reason reason) {
        return reason == REASON_SHELL_NONE || reason == REASON_SHELL_FOREIGN ||
               reason == REASON_AUDIENCE_MISMATCH || reason == REASON_ROLE_MISSING ||
               reason == REASON_LOGIN_TOO_OLD || reason == REASON_HOOK_VETOED ||
               reason == REASON_HOOK_FAILED;
}
