#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Using up a login code: only the commit that removes it from the user's state has used it.
 */

#include "authtoken/reason.h"
#include "daemon/operation/login-limit.h"
#include "daemon/token/code-mac.h"

typedef struct Claims Claims;
typedef struct Context Context;
typedef struct StoreCall StoreCall;

typedef struct CodeRedeem CodeRedeem;

/* @claims: of the token that the code stood for, borrowed; NULL unless REASON_OK. */
typedef void (*CodeRedeemDone)(CodeRedeem *redeem, Reason reason, Claims *claims);

/* Verbs embed it. */
struct CodeRedeem {
        Context *context;
        const char *user, *service; /* this and the next are borrowed from the verb */
        const LoginLimit *limit;    /* unless it permits, the code is not checked */
        CodeRedeemDone done;
        Secret *code; /* its one spelling; NULL: the credential is no code */
        char mac[CODE_MAC_SIZE + 1];
        Claims *claims;
        StoreCall *call;
};

/**
 * code_redeem_prepare() - read what was typed
 * @redeem:     zeroed; context, user, service and done are set
 * @code:       need not end with NUL
 * @size:       of @code
 *
 * Return: REASON_OK; REASON_CODE_UNKNOWN what cannot be a code; REASON_INTERNAL.
 */
Reason code_redeem_prepare(CodeRedeem *redeem, const char *code, size_t size);

/**
 * code_redeem_start() - use the code up
 * @redeem:     prepared; its attempt was reserved right before
 *
 * Once it is used up, @redeem->claims are those of its token, whether the login goes on or not. They are checked
 * against rules, audience and time here, as a token's are; the state's checks are the caller's. Return: 0: its done
 * will be called, not before this returns; negative errno.
 */
int code_redeem_start(CodeRedeem *redeem);

/**
 * code_redeem_clear() - free what it owns
 * @redeem:     its memory is the verb's
 */
void code_redeem_clear(CodeRedeem *redeem);
