#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Whether the token session that opened a shell vouches for its user, so that sudo need not ask: pure
 * decisions. The facts about the shell come from the kernel, logind and the records of logins, never
 * from the caller.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "authtoken/reason.h"
#include "daemon/policy/session-demand.h"

typedef struct Moment Moment;
typedef struct UserState UserState;

/* The logind session in which the caller runs, and the login that opened it. Borrowed. */
typedef struct LiveShell {
        uid_t caller;       /* real uid of who asks */
        uid_t owner;        /* whose logind session it is; (uid_t)-1: the caller is in none */
        const char *user;   /* whose token opened it; NULL: no token did */
        const char *target; /* as whom that was */
        bool ended;         /* the login's token session has */
        bool left;          /* the login is over, and the processes left are no shell of its user */
} LiveShell;

/* A service's demand. */
typedef struct LiveDemand {
        SessionDemand session;
        uint64_t max_age_sec; /* since the user gave a token last; 0: any */
} LiveDemand;

/**
 * policy_live_shell() - whether a shell is its user's own, opened by a token of theirs
 * @shell:      borrowed
 * @user:       whom the service wants to authenticate
 *
 * Return: REASON_OK; REASON_SHELL_NONE; REASON_SHELL_FOREIGN; REASON_SHELL_ENDED.
 */
Reason policy_live_shell(const LiveShell *shell, const char *user);

/**
 * policy_live_session() - whether the session behind a shell satisfies a service
 * @state:      of the user, as the store has it now
 * @sid:        the session that opened the shell
 * @demand:     borrowed
 * @authenticated_at_sec: when the user last gave a token of it
 * @moment:     the caller's clocks
 *
 * Return: REASON_OK; as user_state_check(); REASON_USER_BANNED; REASON_ISSUED_BEFORE;
 * REASON_AUDIENCE_MISMATCH; REASON_ROLE_MISSING; REASON_LOGIN_TOO_OLD.
 */
Reason policy_live_session(const UserState *state, const char *sid, const LiveDemand *demand,
        uint64_t authenticated_at_sec, const Moment *moment);

/**
 * policy_live_may_ask() - whether the user may be asked for a password or token instead
 * @reason:     from one of the two above, or from the hooks
 *
 * Not if the session has ended: its shell must not get any further.
 */
bool policy_live_may_ask(Reason reason);
