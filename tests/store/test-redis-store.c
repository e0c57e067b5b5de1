/* SPDX-License-Identifier: MIT */

/*
 * What can happen to a Redis server, on a real one.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "store-case.h"
#include "tests/edit-session.h"
#include "daemon/session/session-check.h"

#define ALICE "authtoken:default:u:alice"
#define USERS "authtoken:default:users"

static void start_commit(StoreFixture *fixture, const char *user, unsigned int number,
        StoreCommitDone done, void *userdata) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        StoreCall *call;

        assert_int_equal(user_state_new("default", user, &state), 0);
        assert_int_equal(user_state_add(state, fixture_session(number)), 0);
        assert_int_equal(fixture_start_commit(fixture, state, done, userdata, &call), 0);
}

typedef struct Outcomes {
        unsigned int n, n_offline, n_timeout;
        bool all;
        unsigned int n_expected;
} Outcomes;

static void count(Outcomes *outcomes, int r) {
        outcomes->n++;
        outcomes->n_offline += r == STORE_E_OFFLINE;
        outcomes->n_timeout += r == STORE_E_TIMEOUT;
        outcomes->all = outcomes->n == outcomes->n_expected;
}

static void on_commit_counted(StoreCall *call, int r, UserState *state, void *userdata) {
        (void)call;
        user_state_unref(state);
        count(userdata, r);
}

static void on_load_counted(StoreCall *call, int r, UserState *state, void *userdata) {
        (void)call;
        user_state_unref(state);
        count(userdata, r);
}

static void start_load(StoreFixture *fixture, const char *user, Outcomes *outcomes) {
        StoreCall *call;

        assert_int_equal(user_store_load(fixture->store, (StoreName){ "default", user },
                                 on_load_counted, outcomes, &call),
                0);
}

static void test_killed_with_commands_pending_each_is_offline_once(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        Outcomes outcomes = { .n_expected = 100 };
        StoreFixture *fixture = *test;

        redis_server_signal(&fixture->server, SIGSTOP);
        for (unsigned int i = 0; i < 50; i++) {
                char user[16];

                snprintf(user, sizeof(user), "user%u", i);
                start_commit(fixture, user, i, on_commit_counted, &outcomes);
                start_load(fixture, user, &outcomes);
        }
        store_fixture_turn(fixture, 0);
        redis_server_kill(&fixture->server);
        store_fixture_run(fixture, &outcomes.all);
        assert_int_equal(outcomes.n_offline, 100);
        assert_true(store_fixture_told(fixture, "connection lost"));
        redis_server_start(&fixture->server);
        store_fixture_wait_online(fixture, true);
        assert_true(store_fixture_told(fixture, ": connected"));
        fixture_store_user(fixture, "alice", 1);
        assert_int_equal(fixture_load(fixture, "alice", &state), 0);
}

static void test_an_acknowledged_commit_outlives_the_server(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        StoreFixture *fixture = *test;

        fixture_store_user(fixture, "alice", 1);
        redis_server_kill(&fixture->server);
        store_fixture_wait_online(fixture, false);
        redis_server_start(&fixture->server);
        store_fixture_wait_online(fixture, true);
        assert_int_equal(fixture_load(fixture, "alice", &state), 0);
        assert_non_null(user_state_find(state, fixture_sid(1)));
}

static void test_no_late_answer_reaches_another_request(void **test) {
        StoreFixture *fixture = *test;

        fixture_store_user(fixture, "alice", 1);
        fixture_store_user(fixture, "bob", 2);
        fixture->config.timeout_usec = 150000;
        store_fixture_reopen(fixture);
        store_fixture_wait_online(fixture, true);
        for (int i = 0; i < 5; i++) {
                _cleanup_(user_state_unrefp) UserState *alice = NULL, *bob = NULL;
                Outcomes outcomes = { .n_expected = 3 };

                redis_server_signal(&fixture->server, SIGSTOP);
                for (unsigned int j = 0; j < 3; j++)
                        start_load(fixture, "alice", &outcomes);
                store_fixture_run(fixture, &outcomes.all);
                assert_int_equal(outcomes.n_timeout, 3);
                redis_server_signal(&fixture->server, SIGCONT);
                store_fixture_wait_online(fixture, true);
                assert_int_equal(fixture_load(fixture, "bob", &bob), 0);
                assert_non_null(user_state_find(bob, fixture_sid(2)));
                assert_int_equal(fixture_load(fixture, "alice", &alice), 0);
                assert_non_null(user_state_find(alice, fixture_sid(1)));
        }
        assert_true(store_fixture_told(fixture, "no answer within the time-out"));
}

static void test_a_commit_that_timed_out_is_old_or_new(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        Outcomes outcomes = { .n_expected = 1 };
        StoreFixture *fixture = *test;

        fixture->config.timeout_usec = 150000;
        store_fixture_reopen(fixture);
        store_fixture_wait_online(fixture, true);
        redis_server_signal(&fixture->server, SIGSTOP);
        start_commit(fixture, "alice", 1, on_commit_counted, &outcomes);
        store_fixture_run(fixture, &outcomes.all);
        assert_int_equal(outcomes.n_timeout, 1);
        redis_server_signal(&fixture->server, SIGCONT);
        store_fixture_wait_online(fixture, true);
        assert_int_equal(fixture_load(fixture, "alice", &state), 0);
        assert_true(state->n_sessions == 1 || state->version.incarnation == 0);
}

static void test_without_a_server_the_answer_is_quick(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        StoreFixture *fixture = *test;
        struct timespec start, end;
        StoreHealth health;

        redis_server_kill(&fixture->server);
        store_fixture_wait_online(fixture, false);
        /* The first attempt to reconnect is worth a wait, and none after it. */
        do {
                state = user_state_unref(state);
                clock_gettime(CLOCK_MONOTONIC, &start);
                assert_int_equal(fixture_load(fixture, "alice", &state), STORE_E_OFFLINE);
                clock_gettime(CLOCK_MONOTONIC, &end);
                assert_true(end.tv_sec - start.tv_sec < 2);
                user_store_health(fixture->store, &health);
        } while (!strstr(health.message, "No such file") &&
                 !strstr(health.message, "Connection refused"));
        for (int i = 0; i < 100; i++)
                assert_int_equal(fixture_load(fixture, "alice", &state), STORE_E_OFFLINE);
        assert_false(health.online);
}

