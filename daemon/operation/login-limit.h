#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Holds logins against the limits of [Limits]: too many failures of a user from one place, and nothing is
 * tried from there for a while. Each place has a budget of its own, so that whoever guesses at one does not
 * keep the user out at another.
 */

#include <stdbool.h>

#include "authtoken/reason.h"
#include "daemon/store/failure-table.h"

typedef struct Context Context;
typedef struct LoginSubject LoginSubject;
typedef struct StoreCall StoreCall;

typedef struct LoginLimit LoginLimit;
typedef struct LoginFailureNote LoginFailureNote;

typedef void (*LoginLimitNoted)(LoginLimit *limit);

/* A question under way. Verbs embed it. */
struct LoginLimit {
        StoreCall *call;
        LoginFailureNote *note; /* a failure that is being counted; NULL: none is */
        LoginLimitNoted noted;  /* it is counted, or cannot be; to be set by the verb */
        Reason reason; /* once answered: REASON_OK, REASON_LOCKED_OUT, or why nobody knows */
        bool is_full; /* it is so because of what is being tried at this moment, not of a lock-out */
        bool is_reserved; /* and how it went is to be told */
        bool is_settled;
};

/**
 * login_limit_question() - what the store is asked of a place, by the limits of now
 * @context:    the daemon
 * @user:       borrowed by the question
 * @place:      likewise
 */
FailureQuestion login_limit_question(const Context *context, const char *user, const char *place);

/**
 * login_limit_is_reached() - whether a place is locked out, as far as memory knows
 * @context:    the daemon
 * @subject:    who, and where from
 *
 * For before anything is verified: it costs nothing, and is all that a flood gets.
 */
bool login_limit_is_reached(const Context *context, LoginSubject *subject);

/**
 * login_limit_ask() - ask the store, along with the state that is loaded right after
 * @limit:      zeroed; answered before the call of the store that is started next
 * @context:    the daemon
 * @subject:    who, and where from; borrowed for the call
 *
 * Return: 0: started, or answered already; negative errno.
 */
int login_limit_ask(LoginLimit *limit, Context *context, LoginSubject *subject);

/**
 * login_limit_reserve() - the same for what can be guessed: it is counted before it is looked at
 * @limit:      as for login_limit_ask(); unless it says REASON_OK, nothing may be looked at
 * @context:    the daemon
 * @subject:    who, and where from; borrowed for the call
 *
 * Of many attempts at once, on all hosts, no more are made than may fail. How it went is to be told by
 * login_limit_settle(). Return: 0: started, or answered already; negative errno.
 */
int login_limit_reserve(LoginLimit *limit, Context *context, LoginSubject *subject);

/**
 * login_limit_clear() - forget the question; a failure is counted all the same
 * @limit:      its memory is the verb's
 */
void login_limit_clear(LoginLimit *limit);

/**
 * login_limit_settle() - an attempt was looked at: count it, if it looks like a guess
 * @limit:      the attempt's; told once
 * @context:    the daemon
 * @subject:    who, and where from; borrowed for the call
 * @reason:     of the refusal, or REASON_OK
 *
 * While it is counted LoginLimit.note is set: the refusal is told after it, so that of failures one after the
 * other none is told too much, on any host, and what was locked out stays so whatever happens to the daemon.
 * The failure that locks the place out has a line of its own in the journal.
 */
void login_limit_settle(LoginLimit *limit, Context *context, LoginSubject *subject, Reason reason);
