/* SPDX-License-Identifier: MIT */

/*
 * Failed logins: the same cases on `sqlite` and on `redis`.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "daemon/store/login-failures.h"
#include "store-case.h"
#include "tests/moment-at.h"

typedef struct Waiter {
        bool done;
        int r;
        FailureAnswer answer;
} Waiter;

static void on_answer(StoreCall *call, int r, const FailureAnswer *answer, void *userdata) {
        Waiter *waiter = userdata;

        (void)call;
        *waiter = (Waiter){ true, r, *answer };
}

static FailureQuestion question(const char *tenant, const char *place) {
        return (FailureQuestion){
                .key = { tenant, "alice", place },
                .rules = { .max = 3, .window_sec = 60, .lock_out_sec = 300 },
                .now_sec = fixture_now_sec(),
        };
}

/* Returns whether this failure was the one that locked out. */
static bool note(StoreFixture *fixture, const FailureQuestion *failure) {
        StoreCall *call = NULL;
        Waiter waiter = { 0 };
        int r;

        r = login_failures_note(fixture->store, failure, on_answer, &waiter, &call);
        if (r == STORE_E_NOT_FOUND)
                return false;
        assert_int_equal(r, 0);
        store_fixture_run(fixture, &waiter.done);
        assert_int_equal(waiter.r, 0);
        return waiter.answer.locked_now;
}

static bool is_locked(StoreFixture *fixture, const FailureQuestion *asked) {
        StoreCall *call = NULL;
        Waiter waiter = { 0 };
        int r;

        r = login_failures_ask(fixture->store, asked, on_answer, &waiter, &call);
        if (r == STORE_E_NOT_FOUND)
                return login_failures_is_locked(fixture->store, asked);
        assert_int_equal(r, 0);
        store_fixture_run(fixture, &waiter.done);
        assert_int_equal(waiter.r, 0);
        return waiter.answer.is_locked;
}

static void test_the_last_failure_locks_out_and_is_told_once(void **test) {
        FailureQuestion here = question("default", "192.0.2.1");

        assert_false(note(*test, &here));
        assert_false(note(*test, &here));
        assert_false(is_locked(*test, &here));
        assert_true(note(*test, &here));
        assert_true(is_locked(*test, &here));
        assert_true(login_failures_is_locked(((StoreFixture *)*test)->store, &here));
        assert_false(note(*test, &here));
}

typedef enum Answer {
        FREE,
        FULL,
        LOCKED,
} Answer;

static Answer reserve(StoreFixture *fixture, FailureQuestion attempt) {
        StoreCall *call = NULL;
        Waiter waiter = { 0 };
        int r;

        attempt.step = FAILURE_RESERVE;
        r = login_failures_reserve(fixture->store, &attempt, on_answer, &waiter, &call);
        if (r == STORE_E_NOT_FOUND) {
                waiter.answer = login_failures_reserve_now(fixture->store, &attempt);
        } else {
                assert_int_equal(r, 0);
                store_fixture_run(fixture, &waiter.done);
                assert_int_equal(waiter.r, 0);
        }
        if (waiter.answer.is_locked)
                return LOCKED;
        return waiter.answer.is_full ? FULL : FREE;
}

static bool settle(StoreFixture *fixture, FailureQuestion attempt, FailureStep step) {
        attempt.step = step;
        return note(fixture, &attempt);
}

static void test_no_more_attempts_are_made_than_may_fail(void **test) {
        FailureQuestion here = question("default", "192.0.2.1");

        (void)note(*test, &here);
        assert_int_equal(reserve(*test, here), FREE);
        assert_int_equal(reserve(*test, here), FREE);
        assert_int_equal(reserve(*test, here), FULL);
        assert_int_equal(reserve(*test, question("default", "192.0.2.2")), FREE);
        assert_false(is_locked(*test, &here));
        assert_false(settle(*test, here, FAILURE_COUNT_RESERVED));
        assert_int_equal(reserve(*test, here), FULL);
        assert_true(settle(*test, here, FAILURE_COUNT_RESERVED));
        assert_int_equal(reserve(*test, here), LOCKED);
        assert_true(is_locked(*test, &here));
}

