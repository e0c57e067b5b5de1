/* SPDX-License-Identifier: MIT */

/*
 * That a lock-out was lifted is told on one connection, and that it holds on another one: in whatever order they come,
 * nobody is kept out by what was true before. And whatever else the server says.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "conductor.h"
#include "daemon/store/lock-outs.h"

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

/* How a script is answered. */
typedef struct Reply {
        const char *name;
        bool lifts;               /* or lists */
        const char *proof, *rest; /* NULL: the one that was asked for */
        int r;
        unsigned int n;
} Reply;

#define LAST "$0\r\n\r\n"

static const Reply replies[] = {
        { "a list", false, NULL, LAST "*2\r\n$7\r\nalice:x\r\n:1000\r\n", 0, 1 },
        { "an empty one", false, NULL, LAST "*0\r\n", 0, 0 },
        { "one with the proof of another", false, "1", LAST "*0\r\n", STORE_E_REFUSED, 0 },
        { "a page that ends where it began", false, NULL, "$7\r\nalice:x\r\n*0\r\n", 0, 0 },
        { "a number for a name to go on with", false, NULL, ":1\r\n*0\r\n", STORE_E_REFUSED, 0 },
        { "a number for rows", false, NULL, LAST ":1\r\n", STORE_E_REFUSED, 0 },
        { "half a row", false, NULL, LAST "*1\r\n$7\r\nalice:x\r\n", STORE_E_REFUSED, 0 },
        { "a number for a name", false, NULL, LAST "*2\r\n:1\r\n:1\r\n", STORE_E_REFUSED, 0 },
        { "no time", false, NULL, LAST "*2\r\n$7\r\nalice:x\r\n$-1\r\n", STORE_E_REFUSED, 0 },
        { "lifted", true, NULL, ":1\r\n:2\r\n", 0, 1 },
        { "lifted, with the proof of another", true, "1", ":1\r\n:1\r\n", STORE_E_REFUSED, 0 },
        { "lifted, without end", true, NULL, ":1\r\n:1000\r\n", 0, 64 },
        { "no number", true, NULL, "$1\r\n1\r\n:1\r\n", STORE_E_REFUSED, 0 },
        { "no number of places", true, NULL, ":1\r\n$-1\r\n", STORE_E_REFUSED, 0 },
};

static const Reply *told;

static bool on_script(FakePeer *peer, const redisReply *command, void *userdata) {
        const char *proof = told->proof;
        char text[256];

        (void)userdata;
        if (strcmp(command->element[0]->str, "EVAL") != 0)
                return false;
        if (!proof)
                proof = command->element[told->lifts ? 5 : 4]->str;
        snprintf(text, sizeof(text), "*3\r\n$%zu\r\n%s\r\n%s", strlen(proof), proof, told->rest);
        conductor_say(peer, text);
        return true;
}

typedef struct Waiter {
        bool done;
        int r;
        unsigned int n;
} Waiter;

static void on_listed(StoreCall *call, int r, const LockOutList *list, void *userdata) {
        (void)call;
        *(Waiter *)userdata = (Waiter){ true, r, (unsigned int)list->n_items };
}

static void on_lifted(StoreCall *call, int r, const FailureAnswer *lifted, void *userdata) {
        (void)call;
        *(Waiter *)userdata = (Waiter){ true, r, lifted->n_lifted };
}

static void whatever_is_answered_is_an_answer_or_refused(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(replies); i++) {
                Waiter waiter = { 0 };
                Conductor *conductor;
                StoreCall *call;
                int r;

                print_message("# %s\n", replies[i].name);
                assert_int_equal(conductor_setup((void **)&conductor), 0);
                told = &replies[i];
                conductor->fake.answer = on_script;
                r = told->lifts ? lock_outs_lift(conductor->fixture->store, &here, on_lifted,
                                          &waiter, &call)
                                : lock_outs_list(conductor->fixture->store, &here, on_listed,
                                          &waiter, &call);
                assert_int_equal(r, 0);
                store_fixture_run(conductor->fixture, &waiter.done);
                assert_int_equal(waiter.r, told->r);
                assert_int_equal(waiter.n, told->n);
                conductor_teardown((void **)&conductor);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(a_lock_out_that_was_heard_of_is_believed),
                CASE(until_a_notice_says_that_it_was_lifted),
                CASE(a_notice_before_the_answer_makes_it_doubtful),
                CASE(what_was_lifted_of_others_changes_nothing),
                CASE(a_gap_makes_it_doubtful),
                cmocka_unit_test(whatever_is_answered_is_an_answer_or_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
