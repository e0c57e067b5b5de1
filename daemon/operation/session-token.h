#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The tokens of a session's current generation, made from what its record says and nothing else: whichever
 * host of a fleet makes them, and however often, the claims and the refresh token are the same.
 */

#include <stdint.h>

#include "authtoken/reason.h"
#include "common/secret.h"
#include "daemon/token/jti.h"
#include "daemon/token/key.h"

typedef struct Context Context;
typedef struct Session Session;

/* Zeroed, then filled by session_token_sign(). */
typedef struct SessionToken {
        Secret *access;
        Secret *refresh; /* NULL: the session has none */
        char jti[JTI_SIZE_MAX + 1];
        char kid[KEY_KID_MAX + 1]; /* of the key that signed */
        uint64_t expires_at_sec, session_end_sec;
} SessionToken;

/**
 * session_token_sign() - make both tokens
 * @context:    its current keys sign
 * @user:       whose session
 * @session:    borrowed
 * @token:      zeroed; to be cleared by the caller, also after a failure
 *
 * Return: REASON_OK; REASON_NO_SIGNING_KEY, REASON_NO_REFRESH_KEY, REASON_CLAIM_INVALID,
 * REASON_TOKEN_TOO_LARGE, REASON_INTERNAL.
 */
Reason session_token_sign(
        Context *context, const char *user, const Session *session, SessionToken *token);

/**
 * session_token_clear() - wipe and free what it owns
 * @token:      zeroed afterwards
 */
void session_token_clear(SessionToken *token);
