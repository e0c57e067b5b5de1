/* SPDX-License-Identifier: MIT */

/*
 * Lock-outs, listed and lifted: the same cases on `sqlite` and on `redis`.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "daemon/store/lock-outs.h"
#include "failure-case.h"
#include "store-case.h"

#define ONE   "192.0.2.1"
#define TWO   "2001:db8::/64"
#define THREE "uid:1000@host"

static FailureQuestion of(const char *user, const char *place) {
        FailureQuestion question = failure_question("default", place);

        question.key.user = user;
        return question;
}

static unsigned int lift(StoreFixture *fixture, const char *user, const char *place) {
        FailureQuestion which = of(user, place);
        LockOutsAnswer answer = failure_lift(fixture, fixture->store, &which);

        assert_int_equal(answer.r, 0);
        return answer.n_lifted;
}

static LockOutsAnswer list(StoreFixture *fixture, FailureQuestion which) {
        LockOutsAnswer answer = failure_list(fixture, &which);

        assert_int_equal(answer.r, 0);
        return answer;
}

static void fail_at(StoreFixture *fixture, const char *user, const char *place, unsigned int n) {
        FailureQuestion failure = of(user, place);

        while (n-- > 0)
                (void)failure_note(fixture, &failure);
}

static bool is_locked(StoreFixture *fixture, const char *user, const char *place) {
        FailureQuestion asked = of(user, place);

        return failure_is_locked(fixture, &asked);
}

static void lock_some_out(StoreFixture *fixture) {
        fail_at(fixture, "bob", TWO, 3);
        fail_at(fixture, "alice", TWO, 3);
        fail_at(fixture, "alice", ONE, 3);
        fail_at(fixture, "alice", THREE, 2);
        fail_at(fixture, "alice.b", ONE, 3);
}

static void test_who_is_locked_out_is_told(void **test) {
        LockOutsAnswer found;

        assert_string_equal(list(*test, of("", "")).listed, "");
        lock_some_out(*test);
        found = list(*test, of("", ""));
        assert_string_equal(
                found.listed, "alice " ONE ", alice " TWO ", alice.b " ONE ", bob " TWO ", ");
        assert_in_range(found.until_sec, fixture_now_sec() + 200, fixture_now_sec() + 301);
        assert_string_equal(list(*test, of("alice", "")).listed, "alice " ONE ", alice " TWO ", ");
        assert_string_equal(list(*test, of("carol", "")).listed, "");
        assert_string_equal(list(*test, failure_question("blue", "")).listed, "");
}

static void test_one_place_is_lifted_and_no_other(void **test) {
        lock_some_out(*test);
        assert_int_equal(lift(*test, "alice", TWO), 1);
        assert_false(is_locked(*test, "alice", TWO));
        assert_true(is_locked(*test, "alice", ONE));
        assert_true(is_locked(*test, "bob", TWO));
        assert_string_equal(list(*test, of("alice", "")).listed, "alice " ONE ", ");
        assert_int_equal(lift(*test, "alice", TWO), 0);
        assert_int_equal(lift(*test, "alice", "nowhere"), 0);
}

static void test_all_places_of_a_user_are_lifted_and_no_others(void **test) {
        FailureQuestion blue = failure_question("blue", ONE);

        lock_some_out(*test);
        for (unsigned int i = 0; i < 3; i++)
                (void)failure_note(*test, &blue);
        assert_int_equal(lift(*test, "alice", ""), 2);
        assert_false(is_locked(*test, "alice", ONE));
        assert_false(is_locked(*test, "alice", TWO));
        assert_true(failure_is_locked(*test, &blue));
        assert_string_equal(list(*test, of("", "")).listed, "alice.b " ONE ", bob " TWO ", ");
        assert_int_equal(lift(*test, "alice", ""), 0);
        assert_int_equal(lift(*test, "carol", ""), 0);
}

static void test_what_was_lifted_stays_so(void **test) {
        lock_some_out(*test);
        assert_int_equal(lift(*test, "alice", ""), 2);
        store_fixture_reopen(*test);
        store_fixture_wait_online(*test, true);
        assert_false(is_locked(*test, "alice", ONE));
        assert_string_equal(list(*test, of("", "")).listed, "alice.b " ONE ", bob " TWO ", ");
        assert_int_equal(lift(*test, "bob", TWO), 1);
        store_fixture_reopen(*test);
        store_fixture_wait_online(*test, true);
        assert_false(is_locked(*test, "bob", TWO));
        assert_true(is_locked(*test, "alice.b", ONE));
}

static void test_failures_are_counted_from_the_first(void **test) {
        lock_some_out(*test);
        assert_int_equal(lift(*test, "alice", ""), 2);
        assert_int_equal(lift(*test, "alice", THREE), 0);
        fail_at(*test, "alice", ONE, 2);
        fail_at(*test, "alice", THREE, 2);
        assert_false(is_locked(*test, "alice", ONE));
        assert_false(is_locked(*test, "alice", THREE));
        fail_at(*test, "alice", ONE, 1);
        fail_at(*test, "alice", THREE, 1);
        assert_string_equal(
                list(*test, of("alice", "")).listed, "alice " ONE ", alice " THREE ", ");
}

static void test_attempts_under_way_go_on(void **test) {
        FailureQuestion here = of("alice", ONE);

        assert_int_equal(failure_reserve(*test, here), ATTEMPT_FREE);
        assert_int_equal(failure_reserve(*test, here), ATTEMPT_FREE);
        fail_at(*test, "alice", ONE, 3);
        assert_int_equal(failure_reserve(*test, here), ATTEMPT_LOCKED);
        assert_int_equal(lift(*test, "alice", ""), 1);
        assert_int_equal(failure_reserve(*test, here), ATTEMPT_FREE);
        assert_int_equal(failure_reserve(*test, here), ATTEMPT_FULL);
        assert_false(failure_settle(*test, here, FAILURE_COUNT_RESERVED));
        assert_false(failure_settle(*test, here, FAILURE_RELEASE));
        assert_false(failure_settle(*test, here, FAILURE_COUNT_RESERVED));
        assert_int_equal(failure_reserve(*test, here), ATTEMPT_FREE);
        assert_true(failure_settle(*test, here, FAILURE_COUNT_RESERVED));
}

static void test_where_nobody_is_locked_out_any_more_nobody_is_listed(void **test) {
        FailureQuestion nobody = of("", "");

        lock_some_out(*test);
        nobody.rules.max = 0;
        assert_string_equal(list(*test, nobody).listed, "");
        nobody.rules.max = 4;
        nobody.now_sec += 400;
        if (store_case_type == STORE_SQLITE)
                assert_string_equal(list(*test, nobody).listed, "");
}

static void test_a_name_that_cannot_be_is_refused(void **test) {
        FailureQuestion which = of("al:ice", "");
        StoreFixture *fixture = *test;
        StoreCall *call = NULL;

        assert_true(lock_outs_lift(fixture->store, &which, NULL, NULL, &call) < 0);
        assert_true(lock_outs_list(fixture->store, &which, NULL, NULL, &call) < 0);
        which.key.user = "";
        assert_true(lock_outs_lift(fixture->store, &which, NULL, NULL, &call) < 0);
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                STORE_CASE(test_who_is_locked_out_is_told),
                STORE_CASE(test_one_place_is_lifted_and_no_other),
                STORE_CASE(test_all_places_of_a_user_are_lifted_and_no_others),
                STORE_CASE(test_what_was_lifted_stays_so),
                STORE_CASE(test_failures_are_counted_from_the_first),
                STORE_CASE(test_attempts_under_way_go_on),
                STORE_CASE(test_where_nobody_is_locked_out_any_more_nobody_is_listed),
                STORE_CASE(test_a_name_that_cannot_be_is_refused),
        };
        int r;

        r = store_case_choose(argc, argv);
        if (r)
                return r;
        return cmocka_run_group_tests_name(argv[1], tests, NULL, NULL);
}
