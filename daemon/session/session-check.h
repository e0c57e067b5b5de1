#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Whether a session, or a token of one, may act: read off the user's state.
 */

#include <stdint.h>

#include "authtoken/reason.h"

typedef struct UserState UserState;

/**
 * user_state_check() - whether a session of the user may act now
 * @state:      borrowed
 * @sid:        the session's id
 * @now_sec:    the caller's clock
 *
 * Absence means revoked: what is not listed as live is not live. A ban is not looked at.
 * Return: REASON_OK; the recorded reason of its end; REASON_SESSION_EXPIRED or
 *         REASON_SESSION_IDLE past its end;
 *         REASON_SESSION_UNKNOWN.
 */
Reason user_state_check(const UserState *state, const char *sid, uint64_t now_sec);

/**
 * user_state_check_token() - whether a token of a session is the one that is live
 * @state:      borrowed
 * @sid:        from the token's jti
 * @generation: from the token's jti
 * @issued_at_sec: the token's iat
 * @now_sec:    the caller's clock
 *
 * A generation that is not reached yet is unknown: the store was set back. Return: as
 * user_state_check(), then REASON_USER_BANNED, REASON_ISSUED_BEFORE, REASON_GENERATION_OLD.
 */
Reason user_state_check_token(const UserState *state, const char *sid, uint64_t generation,
        uint64_t issued_at_sec, uint64_t now_sec);