static void test_a_commit_waits_for_the_first_connection(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        StoreFixture *fixture = *test;

        /* Before the loop has run, so before there is a connection. */
        store_fixture_reopen(fixture);
        fixture_store_user(fixture, "alice", 1);
        assert_int_equal(fixture_load(fixture, "alice", &state), 0);
        assert_int_equal(state->n_sessions, 1);
}

static void test_a_connection_that_an_admin_killed_comes_back(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        StoreFixture *fixture = *test;

        redis_server_run(&fixture->server, "CLIENT KILL TYPE normal SKIPME yes");
        store_fixture_wait_online(fixture, false);
        store_fixture_wait_online(fixture, true);
        assert_int_equal(fixture_load(fixture, "alice", &state), 0);
}

static void test_two_hosts_on_one_server_conflict(void **test) {
        _cleanup_(user_state_unrefp) UserState *here = NULL, *there = NULL;
        StoreFixture *fixture = *test;
        UserStore *first = fixture->store;

        fixture_store_user(fixture, "alice", 1);
        assert_int_equal(fixture_load(fixture, "alice", &here), 0);
        assert_int_equal(store_fixture_open(fixture), 0);
        assert_int_equal(fixture_load(fixture, "alice", &there), 0);
        assert_true(
                user_state_end(there, fixture_sid(1), REASON_SESSION_REVOKED, fixture_now_sec()));
        assert_int_equal(fixture_commit(fixture, there), 0);
        user_store_free(fixture->store);
        fixture->store = first;
        edit_session(here, fixture_sid(1))->last_seen_sec++;
        assert_int_equal(fixture_commit(fixture, here), STORE_E_CONFLICT);
        here = user_state_unref(here);
        assert_int_equal(fixture_load(fixture, "alice", &here), 0);
        assert_int_equal(
                user_state_check(here, fixture_sid(1), fixture_now_sec()), REASON_SESSION_REVOKED);
}

static void test_a_lost_script_is_sent_again(void **test) {
        StoreFixture *fixture = *test;

        fixture_store_user(fixture, "alice", 1);
        redis_server_run(&fixture->server, "SCRIPT FLUSH");
        fixture_store_user(fixture, "bob", 2);
        fixture_store_user(fixture, "carol", 3);
        assert_false(store_fixture_told(fixture, "NOSCRIPT"));
}

static void test_deleted_by_hand_means_revoked(void **test) {
        _cleanup_(user_state_unrefp) UserState *before = NULL, *now = NULL;
        StoreFixture *fixture = *test;

        fixture_store_user(fixture, "alice", 1);
        assert_int_equal(fixture_load(fixture, "alice", &before), 0);
        redis_server_run(&fixture->server, "DEL " ALICE);
        assert_int_equal(fixture_commit(fixture, before), STORE_E_CONFLICT);
        assert_int_equal(fixture_load(fixture, "alice", &now), 0);
        assert_int_equal(now->version.incarnation, 0);
        fixture_store_user(fixture, "alice", 2);
        assert_int_equal(fixture_commit(fixture, before), STORE_E_CONFLICT);
}

