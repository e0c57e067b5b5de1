/* SPDX-License-Identifier: MIT */

/*
 * Lock-outs in a real Redis: what other hosts know of them, and how much of them is kept.
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

#define LIST    "authtoken:default:fl"
#define COUNTER "authtoken:default:f:alice:"
#define HERE    "192.0.2.1"

static LockOutsAnswer lift(StoreFixture *fixture, UserStore *store, const char *place) {
        FailureQuestion which = failure_question("default", place);

        return failure_lift(fixture, store, &which);
}

static LockOutsAnswer list(StoreFixture *fixture) {
        FailureQuestion which = failure_question("default", "");

        return failure_list(fixture, &which);
}

static void lock_out(StoreFixture *fixture, const char *place) {
        FailureQuestion failure = failure_question("default", place);

        for (unsigned int i = 0; i < 3; i++)
                (void)failure_note(fixture, &failure);
}

static long long ask(StoreFixture *fixture, const char *command) {
        redisReply *reply = redis_server_do(&fixture->server, command);
        long long number = reply->integer;

        freeReplyObject(reply);
        return number;
}

static bool is_watching(UserStore *store) {
        StoreHealth health;

        user_store_health(store, &health);
        return health.watching;
}

static void wait_watching(StoreFixture *fixture, UserStore *store) {
        for (unsigned int i = 0; i < 1000 && !is_watching(store); i++)
                store_fixture_turn(fixture, 10000);
        assert_true(is_watching(store));
}

static UserStore *add_host(StoreFixture *fixture) {
        UserStore *store;

        assert_int_equal(user_store_new(&fixture->config, fixture->event, NULL, NULL, &store), 0);
        wait_watching(fixture, store);
        return store;
}

/* By the clock of the question, which stands still, what is believed is believed for ever. */
static void test_another_host_is_told_that_it_was_lifted(void **test) {
        static const char *const orders[] = { HERE, "" };
        StoreFixture *fixture = *test;
        FailureQuestion here = failure_question("default", HERE);

        wait_watching(fixture, fixture->store);
        for (size_t i = 0; i < 2; i++) {
                _cleanup_(user_store_freep) UserStore *other = add_host(fixture);

                lock_out(fixture, HERE);
                assert_true(failure_is_locked(fixture, &here));
                assert_true(login_failures_is_locked(fixture->store, &here));
                assert_int_equal(lift(fixture, other, orders[i]).n_lifted, 1);
                for (unsigned int j = 0;
                        j < 1000 && login_failures_is_locked(fixture->store, &here); j++)
                        store_fixture_turn(fixture, 10000);
                assert_false(login_failures_is_locked(fixture->store, &here));
                assert_false(failure_is_locked(fixture, &here));
        }
}

static void test_the_host_that_lifts_knows_with_the_answer(void **test) {
        StoreFixture *fixture = *test;
        FailureQuestion here = failure_question("default", HERE);

        lock_out(fixture, HERE);
        assert_true(login_failures_is_locked(fixture->store, &here));
        assert_int_equal(lift(fixture, fixture->store, "").n_lifted, 1);
        assert_false(login_failures_is_locked(fixture->store, &here));
}

static void test_nothing_is_left_of_a_lock_out(void **test) {
        StoreFixture *fixture = *test;

        lock_out(fixture, HERE);
        assert_int_equal(lift(fixture, fixture->store, "").n_lifted, 1);
        redis_server_run(&fixture->server, "DEL authtoken:default:fn");
        for (unsigned int i = 0; i < 1000 && ask(fixture, "DBSIZE") != 0; i++)
                store_fixture_turn(fixture, 10000);
        assert_int_equal(ask(fixture, "DBSIZE"), 0);
}

static void test_the_list_goes_with_the_last_lock_out(void **test) {
        StoreFixture *fixture = *test;
        FailureQuestion here = failure_question("default", HERE), there = here;

        lock_out(fixture, HERE);
        assert_in_range(ask(fixture, "PTTL " LIST), 200000, 300000);
        /* By another host, whose lock-outs are shorter. */
        there.key.place = "192.0.2.2";
        there.rules.lock_out_sec = 10;
        for (unsigned int i = 0; i < 3; i++)
                (void)failure_note(fixture, &there);
        assert_in_range(ask(fixture, "PTTL " LIST), 200000, 300000);
        here.key.place = "192.0.2.3";
        here.rules.lock_out_sec = 1000;
        for (unsigned int i = 0; i < 3; i++)
                (void)failure_note(fixture, &here);
        assert_in_range(ask(fixture, "PTTL " LIST), 900000, 1000000);
}

