#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Whether a session, or a token of one, may act: read off the user's state.
 */

#include <stdint.h>

#include "authtoken/reason.h"

typedef struct Moment Moment;
typedef struct UserState UserState;

/* What a token claims about itself. Borrowed. */
typedef struct TokenFacts {
        const char *sid; /* this and the next from its jti */
        uint64_t generation;
        uint64_t issued_at_sec;
} TokenFacts;

/**
 * user_state_check() - whether a session of the user may act now
 * @state:      borrowed
 * @sid:        the session's id
 * @now_sec:    the caller's clock
 *
 * Absence means revoked: a session that is not listed as live is not live. Bans are not checked.
 * Return: REASON_OK; the recorded reason of its end; REASON_SESSION_EXPIRED or REASON_SESSION_IDLE
 * past its end; REASON_SESSION_UNKNOWN.
 */
Reason user_state_check(const UserState *state, const char *sid, uint64_t now_sec);

/**
 * user_state_check_token() - whether a token is the live one of its session
 * @state:      borrowed
 * @token:      what it says of itself, its signature being good
 * @grace_sec:  how long after a refresh the previous token is still taken
 * @moment:     the caller's clocks
 *
 * A generation above the recorded one is unknown: the store was set back. Return: as
 * user_state_check(), then REASON_USER_BANNED, REASON_ISSUED_BEFORE, REASON_GENERATION_OLD.
 */
Reason user_state_check_token(
        const UserState *state, const TokenFacts *token, uint64_t grace_sec, const Moment *moment);
