/* SPDX-License-Identifier: MIT */

/*
 * The list of users in Redis: whether it can be told that it lost somebody, and what heals it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "store-case.h"
#include "tests/edit-session.h"

#define USERS "authtoken:default:users"
#define BEGUN "authtoken:default:begun"
#define TOLD  "the list of users is lost"

static void assert_listed(StoreFixture *fixture, const char *expected) {
        char names[256];

        assert_int_equal(fixture_list(fixture, "default", names, sizeof(names)), 0);
        assert_string_equal(names, expected);
}

static void commit_again(StoreFixture *fixture, const char *user) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;

        assert_int_equal(fixture_load(fixture, user, &state), 0);
        edit_session(state, state->sessions[0]->sid)->last_seen_sec = fixture_now_sec();
        assert_int_equal(fixture_commit(fixture, state), 0);
}

static void forget(StoreFixture *fixture, const char *user) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;

        assert_int_equal(user_state_new("default", user, &state), 0);
        assert_int_equal(fixture_commit(fixture, state), 0);
}

static void log_out(StoreFixture *fixture, const char *user) {
        _cleanup_(user_state_unrefp) UserState *state = NULL, *empty = NULL;

        assert_int_equal(fixture_load(fixture, user, &state), 0);
        assert_int_equal(user_state_new("default", user, &empty), 0);
        empty->version = state->version;
        assert_int_equal(fixture_commit(fixture, empty), 0);
}

static void test_a_list_is_whole_from_the_first_user_on(void **test) {
        fixture_store_user(*test, "alice", 1);
        fixture_store_user(*test, "Bob.2", 2);
        fixture_store_user(*test, "z_machine$", 3);
        assert_listed(*test, "Bob.2,alice,z_machine$,");
        log_out(*test, "alice");
        log_out(*test, "Bob.2");
        log_out(*test, "z_machine$");
        assert_listed(*test, "");
        fixture_store_user(*test, "alice", 4);
        assert_listed(*test, "alice,");
        assert_false(store_fixture_told(*test, TOLD));
}

static void test_a_deleted_list_is_lost_for_good(void **test) {
        StoreFixture *fixture = *test;

        fixture_store_user(fixture, "alice", 1);
        fixture_store_user(fixture, "bob", 2);
        redis_server_run(&fixture->server, "DEL " USERS);
        assert_listed(fixture, "lost");
        assert_true(store_fixture_told(fixture, TOLD));
        fixture_store_user(fixture, "carol", 3);
        assert_listed(fixture, "carol,lost");
        log_out(fixture, "carol");
        assert_listed(fixture, "lost");
}

static void test_commits_put_their_users_back(void **test) {
        StoreFixture *fixture = *test;

        fixture_store_user(fixture, "alice", 1);
        fixture_store_user(fixture, "bob", 2);
        redis_server_run(&fixture->server, "DEL " USERS);
        commit_again(fixture, "bob");
        assert_listed(fixture, "bob,lost");
        commit_again(fixture, "alice");
        assert_listed(fixture, "alice,bob,lost");
}

static void test_what_an_administrator_declares_whole_is_whole(void **test) {
        StoreFixture *fixture = *test;

        fixture_store_user(fixture, "alice", 1);
        redis_server_run(&fixture->server, "DEL " USERS);
        redis_server_run(&fixture->server, "ZADD " USERS " 0 alice 0 ~");
        assert_listed(fixture, "alice,");
        fixture_store_user(fixture, "bob", 2);
        assert_listed(fixture, "alice,bob,");
}

/* Both are gone, by hand or evicted, so that all looks new. */
static void test_whoever_is_stored_and_not_listed_gives_a_loss_away(void **test) {
        StoreFixture *fixture = *test;

        fixture_store_user(fixture, "alice", 1);
        fixture_store_user(fixture, "bob", 2);
        redis_server_run(&fixture->server, "DEL " USERS " " BEGUN);
        fixture_store_user(fixture, "carol", 3);
        assert_listed(fixture, "carol,");
        commit_again(fixture, "bob");
        assert_listed(fixture, "bob,carol,lost");
        log_out(fixture, "bob");
        log_out(fixture, "carol");
        assert_listed(fixture, "lost");
}