static void test_what_we_never_wrote_is_corrupt(void **test) {
        static const char *const spoils[] = {
                "HDEL " ALICE " v",
                "HSET " ALICE " v 0-1",
                "HSET " ALICE " more than-this",
                "HSET " ALICE " ban not-json",
        };
        StoreFixture *fixture = *test;

        for (size_t i = 0; i < ARRAY_SIZE(spoils); i++) {
                _cleanup_(user_state_unrefp) UserState *state = NULL, *none = NULL;

                redis_server_run(&fixture->server, "DEL " ALICE);
                fixture_store_user(fixture, "alice", 1);
                redis_server_run(&fixture->server, spoils[i]);
                assert_int_equal(fixture_load(fixture, "alice", &none), STORE_E_CORRUPT);
                assert_int_equal(user_state_new("default", "alice", &state), 0);
                assert_int_equal(user_state_add(state, fixture_session(2)), 0);
                assert_int_equal(fixture_commit(fixture, state), STORE_E_CORRUPT);
        }
        assert_true(store_fixture_told(fixture, "alice cannot be understood"));
}

static void assert_integer(
        StoreFixture *fixture, const char *command, long long low, long long high) {
        redisReply *reply = redis_server_do(&fixture->server, command);

        if (reply->integer < low || reply->integer > high)
                fail_msg("%s: %lld", command, reply->integer);
        freeReplyObject(reply);
}

static void test_keys_go_by_themselves_ten_minutes_after_the_end(void **test) {
        long long end_msec = (86400 + SESSION_END_MARGIN_SEC + 600) * 1000;
        StoreFixture *fixture = *test;
        char command[128];

        fixture_store_user(fixture, "alice", 1);
        snprintf(command, sizeof(command), "PTTL authtoken:default:i:%s", fixture_owner(1));
        assert_integer(fixture, "PTTL " ALICE, end_msec - 60000, end_msec);
        assert_integer(fixture, command, end_msec - 60000, end_msec);
}

static Session *session_of(const char *user, uint64_t expires_in_sec) {
        Session *session = fixture_session(0);

        fixture_name_session(session, user);
        session->expires_at_sec = fixture_now_sec() + expires_in_sec;
        return session;
}

static void assert_owner(StoreFixture *fixture, const char *sid, const char *user) {
        char owner[64];

        assert_int_equal(fixture_find(fixture, sid, owner), 0);
        assert_string_equal(owner, user);
}

static size_t count_keys(StoreFixture *fixture, const char *pattern) {
        redisReply *keys = redis_server_do(&fixture->server, "KEYS %s", pattern);
        size_t n_keys = keys->elements;

        freeReplyObject(keys);
        return n_keys;
}

#define INDEX_KEYS "authtoken:default:i:*"

static void test_all_sessions_of_a_user_have_one_key_in_the_index(void **test) {
        static const char *const users[] = { "alice", "bob" };
        StoreFixture *fixture = *test;

        for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
                _cleanup_(user_state_unrefp) UserState *state = NULL;

                assert_int_equal(user_state_new("default", users[i], &state), 0);
                for (unsigned int k = 0; k < 3; k++)
                        assert_int_equal(
                                user_state_add(state, session_of(users[i], 3600 * (3 - k))), 0);
                assert_int_equal(fixture_commit(fixture, state), 0);
                assert_int_equal(count_keys(fixture, INDEX_KEYS), i + 1);
                for (unsigned int k = 0; k < 3; k++)
                        assert_owner(fixture, state->sessions[k]->sid, users[i]);
        }
}

#define ADOPTED_SID "000000000700000000000A"

/* An adopted one's id is what it is elsewhere. */
static void test_an_adopted_session_has_a_key_of_its_own(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        Session *adopted = fixture_session(7), *own = session_of("alice", 3600);
        StoreFixture *fixture = *test;

        assert_string_equal(adopted->sid, ADOPTED_SID);
        adopted->adopted = 1;
        assert_int_equal(user_state_new("default", "alice", &state), 0);
        assert_int_equal(user_state_add(state, adopted), 0);
        assert_int_equal(user_state_add(state, own), 0);
        assert_int_equal(fixture_commit(fixture, state), 0);
        assert_int_equal(count_keys(fixture, INDEX_KEYS), 2);
        assert_owner(fixture, ADOPTED_SID, "alice");
        assert_owner(fixture, own->sid, "alice");
        assert_integer(fixture, "EXISTS authtoken:default:i:" ADOPTED_SID, 1, 1);
}