static void test_an_attempt_that_did_not_fail_counts_for_nothing(void **test) {
        FailureQuestion here = question("default", "192.0.2.1");

        for (unsigned int i = 0; i < 10; i++) {
                assert_int_equal(reserve(*test, here), FREE);
                assert_int_equal(reserve(*test, here), FREE);
                assert_int_equal(reserve(*test, here), FREE);
                assert_int_equal(reserve(*test, here), FULL);
                for (unsigned int j = 0; j < 3; j++)
                        assert_false(settle(*test, here, FAILURE_RELEASE));
        }
        (void)note(*test, &here);
        (void)note(*test, &here);
        assert_int_equal(reserve(*test, here), FREE);
        assert_false(settle(*test, here, FAILURE_RELEASE));
        assert_true(note(*test, &here));
}

/* What lapsed meanwhile, or was forgotten, must not become room for others. */
static void test_what_was_not_reserved_cannot_be_given_back(void **test) {
        FailureQuestion here = question("default", "192.0.2.1");

        for (unsigned int i = 0; i < 3; i++)
                assert_false(settle(*test, here, FAILURE_RELEASE));
        assert_false(settle(*test, here, FAILURE_COUNT_RESERVED));
        assert_int_equal(reserve(*test, here), FREE);
        assert_int_equal(reserve(*test, here), FREE);
        assert_int_equal(reserve(*test, here), FULL);
}

static void test_where_nothing_locks_out_nothing_is_reserved(void **test) {
        FailureQuestion here = question("default", "192.0.2.1");

        here.rules.max = 0;
        for (unsigned int i = 0; i < 10; i++)
                assert_int_equal(reserve(*test, here), FREE);
        assert_false(settle(*test, here, FAILURE_COUNT_RESERVED));
}

static void test_other_places_and_tenants_are_free(void **test) {
        FailureQuestion here = question("default", "192.0.2.1");
        FailureQuestion there = question("default", "2001:db8::/64");
        FailureQuestion elsewhere = question("blue", "192.0.2.1");

        for (unsigned int i = 0; i < 3; i++)
                (void)note(*test, &here);
        assert_false(is_locked(*test, &there));
        assert_false(is_locked(*test, &elsewhere));
}

static void test_a_lock_out_outlasts_the_daemon(void **test) {
        FailureQuestion here = question("default", "192.0.2.1");

        for (unsigned int i = 0; i < 3; i++)
                (void)note(*test, &here);
        store_fixture_reopen(*test);
        store_fixture_wait_online(*test, true);
        assert_true(is_locked(*test, &here));
        user_store_expire(((StoreFixture *)*test)->store, MOMENT_AT(here.now_sec + 299));
        store_fixture_reopen(*test);
        store_fixture_wait_online(*test, true);
        assert_true(is_locked(*test, &here));
}

static void test_a_lock_out_that_is_over_is_forgotten(void **test) {
        FailureQuestion here = question("default", "192.0.2.1");

        if (store_case_type == STORE_REDIS)
                here.rules.lock_out_sec = 1;
        for (unsigned int i = 0; i < 3; i++)
                (void)note(*test, &here);
        here.now_sec += 300;
        user_store_expire(((StoreFixture *)*test)->store, MOMENT_AT(here.now_sec));
        for (unsigned int i = 0; i < 100 && is_locked(*test, &here); i++)
                store_fixture_turn(*test, 100000);
        assert_false(is_locked(*test, &here));
        assert_false(note(*test, &here));
}

static void test_a_name_that_cannot_be_is_not_counted(void **test) {
        FailureQuestion here = question("default", "192.0.2.1");
        StoreCall *call = NULL;
        Waiter waiter = { 0 };

        here.key.user = "al:ice";
        here.rules.max = 1;
        assert_true(login_failures_note(
                            ((StoreFixture *)*test)->store, &here, on_answer, &waiter, &call) < 0);
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                STORE_CASE(test_the_last_failure_locks_out_and_is_told_once),
                STORE_CASE(test_no_more_attempts_are_made_than_may_fail),
                STORE_CASE(test_an_attempt_that_did_not_fail_counts_for_nothing),
                STORE_CASE(test_what_was_not_reserved_cannot_be_given_back),
                STORE_CASE(test_where_nothing_locks_out_nothing_is_reserved),
                STORE_CASE(test_other_places_and_tenants_are_free),
                STORE_CASE(test_a_lock_out_outlasts_the_daemon),
                STORE_CASE(test_a_lock_out_that_is_over_is_forgotten),
                STORE_CASE(test_a_name_that_cannot_be_is_not_counted),
        };
        int r;

        r = store_case_choose(argc, argv);
        if (r)
                return r;
        return cmocka_run_group_tests_name(argv[1], tests, NULL, NULL);
}
