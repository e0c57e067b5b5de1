#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The login codes of a user's live sessions. They are part of the user's state, so that using one up is
 * one compare-and-swap, and ending a session ends its codes in the same commit.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "authtoken/reason.h"
#include "daemon/token/jti.h"

typedef struct Moment Moment;
typedef struct UserState UserState;

#define STATE_CODES_MAX         8u
#define STATE_CODE_LIFETIME_SEC 60u

/* Stands for one token of one session. */
typedef struct LoginCode {
        char mac[SID_SIZE + 1]; /* of code_mac(): never the code */
        char sid[SID_SIZE + 1];
        uint64_t generation;
        uint64_t issued_at_sec; /* of the token */
        uint64_t end_sec;
        bool is_foreign; /* the token is of another issuer, which the session names as its source */
} LoginCode;

/**
 * user_state_add_code() - make a code good
 * @state:      changes; above STATE_CODES_MAX the code that ends first is dropped
 * @code:       copied
 *
 * Return: 0; -EEXIST there is such a code; -ENOMEM.
 */
int user_state_add_code(UserState *state, const LoginCode *code);

/**
 * user_state_check_code() - whether a code may be used now
 * @state:      borrowed
 * @mac:        of the code
 * @grace_sec:  as for user_state_check_token()
 * @moment:     the caller's clocks
 * @ret_code:   borrowed until @state changes; untouched unless REASON_OK
 *
 * Return: REASON_OK; REASON_CODE_UNKNOWN; REASON_CODE_EXPIRED; else as user_state_check_token() for the
 * token that it stands for.
 */
Reason user_state_check_code(const UserState *state, const char *mac, uint64_t grace_sec,
        const Moment *moment, const LoginCode **ret_code);

/**
 * user_state_drop_code() - use a code up
 * @state:      changes, unless there is no such code
 * @mac:        of the code
 */
void user_state_drop_code(UserState *state, const char *mac);

/**
 * user_state_drop_codes() - forget the codes of a session
 * @state:      changes
 * @sid:        the session's id
 */
void user_state_drop_codes(UserState *state, const char *sid);

/**
 * user_state_prune_codes() - forget the codes that are over, or whose session is not there
 * @state:      changes
 * @now_sec:    the caller's clock
 *
 * Return: true if something changed.
 */
bool user_state_prune_codes(UserState *state, uint64_t now_sec);
