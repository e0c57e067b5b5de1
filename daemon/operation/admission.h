#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Taking a new session into a user's state, under the rules of policy: part of the decision of every verb that
 * makes one.
 */

#include <stdint.h>

#include "authtoken/reason.h"
#include "daemon/policy/policy.h"

typedef struct Context Context;
typedef struct Session Session;
typedef struct UserState UserState;

/**
 * admission_decide() - let a copy of a session in, if the rules allow it
 * @context:    its configuration and the logins of this host
 * @state:      changes, and is not to be kept unless REASON_OK
 * @session:    copied: a decision may have to be made several times
 * @now_sec:    the caller's clock
 * @ended:      cleared first; older sessions that gave way, to be cleared by the caller
 *
 * Under the rules of the user, with their last known groups.
 * Return: as policy_admit(); REASON_GROUPS_UNKNOWN: they never were, and will be if it is tried
 * again.
 */
Reason admission_decide(Context *context, UserState *state, const Session *session,
        uint64_t now_sec, PolicyEnded *ended);
