/* SPDX-License-Identifier: MIT */

#include "daemon/session/state-revocation.h"
#include "daemon/session/user-state.h"

static bool brings(const UserState *before, const UserState *after) {
        for (size_t i = 0; i < after->n_sessions; i++)
                if (!user_state_find(before, after->sessions[i]->sid))
                        return true;
        return false;
}

/* If a failover brings such a session back, it is still past its own end. */
static bool is_natural(Reason reason) {
        return reason == REASON_SESSION_EXPIRED || reason == REASON_SESSION_IDLE;
}

/* An end is only kept while a token of the session can be valid. */
static bool ends_live(const UserState *before, const UserState *after) {
        for (size_t i = 0; i < before->n_sessions; i++) {
                const EndedSession *ended;

                if (user_state_find(after, before->sessions[i]->sid))
                        continue;
                ended = user_state_find_ended(after, before->sessions[i]->sid);
                if (ended && !is_natural(ended->reason))
                        return true;
        }
        return false;
}

/* Ends of sessions that were not live here, such as of another issuer's token that nobody has
 * used yet. */
static bool ends_unknown(const UserState *before, const UserState *after) {
        for (size_t i = 0; i < after->n_ended; i++) {
                const EndedSession *ended = &after->ended[i];
                const EndedSession *old = user_state_find_ended(before, ended->sid);

                if (is_natural(ended->reason))
                        continue;
                if (!old || old->keep_until_sec < ended->keep_until_sec)
                        return true;
        }
        return false;
}

bool state_revokes(const UserState *before, const UserState *after) {
        if (after->ban_until_sec > before->ban_until_sec ||
                after->not_before_sec > before->not_before_sec ||
                after->forgotten_sec > before->forgotten_sec)
                return true;
        return !brings(before, after) && (ends_live(before, after) || ends_unknown(before, after));
}
