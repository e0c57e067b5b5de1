/* SPDX-License-Identifier: MIT */

/*
 * That a lock-out was lifted is told on one connection, and that it holds on another one: in whatever order they come,
 * nobody is kept out by what was true before.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "conductor.h"
#include "daemon/store/login-failures.h"

#define LIFTED     PREFIX "alice:lifted"
#define CASE(test) cmocka_unit_test_setup_teardown(test, conductor_setup, conductor_teardown)

static const FailureQuestion here = {
        .key = { "default", "alice", "192.0.2.1" },
        .rules = { .max = 3, .window_sec = 60, .lock_out_sec = 300 },
        .now_sec = 1700000000,
};

static void on_answer(StoreCall *call, int r, const FailureAnswer *answer, void *userdata) {
        (void)call;
        assert_int_equal(r, 0);
        assert_true(answer->is_locked);
        *(bool *)userdata = true;
}

/* Until the server has the question. */
static void ask(Conductor *conductor, bool *ret_answered) {
        unsigned int n_kept = conductor->n_kept;
        StoreCall *call;

        *ret_answered = false;
        conductor->keep_back = true;
        assert_int_equal(login_failures_ask(
                                 conductor->fixture->store, &here, on_answer, ret_answered, &call),
                0);
        while (conductor->n_kept == n_kept)
                store_fixture_turn(conductor->fixture, 10000);
}

static void answer(Conductor *conductor, const bool *answered) {
        conductor_say(conductor_peer(conductor, conductor->commands), "$1\r\n3\r\n");
        store_fixture_run(conductor->fixture, answered);
}

/* What comes behind it on the same connection has been dealt with later. */
static void lift(Conductor *conductor, const char *key) {
        conductor_notify_key(conductor, key, strlen(key));
        conductor_notify(conductor, "bob");
}

static bool is_believed(Conductor *conductor) {
        return login_failures_is_locked(conductor->fixture->store, &here);
}

static void a_lock_out_that_was_heard_of_is_believed(void **state) {
        bool answered;

        ask(*state, &answered);
        answer(*state, &answered);
        assert_true(is_believed(*state));
}

static void until_a_notice_says_that_it_was_lifted(void **state) {
        bool answered;

        ask(*state, &answered);
        answer(*state, &answered);
        lift(*state, LIFTED);
        assert_false(is_believed(*state));
}

static void a_notice_before_the_answer_makes_it_doubtful(void **state) {
        bool answered;

        ask(*state, &answered);
        lift(*state, LIFTED);
        answer(*state, &answered);
        assert_false(is_believed(*state));
        ask(*state, &answered);
        answer(*state, &answered);
        assert_true(is_believed(*state));
}

static void what_was_lifted_of_others_changes_nothing(void **state) {
        static const char *const keys[] = { PREFIX "carol:lifted", PREFIX "alice:lifte",
                PREFIX ":lifted", PREFIX "ali:ce:lifted", PREFIX "alice:lifted:lifted" };
        bool answered;

        ask(*state, &answered);
        answer(*state, &answered);
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                lift(*state, keys[i]);
        assert_true(is_believed(*state));
}

static void a_gap_makes_it_doubtful(void **state) {
        Conductor *conductor = *state;
        bool answered;

        ask(conductor, &answered);
        answer(conductor, &answered);
        fake_redis_hang_up(conductor_peer(conductor, conductor->notices));
        conductor_wait_watching(conductor, false);
        conductor_wait_watching(conductor, true);
        assert_false(is_believed(conductor));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(a_lock_out_that_was_heard_of_is_believed),
                CASE(until_a_notice_says_that_it_was_lifted),
                CASE(a_notice_before_the_answer_makes_it_doubtful),
                CASE(what_was_lifted_of_others_changes_nothing),
                CASE(a_gap_makes_it_doubtful),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
