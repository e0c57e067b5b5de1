/* SPDX-License-Identifier: MIT */

#include "daemon/session/state-revocation.h"
#include "daemon/session/user-state.h"

static bool brings(const UserState *before, const UserState *after) {
        for (size_t i = 0; i < after->n_sessions; i++)
                if (!user_state_find(before, after->sessions[i]->sid))
                        return true;
        return false;
}

/* What comes back is past its own end when it does. */
static bool is_natural(Reason reason) {
        return reason == REASON_SESSION_EXPIRED || reason == REASON_SESSION_IDLE;
}

/* Nothing is kept of one of which no token can be valid any more. */
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

/* Of what was not live here, such as another issuer's token that nobody has brought yet. */
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