static void test_a_new_lock_out_takes_those_away_that_are_over(void **test) {
        StoreFixture *fixture = *test;

        for (unsigned int i = 0; i < 8; i++)
                redis_server_run(&fixture->server, "ZADD " LIST " 0 bob:192.0.2.%u", i);
        lock_out(fixture, HERE);
        assert_int_equal(ask(fixture, "ZCARD " LIST), 1);
        assert_int_equal(list(fixture).n_listed, 1);
}

static void test_of_many_that_are_over_a_new_one_takes_some_away(void **test) {
        StoreFixture *fixture = *test;

        for (unsigned int i = 0; i < 100; i++)
                redis_server_run(&fixture->server, "ZADD " LIST " 0 bob:%u", i);
        lock_out(fixture, HERE);
        assert_in_range(ask(fixture, "ZCARD " LIST), 91, 92);
}

static void add_many(StoreFixture *fixture, unsigned int count, bool locked) {
        redis_server_run(&fixture->server, "EVAL %s 0 %u %s",
                "for i = 1, ARGV[1] do "
                "redis.call('ZADD', '" LIST "', 0, 'alice:' .. i) "
                "if ARGV[2] == '1' then redis.call('SET', '" COUNTER "' .. i, 3, 'EX', 100) end "
                "end",
                count, locked ? "1" : "0");
}

static void test_a_flood_fills_the_list_and_no_more(void **test) {
        StoreFixture *fixture = *test;
        FailureQuestion here = failure_question("default", HERE);

        add_many(fixture, 50000, true);
        lock_out(fixture, HERE);
        assert_int_equal(ask(fixture, "ZCARD " LIST), 50000);
        assert_true(failure_is_locked(fixture, &here));
        assert_int_equal(list(fixture).n_listed, 50000);
        assert_int_equal(lift(fixture, fixture->store, HERE).n_lifted, 1);
        assert_false(failure_is_locked(fixture, &here));
        assert_int_equal(lift(fixture, fixture->store, "").n_lifted, 50000);
        assert_int_equal(ask(fixture, "EXISTS " LIST), 0);
}

static void test_what_is_over_is_not_listed_and_goes(void **test) {
        StoreFixture *fixture = *test;

        add_many(fixture, 2500, false);
        redis_server_run(&fixture->server, "SET " COUNTER "2 3");
        redis_server_run(&fixture->server, "SET " COUNTER "3 2");
        assert_int_equal(list(fixture).n_listed, 1);
        assert_true(list(fixture).until_sec == UINT64_MAX);
        assert_int_equal(ask(fixture, "ZCARD " LIST), 2);
}

static void test_what_is_no_place_of_a_user_is_not_listed(void **test) {
        static const char *const names[] = { "alice", "al ice:x", ":x", "alice:a\nb", "alice:\xff",
                "alice:" };
        StoreFixture *fixture = *test;

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                redis_server_run(&fixture->server, "ZADD " LIST " 0 %s", names[i]);
                redis_server_run(&fixture->server, "SET authtoken:default:f:%s 3", names[i]);
        }
        lock_out(fixture, HERE);
        assert_int_equal(list(fixture).n_listed, 1);
}

static void test_what_is_no_list_is_an_error(void **test) {
        StoreFixture *fixture = *test;

        redis_server_run(&fixture->server, "SET " LIST " x");
        assert_int_equal(list(fixture).r, STORE_E_CORRUPT);
        assert_int_equal(lift(fixture, fixture->store, "").r, STORE_E_CORRUPT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                REDIS_CASE(test_another_host_is_told_that_it_was_lifted),
                REDIS_CASE(test_the_host_that_lifts_knows_with_the_answer),
                REDIS_CASE(test_nothing_is_left_of_a_lock_out),
                REDIS_CASE(test_the_list_goes_with_the_last_lock_out),
                REDIS_CASE(test_a_new_lock_out_takes_those_away_that_are_over),
                REDIS_CASE(test_of_many_that_are_over_a_new_one_takes_some_away),
                REDIS_CASE(test_a_flood_fills_the_list_and_no_more),
                REDIS_CASE(test_what_is_over_is_not_listed_and_goes),
                REDIS_CASE(test_what_is_no_place_of_a_user_is_not_listed),
                REDIS_CASE(test_what_is_no_list_is_an_error),
        };
        int r = store_case_need_redis();

        return r ? r : cmocka_run_group_tests(tests, NULL, NULL);
}
