/* SPDX-License-Identifier: MIT */

/*
 * Failed logins: the same cases on `sqlite` and on `redis`.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "failure-case.h"
#include "store-case.h"
#include "tests/moment-at.h"

static void test_the_last_failure_locks_out_and_is_told_once(void **test) {
        FailureQuestion here = failure_question("default", "192.0.2.1");

        assert_false(failure_note(*test, &here));
        assert_false(failure_note(*test, &here));
        assert_false(failure_is_locked(*test, &here));
        assert_true(failure_note(*test, &here));
        assert_true(failure_is_locked(*test, &here));
        assert_true(login_failures_is_locked(((StoreFixture *)*test)->store, &here));
        assert_false(failure_note(*test, &here));
}

static void test_no_more_attempts_are_made_than_may_fail(void **test) {
        FailureQuestion here = failure_question("default", "192.0.2.1");

        (void)failure_note(*test, &here);
        assert_int_equal(failure_reserve(*test, here), ATTEMPT_FREE);
        assert_int_equal(failure_reserve(*test, here), ATTEMPT_FREE);
        assert_int_equal(failure_reserve(*test, here), ATTEMPT_FULL);
        assert_int_equal(
                failure_reserve(*test, failure_question("default", "192.0.2.2")), ATTEMPT_FREE);
        assert_false(failure_is_locked(*test, &here));
        assert_false(failure_settle(*test, here, FAILURE_COUNT_RESERVED));
        assert_int_equal(failure_reserve(*test, here), ATTEMPT_FULL);
        assert_true(failure_settle(*test, here, FAILURE_COUNT_RESERVED));
        assert_int_equal(failure_reserve(*test, here), ATTEMPT_LOCKED);
        assert_true(failure_is_locked(*test, &here));
}

static void test_an_attempt_that_did_not_fail_counts_for_nothing(void **test) {
        FailureQuestion here = failure_question("default", "192.0.2.1");

        for (unsigned int i = 0; i < 10; i++) {
                assert_int_equal(failure_reserve(*test, here), ATTEMPT_FREE);
                assert_int_equal(failure_reserve(*test, here), ATTEMPT_FREE);
                assert_int_equal(failure_reserve(*test, here), ATTEMPT_FREE);
                assert_int_equal(failure_reserve(*test, here), ATTEMPT_FULL);
                for (unsigned int j = 0; j < 3; j++)
                        assert_false(failure_settle(*test, here, FAILURE_RELEASE));
        }
        (void)failure_note(*test, &here);
        (void)failure_note(*test, &here);
        assert_int_equal(failure_reserve(*test, here), ATTEMPT_FREE);
        assert_false(failure_settle(*test, here, FAILURE_RELEASE));
        assert_true(failure_note(*test, &here));
}

/* What lapsed meanwhile, or was forgotten, must not become room for others. */
static void test_what_was_not_reserved_cannot_be_given_back(void **test) {
        FailureQuestion here = failure_question("default", "192.0.2.1");

        for (unsigned int i = 0; i < 3; i++)
                assert_false(failure_settle(*test, here, FAILURE_RELEASE));
        assert_false(failure_settle(*test, here, FAILURE_COUNT_RESERVED));
        assert_int_equal(failure_reserve(*test, here), ATTEMPT_FREE);
        assert_int_equal(failure_reserve(*test, here), ATTEMPT_FREE);
        assert_int_equal(failure_reserve(*test, here), ATTEMPT_FULL);
}

static void test_where_nothing_locks_out_nothing_is_reserved(void **test) {
        FailureQuestion here = failure_question("default", "192.0.2.1");

        here.rules.max = 0;
        for (unsigned int i = 0; i < 10; i++)
                assert_int_equal(failure_reserve(*test, here), ATTEMPT_FREE);
        assert_false(failure_settle(*test, here, FAILURE_COUNT_RESERVED));
}

static void test_other_places_and_tenants_are_free(void **test) {
        FailureQuestion here = failure_question("default", "192.0.2.1");
        FailureQuestion there = failure_question("default", "2001:db8::/64");
        FailureQuestion elsewhere = failure_question("blue", "192.0.2.1");

        for (unsigned int i = 0; i < 3; i++)
                (void)failure_note(*test, &here);
        assert_false(failure_is_locked(*test, &there));
        assert_false(failure_is_locked(*test, &elsewhere));
}

static void test_a_lock_out_outlasts_the_daemon(void **test) {
        FailureQuestion here = failure_question("default", "192.0.2.1");

        for (unsigned int i = 0; i < 3; i++)
                (void)failure_note(*test, &here);
        store_fixture_reopen(*test);
        store_fixture_wait_online(*test, true);
        assert_true(failure_is_locked(*test, &here));
        user_store_expire(((StoreFixture *)*test)->store, MOMENT_AT(here.now_sec + 299));
        store_fixture_reopen(*test);
        store_fixture_wait_online(*test, true);
        assert_true(failure_is_locked(*test, &here));
}

static void test_a_lock_out_that_is_over_is_forgotten(void **test) {
        FailureQuestion here = failure_question("default", "192.0.2.1");

        if (store_case_type == STORE_REDIS)
                here.rules.lock_out_sec = 1;
        for (unsigned int i = 0; i < 3; i++)
                (void)failure_note(*test, &here);
        here.now_sec += 300;
        user_store_expire(((StoreFixture *)*test)->store, MOMENT_AT(here.now_sec));
        for (unsigned int i = 0; i < 100 && failure_is_locked(*test, &here); i++)
                store_fixture_turn(*test, 100000);
        assert_false(failure_is_locked(*test, &here));
        assert_false(failure_note(*test, &here));
}

static void test_a_name_that_cannot_be_is_not_counted(void **test) {
        FailureQuestion here = failure_question("default", "192.0.2.1");
        StoreCall *call = NULL;

        here.key.user = "al:ice";
        here.rules.max = 1;
        assert_true(
                login_failures_note(((StoreFixture *)*test)->store, &here, NULL, NULL, &call) < 0);
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