/* Whoever revokes an ended session is told so for as long as its token would be good. */
static void test_the_index_lasts_as_long_as_the_longest_session(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL, *next = NULL;
        long long end_msec = (86400LL + SESSION_END_MARGIN_SEC + 600) * 1000;
        Session *lasting = session_of("alice", 86400), *brief = session_of("alice", 3600);
        char sid[SID_SIZE + 1], command[128];
        StoreFixture *fixture = *test;

        memcpy(sid, lasting->sid, sizeof(sid));
        snprintf(command, sizeof(command), "PTTL authtoken:default:i:%.10s", sid);
        assert_int_equal(user_state_new("default", "alice", &state), 0);
        assert_int_equal(user_state_add(state, lasting), 0);
        assert_int_equal(fixture_commit(fixture, state), 0);
        assert_integer(fixture, command, end_msec - 60000, end_msec);
        assert_int_equal(fixture_load(fixture, "alice", &next), 0);
        assert_true(user_state_end(next, sid, REASON_SESSION_REVOKED, fixture_now_sec()));
        assert_int_equal(user_state_add(next, brief), 0);
        assert_int_equal(fixture_commit(fixture, next), 0);
        assert_integer(fixture, command, end_msec - 60000, end_msec);
        assert_owner(fixture, sid, "alice");
}

/* The server's clock may be set, and nobody here would know. */
static void test_a_key_that_forbids_something_never_goes_by_itself(void **test) {
        StoreFixture *fixture = *test;

        fixture_store_user(fixture, "alice", 1);
        for (unsigned int i = 0; i < 3; i++) {
                _cleanup_(user_state_unrefp) UserState *state = NULL, *again = NULL;

                assert_int_equal(fixture_load(fixture, "alice", &state), 0);
                state->ban_until_sec = i == 0 ? UINT64_MAX : i == 1 ? fixture_now_sec() + 60 : 0;
                state->not_before_sec = i == 2 ? fixture_now_sec() : 0;
                assert_int_equal(fixture_commit(fixture, state), 0);
                assert_integer(fixture, "PTTL " ALICE, -1, -1);
                assert_integer(fixture, "EXISTS " USERS, 1, 1);
                assert_int_equal(fixture_load(fixture, "alice", &again), 0);
                again->ban_until_sec = 0;
                again->not_before_sec = 0;
                assert_int_equal(fixture_commit(fixture, again), 0);
                assert_integer(fixture, "PTTL " ALICE, 1, 30LL * 86400 * 1000);
        }
}

static void test_the_server_clock_is_compared(void **test) {
        StoreFixture *fixture = *test;

        assert_false(store_fixture_told(fixture, "clock"));
        fixture->config.now_sec = fixture_now_sec;
        store_fixture_reopen(fixture);
        store_fixture_wait_online(fixture, true);
        assert_false(store_fixture_told(fixture, "clock"));
}

static uint64_t wrong_clock(void) {
        return fixture_now_sec() + 100;
}

static void test_a_clock_that_differs_is_told(void **test) {
        StoreFixture *fixture = *test;

        fixture->config.now_sec = wrong_clock;
        store_fixture_reopen(fixture);
        store_fixture_wait_online(fixture, true);
        assert_true(store_fixture_told(fixture, "clock differs from ours by -"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                REDIS_CASE(test_killed_with_commands_pending_each_is_offline_once),
                REDIS_CASE(test_an_acknowledged_commit_outlives_the_server),
                REDIS_CASE(test_no_late_answer_reaches_another_request),
                REDIS_CASE(test_a_commit_that_timed_out_is_old_or_new),
                REDIS_CASE(test_without_a_server_the_answer_is_quick),
                REDIS_CASE(test_a_commit_waits_for_the_first_connection),
                REDIS_CASE(test_a_connection_that_an_admin_killed_comes_back),
                REDIS_CASE(test_two_hosts_on_one_server_conflict),
                REDIS_CASE(test_a_lost_script_is_sent_again),
                REDIS_CASE(test_deleted_by_hand_means_revoked),
                REDIS_CASE(test_what_we_never_wrote_is_corrupt),
                REDIS_CASE(test_keys_go_by_themselves_ten_minutes_after_the_end),
                REDIS_CASE(test_all_sessions_of_a_user_have_one_key_in_the_index),
                REDIS_CASE(test_an_adopted_session_has_a_key_of_its_own),
                REDIS_CASE(test_the_index_lasts_as_long_as_the_longest_session),
                REDIS_CASE(test_a_key_that_forbids_something_never_goes_by_itself),
                REDIS_CASE(test_the_server_clock_is_compared),
                REDIS_CASE(test_a_clock_that_differs_is_told),
        };
        int r;

        r = store_case_need_redis();
        if (r)
                return r;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
