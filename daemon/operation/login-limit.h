#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Applies the limits of [Limits] to logins: after too many failures of a user from one place, nothing is
 * tried from there for a while. Each place has a budget of its own, so that guessing at one does not keep
 * the user out at another.
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
        Reason reason;    /* once answered: REASON_OK, REASON_LOCKED_OUT, or why it is unknown */
        bool is_full;     /* because of attempts under way at this moment, not of a lock-out */
        bool is_reserved; /* and its outcome has to be reported */
        bool is_settled;
};

/**
 * login_limit_question() - the question to the store about a place, under the present limits
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
 * For use before anything is verified: it costs nothing, and a flood gets no further.
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
 * login_limit_reserve() - the same for a credential that can be guessed: it is counted before it is
 * checked
 * @limit:      as for login_limit_ask(); nothing may be checked unless it says REASON_OK
 * @context:    the daemon
 * @subject:    who, and where from; borrowed for the call
 *
 * Of many attempts at once, on all hosts, no more are made than may fail. Report the outcome by
 * login_limit_settle(). Return: 0: started, or answered already; negative errno.
 */
int login_limit_reserve(LoginLimit *limit, Context *context, LoginSubject *subject);

/**
 * login_limit_clear() - forget the question; a failure is counted all the same
 * @limit:      its memory is the verb's
 */
void login_limit_clear(LoginLimit *limit);

/**
 * login_limit_settle() - an attempt was checked: count it if it looks like a guess
 * @limit:      the attempt's; told once
 * @context:    the daemon
 * @subject:    who, and where from; borrowed for the call
 * @reason:     of the refusal, or REASON_OK
 *
 * While it is counted LoginLimit.note is set, and the refusal is answered after that. So sequential failures
 * never exceed the limit, on any host, and a lock-out stays whatever happens to the daemon. The failure that
 * locks the place out has a line of its own in the journal.
 */
void login_limit_settle(LoginLimit *limit, Context *context, LoginSubject *subject, Reason reason);
