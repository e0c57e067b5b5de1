#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Holds logins against the limits of [Limits]: too many failures of a user from one place, and nothing is
 * tried from there for a while. Each place has a budget of its own, so that whoever guesses at one does not
 * keep the user out at another.
 */

#include <stdbool.h>

#include "authtoken/reason.h"

typedef struct Context Context;
typedef struct LoginSubject LoginSubject;
typedef struct StoreCall StoreCall;

/* A question under way. Verbs embed it. */
typedef struct LoginLimit {
        StoreCall *call;
        Reason reason; /* once answered: REASON_OK, REASON_LOCKED_OUT, or why nobody knows */
} LoginLimit;

/**
 * login_limit_is_reached() - whether a place is locked out, as far as memory knows
 * @context:    the daemon
 * @subject:    who, and where from
 *
 * For before anything is verified: it costs nothing, and is all that a flood gets.
 */
bool login_limit_is_reached(const Context *context, const LoginSubject *subject);

/**
 * login_limit_ask() - ask the store, along with the state that is loaded right after
 * @limit:      zeroed; answered before the call of the store that is started next
 * @context:    the daemon
 * @subject:    who, and where from; borrowed for the call
 *
 * Return: 0: started, or answered already; negative errno.
 */
int login_limit_ask(LoginLimit *limit, Context *context, const LoginSubject *subject);

/**
 * login_limit_clear() - forget the question
 * @limit:      its memory is the verb's
 */
void login_limit_clear(LoginLimit *limit);

/**
 * login_limit_note() - a login was refused: count it, if it looks like a guess
 * @context:    the daemon
 * @subject:    who, and where from; borrowed for the call
 * @reason:     of the refusal
 *
 * Nobody waits for it. The failure that locks the place out has a line of its own in the journal.
 */
void login_limit_note(Context *context, const LoginSubject *subject, Reason reason);
