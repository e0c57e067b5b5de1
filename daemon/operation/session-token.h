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
#include "daemon/token/refresh-token.h"
#include "daemon/token/token-issuer.h"

typedef struct Context Context;
typedef struct Session Session;
typedef struct SignJob SignJob;

/* The callback for a finished token, or a failure. */
typedef struct SessionTokenWaiter {
        void (*done)(Reason reason, void *userdata);
        void *userdata;
} SessionTokenWaiter;

/* Zeroed, then composed, then signed. */
typedef struct SessionToken {
        Secret *access;  /* once it is signed */
        Secret *refresh; /* NULL: the session has none */
        char jti[JTI_SIZE_MAX + 1];
        char kid[KEY_KID_MAX + 1]; /* of the key that signed */
        uint64_t expires_at_sec, session_end_sec;
        TokenDraft draft; /* until it is signed */
        SignJob *job;     /* while it is */
        SessionTokenWaiter waiter;
} SessionToken;

/**
 * session_token_compose() - make both tokens, but for the access token's signature
 * @context:    its current keys are to sign
 * @user:       whose session
 * @session:    borrowed for the call
 * @token:      zeroed; to be cleared by the caller, also after a failure
 *
 * All faults of a session's tokens are found here. Return: REASON_OK; REASON_NO_SIGNING_KEY,
 * REASON_NO_REFRESH_KEY, REASON_CLAIM_INVALID, REASON_TOKEN_TOO_LARGE, REASON_INTERNAL.
 */
Reason session_token_compose(
        Context *context, const char *user, const Session *session, SessionToken *token);

/**
 * session_token_sign() - have the signature made
 * @context:    any
 * @token:      composed; stays where it is until that is done
 * @waiter:     told once, never before this returns, unless the token is cleared before
 *
 * Return: REASON_OK: started; REASON_INTERNAL: it is not.
 */
Reason session_token_sign(Context *context, SessionToken *token, SessionTokenWaiter waiter);

/**
 * session_token_check_refresh() - whether a refresh token was made here, for this user
 * @context:    under any of its keys
 * @token:      parsed
 * @user:       whose session it names
 *
 * The generation is not checked. Return: REASON_OK; REASON_SIGNATURE_INVALID; REASON_INTERNAL.
 */
Reason session_token_check_refresh(
        const Context *context, const RefreshToken *token, const char *user);

/**
 * session_token_clear() - wipe and free what it owns, and wait for nothing more
 * @token:      zeroed afterwards
 */
void session_token_clear(SessionToken *token);
