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
typedef struct UserState UserState;

/* Verbs embed it. */
struct Adopt {
        Context *context;
        const Claims *claims; /* borrowed from the verb; not of our own */
        const char *rhost;    /* likewise, for the journal; NULL is fine */
        UserState *
                state; /* of its user, as it was found; a reference, from the start on this one's */
        /* The verb's check of the session as it would be: called once, before anything is written. */
        Reason (*check)(Adopt *adopt);
        /* Only the user's state can still refuse it: adopt_commit() is to follow, now or later. */
        void (*ready)(Adopt *adopt);
        void (*done)(Adopt *adopt, Reason reason); /* REASON_OK: the session is stored */
        StoreCall *call;
        UserRulesCall *rules_call;
        AdoptionRequest request;
        bool was_known; /* the store's index knows the session */
        bool is_ready;
        unsigned int n_counted; /* the epoch may change between count and commit */
        Session *session;       /* bound as its user's rules say */
        PolicyEnded ended;
};

/**
 * adopt_start() - adopt a token
 * @adopt:      zeroed; context, claims, state, check, ready and done are set
 *
 * A refused login must not have ended other sessions, so everything that can refuse it comes before the
 * session: the state, @check, the epoch, and what the verb does when it is ready.
 * Return: 0: its ready or its done will be called, not before this returns; negative errno.
 */
int adopt_start(Adopt *adopt);

/**
 * adopt_commit() - make the session
 * @adopt:      ready
 *
 * An ended session stays ended; so does one whose record is gone while the index still has it. Return: 0: its done
 * will be called, not before this returns; negative errno.
 */
int adopt_commit(Adopt *adopt);

/**
 * adopt_clear() - free what it owns
 * @adopt:      its memory is the verb's
 */
void adopt_clear(Adopt *adopt);
