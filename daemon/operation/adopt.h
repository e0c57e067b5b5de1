#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Making a session for a valid token that has none, because nobody here issued it: another issuer's, or a
 * predecessor's. Part of a login by root only.
 */

#include "authtoken/reason.h"
#include "daemon/operation/adoption.h"
#include "daemon/policy/policy.h"

typedef struct Adopt Adopt;
typedef struct Claims Claims;
typedef struct Context Context;
typedef struct Session Session;
typedef struct StoreCall StoreCall;
typedef struct UserRulesCall UserRulesCall;

/* Verbs embed it. */
struct Adopt {
        Context *context;
        const Claims *claims;                      /* borrowed from the verb; not of our own */
        const char *rhost;                         /* likewise, for the journal; NULL is fine */
        void (*done)(Adopt *adopt, Reason reason); /* REASON_OK: the session is stored */
        StoreCall *call;
        UserRulesCall *rules_call;
        AdoptionRequest request;
        bool was_known; /* the store's index knows the session */
        Session *session;
        PolicyEnded ended;
};

/**
 * adopt_start() - adopt a token
 * @adopt:      zeroed; context, claims and done are set
 *
 * An ended session stays ended, and so does one whose record is gone while the index still names it. Return: 0: its done will be called, not before
 * this returns; negative errno.
 */
int adopt_start(Adopt *adopt);

/**
 * adopt_clear() - free what it owns
 * @adopt:      its memory is the verb's
 */
void adopt_clear(Adopt *adopt);
