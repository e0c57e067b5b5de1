#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The claims of a session's current token, from its record: for a login by a code, which has no token.
 */

#include "authtoken/reason.h"

typedef struct Claims Claims;
typedef struct Session Session;

/* The token's owner. Borrowed for the call. */
typedef struct SessionOwner {
        const char *issuer, *tenant, *user;
} SessionOwner;

/**
 * session_claims() - what the token says, without the token
 * @session:    borrowed
 * @owner:      what the session's record does not say
 * @ret_claims: one reference, owned by the caller
 *
 * Return: REASON_OK; REASON_CLAIM_INVALID, _CLAIM_MISSING a record that no token could be made from;
 * REASON_INTERNAL.
 */
Reason session_claims(const Session *session, SessionOwner owner, Claims **ret_claims);