static void test_one_name_taken_out_by_hand_is_a_loss(void **test) {
        StoreFixture *fixture = *test;

        fixture_store_user(fixture, "alice", 1);
        fixture_store_user(fixture, "bob", 2);
        redis_server_run(&fixture->server, "ZREM " USERS " alice");
        commit_again(fixture, "bob");
        assert_listed(fixture, "bob,");
        commit_again(fixture, "alice");
        assert_listed(fixture, "alice,bob,lost");
}

static void test_a_list_that_was_begun_by_hand_is_not_whole(void **test) {
        StoreFixture *fixture = *test;

        redis_server_run(&fixture->server, "ZADD " USERS " 0 zoe");
        fixture_store_user(fixture, "bob", 1);
        assert_listed(fixture, "bob,zoe,lost");
}

static void test_after_flushall_all_is_new(void **test) {
        StoreFixture *fixture = *test;

        fixture_store_user(fixture, "alice", 1);
        redis_server_run(&fixture->server, "FLUSHALL");
        assert_listed(fixture, "");
        fixture_store_user(fixture, "bob", 2);
        assert_listed(fixture, "bob,");
}

static void test_a_name_without_a_record_goes_only_while_it_has_none(void **test) {
        StoreFixture *fixture = *test;

        fixture_store_user(fixture, "alice", 1);
        fixture_store_user(fixture, "bob", 2);
        redis_server_run(&fixture->server, "DEL authtoken:default:u:alice");
        assert_listed(fixture, "alice,bob,");
        forget(fixture, "alice");
        assert_listed(fixture, "bob,");
        /* Somebody else has made it meanwhile. */
        redis_server_run(&fixture->server, "HSET authtoken:default:u:carol x y");
        redis_server_run(&fixture->server, "ZADD " USERS " 0 carol");
        {
                _cleanup_(user_state_unrefp) UserState *state = NULL;

                assert_int_equal(user_state_new("default", "carol", &state), 0);
                assert_int_not_equal(fixture_commit(fixture, state), 0);
        }
        assert_listed(fixture, "bob,carol,");
}

/* As it was kept before: by end. */
static void test_a_list_by_score_is_lost_and_no_trap(void **test) {
        StoreFixture *fixture = *test;

        for (unsigned int i = 0; i < 1200; i++)
                redis_server_run(&fixture->server, "ZADD " USERS " %u user%u", 1000000 - i,
                        i % 7 * 1000 + i);
        {
                char names[65536];

                assert_int_equal(fixture_list(fixture, "default", names, sizeof(names)), 0);
                assert_non_null(strstr(names, "lost"));
        }
        fixture_store_user(fixture, "alice", 1);
}

static void test_what_nobody_can_be_called_is_passed_over(void **test) {
        StoreFixture *fixture = *test;

        fixture_store_user(fixture, "alice", 1);
        redis_server_run(&fixture->server, "ZADD " USERS " 0 %s 0 12 0 -x", "a b");
        assert_listed(fixture, "alice,");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                REDIS_CASE(test_a_list_is_whole_from_the_first_user_on),
                REDIS_CASE(test_a_deleted_list_is_lost_for_good),
                REDIS_CASE(test_commits_put_their_users_back),
                REDIS_CASE(test_what_an_administrator_declares_whole_is_whole),
                REDIS_CASE(test_whoever_is_stored_and_not_listed_gives_a_loss_away),
                REDIS_CASE(test_one_name_taken_out_by_hand_is_a_loss),
                REDIS_CASE(test_a_list_that_was_begun_by_hand_is_not_whole),
                REDIS_CASE(test_after_flushall_all_is_new),
                REDIS_CASE(test_a_name_without_a_record_goes_only_while_it_has_none),
                REDIS_CASE(test_a_list_by_score_is_lost_and_no_trap),
                REDIS_CASE(test_what_nobody_can_be_called_is_passed_over),
        };
        int r;

        r = store_case_need_redis();
        if (r)
                return r;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
