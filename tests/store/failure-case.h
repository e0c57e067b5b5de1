#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Failed logins of alice's, told to a store and waited for: three lock her out for five minutes.
 */

#include "daemon/store/login-failures.h"
#include "store-fixture.h"

typedef enum Attempt {
        ATTEMPT_FREE,
        ATTEMPT_FULL,
        ATTEMPT_LOCKED,
} Attempt;

/* Of an order to lift lock-outs, or a list of them. */
typedef struct LockOutsAnswer {
        bool done;
        int r;
        unsigned int n_lifted;
        size_t n_listed;
        char listed[256];   /* "USER PLACE, " each, as far as there is room */
        uint64_t until_sec; /* of the last one */
} LockOutsAnswer;

/**
 * failure_question() - what is asked and told of a place
 * @tenant:     borrowed
 * @place:      likewise
 */
FailureQuestion failure_question(const char *tenant, const char *place);

/**
 * failure_note() - count, and wait
 * @fixture:    any
 * @failure:    borrowed
 *
 * Return: whether this failure was the one that locked out.
 */
bool failure_note(StoreFixture *fixture, const FailureQuestion *failure);

/**
 * failure_is_locked() - ask the store, and wait
 * @fixture:    any
 * @asked:      borrowed
 */
bool failure_is_locked(StoreFixture *fixture, const FailureQuestion *asked);

/**
 * failure_reserve() - reserve for an attempt, and wait
 * @fixture:    any
 * @attempt:    its step does not matter
 */
Attempt failure_reserve(StoreFixture *fixture, FailureQuestion attempt);

/**
 * failure_settle() - tell how it went, and wait
 * @fixture:    any
 * @attempt:    its step does not matter
 * @step:       how it went
 *
 * Return: as failure_note().
 */
bool failure_settle(StoreFixture *fixture, FailureQuestion attempt, FailureStep step);

/**
 * failure_lift() - lift lock-outs, and wait
 * @fixture:    any
 * @store:      the fixture's, or another one on its loop
 * @which:      borrowed
 */
LockOutsAnswer failure_lift(StoreFixture *fixture, UserStore *store, const FailureQuestion *which);

/**
 * failure_list() - list lock-outs, and wait
 * @fixture:    any
 * @which:      borrowed
 */
LockOutsAnswer failure_list(StoreFixture *fixture, const FailureQuestion *which);
