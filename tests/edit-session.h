#pragma once
/* SPDX-License-Identifier: MIT */

#include <stdlib.h>

#include "daemon/session/user-state.h"

/**
 * edit_session() - a session to set up a case with
 * @state:      changes
 * @sid:        of one of its sessions
 *
 * What a state holds is never changed in place; a copy that nobody else has yet may be.
 * Return: borrowed from @state.
 */
static inline Session *edit_session(UserState *state, const char *sid) {
        Session *copy;

        if (session_copy(user_state_find(state, sid), &copy) < 0)
                abort();
        user_state_put(state, copy);
        return copy;
}
