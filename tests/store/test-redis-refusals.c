/* SPDX-License-Identifier: MIT */

/*
 * A real Redis server that says no: every error is a refused operation that did nothing, with a notice
 * of its own; and a server that we refuse.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "store-case.h"

#define ALICE    "authtoken:default:u:alice"
#define PASSWORD "correct-horse-battery"

static int end_session(StoreFixture *fixture, const char *user, unsigned int number) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;

        assert_int_equal(fixture_load(fixture, user, &state), 0);
        assert_true(user_state_end(
                state, fixture_sid(number), REASON_SESSION_REVOKED, fixture_now_sec()));
        return fixture_commit(fixture, state);
}

static int add_session(StoreFixture *fixture, const char *user, unsigned int number) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;

        assert_int_equal(fixture_load(fixture, user, &state), 0);
        assert_int_equal(user_state_add(state, fixture_session(number)), 0);
        return fixture_commit(fixture, state);
}

static void assert_version(StoreFixture *fixture, const char *user, uint64_t counter) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;

        assert_int_equal(fixture_load(fixture, user, &state), 0);
        assert_int_equal(state->version.counter, counter);
}

/* Alice keeps a second session, so that her state also holds one that stays as it was. */
static void test_without_memory_logins_are_refused_and_revocations_work(void **test) {
        StoreFixture *fixture = *test;

        fixture_store_user(fixture, "alice", 1);
        assert_int_equal(add_session(fixture, "alice", 2), 0);
        redis_server_run(&fixture->server, "CONFIG SET maxmemory 1");
        assert_int_equal(add_session(fixture, "alice", 3), STORE_E_REFUSED);
        assert_int_equal(add_session(fixture, "bob", 4), STORE_E_REFUSED);
        assert_true(store_fixture_told(fixture, "OOM: the server has reached maxmemory"));
        assert_version(fixture, "alice", 2);
        assert_version(fixture, "bob", 0);
        assert_int_equal(end_session(fixture, "alice", 1), 0);
        assert_version(fixture, "alice", 3);
        redis_server_run(&fixture->server, "CONFIG SET maxmemory 0");
        assert_int_equal(add_session(fixture, "alice", 3), 0);
}

static void test_a_master_that_became_a_replica_is_left(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        StoreFixture *fixture = *test;

        fixture_store_user(fixture, "alice", 1);
        redis_server_run(&fixture->server, "REPLICAOF 127.0.0.1 1");
        assert_int_equal(end_session(fixture, "alice", 1), STORE_E_REFUSED);
        assert_true(store_fixture_told(fixture, "READONLY: the server is a replica"));
        /* What it knows from before is not asked for any more. */
        assert_true(fixture_load(fixture, "alice", &state) > 0);
        store_fixture_wait_online(fixture, false);
        redis_server_run(&fixture->server, "REPLICAOF NO ONE");
        store_fixture_wait_online(fixture, true);
        assert_version(fixture, "alice", 1);
        assert_int_equal(end_session(fixture, "alice", 1), 0);
}

static void test_a_key_of_another_type_is_refused_unless_it_is_a_hint(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        StoreFixture *fixture = *test;
        char user[64];

        fixture_store_user(fixture, "alice", 1);
        redis_server_run(&fixture->server, "SET authtoken:default:users x");
        assert_int_equal(end_session(fixture, "alice", 1), 0);
        redis_server_run(&fixture->server, "SET " ALICE " x");
        assert_int_equal(fixture_load(fixture, "alice", &state), STORE_E_CORRUPT);
        assert_true(store_fixture_told(fixture, "WRONGTYPE: one of our keys"));
        assert_int_equal(user_state_new("default", "alice", &state), 0);
        assert_int_equal(user_state_add(state, fixture_session(1)), 0);
        assert_int_equal(fixture_commit(fixture, state), STORE_E_CORRUPT);
        redis_server_run(
                &fixture->server, "DEL " ALICE " authtoken:default:i:%s", fixture_owner(1));
        redis_server_run(&fixture->server, "HSET authtoken:default:i:%s a b", fixture_owner(1));
        assert_int_equal(fixture_find(fixture, fixture_sid(1), user), STORE_E_CORRUPT);
        assert_int_equal(fixture_commit(fixture, state), 0);
        assert_int_equal(fixture_find(fixture, fixture_sid(1), user), 0);
}

static void test_a_busy_server_refuses_and_recovers(void **test) {
        StoreFixture *fixture = *test;
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        redisContext *busy = redisConnectUnix(fixture->server.socket);
        int done = 0;
        int r;

        fixture_store_user(fixture, "alice", 1);
        redis_server_run(&fixture->server, "CONFIG SET busy-reply-threshold 20");
        redisAppendCommand(busy, "EVAL %s 0", "while true do end");
        while (!done)
                assert_int_equal(redisBufferWrite(busy, &done), REDIS_OK);
        do {
                state = user_state_unref(state);
                r = fixture_load(fixture, "alice", &state);
        } while (r == 0);
        assert_int_equal(r, STORE_E_REFUSED);
        assert_true(store_fixture_told(fixture, "BUSY: another script"));
        redis_server_run(&fixture->server, "SCRIPT KILL");
        redisFree(busy);
        while (fixture_load(fixture, "alice", &state) != 0)
                store_fixture_turn(fixture, 1000);
        assert_int_equal(end_session(fixture, "alice", 1), 0);
}

static void test_one_kind_of_error_is_told_once(void **test) {
        StoreFixture *fixture = *test;
        const char *first;

        fixture_store_user(fixture, "alice", 1);
        redis_server_run(&fixture->server, "CONFIG SET min-replicas-to-write 1");
        for (int i = 0; i < 20; i++)
                assert_int_equal(end_session(fixture, "alice", 1), STORE_E_REFUSED);
        first = strstr(fixture->notices, "NOREPLICAS: the server has fewer replicas");
        assert_non_null(first);
        assert_null(strstr(first + 1, "NOREPLICAS"));
}

/* The server of the fixture with more on its command line, and no store yet. */
static void restart_server(StoreFixture *fixture, const char *option, const char *value) {
        fixture->store = user_store_free(fixture->store);
        fixture->notices[0] = '\0';
        redis_server_kill(&fixture->server);
        fixture->server.options[0] = option;
        fixture->server.options[1] = value;
        redis_server_start(&fixture->server);
}

static void test_a_server_that_wants_a_password_refuses_until_it_is_right(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        StoreFixture *fixture = *test;
        StoreHealth health;

        restart_server(fixture, "--requirepass", PASSWORD);
        fixture->config.username = fixture->config.password = NULL;
        assert_int_equal(store_fixture_open(fixture), 0);
        assert_int_equal(fixture_load(fixture, "alice", &state), STORE_E_REFUSED);
        assert_true(store_fixture_told(fixture, "NOAUTH"));

        fixture->config.password = PASSWORD "-wrong";
        store_fixture_reopen(fixture);
        assert_int_equal(fixture_load(fixture, "alice", &state), STORE_E_REFUSED);
        assert_true(store_fixture_told(fixture, "refuses our login (WRONGPASS)"));
        user_store_health(fixture->store, &health);
        assert_false(health.online);
        assert_null(strstr(health.message, PASSWORD));

        fixture->config.password = PASSWORD;
        store_fixture_reopen(fixture);
        assert_int_equal(fixture_load(fixture, "alice", &state), 0);
        assert_false(store_fixture_told(fixture, PASSWORD));
}

static void test_a_login_that_was_refused_is_tried_again(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        StoreFixture *fixture = *test;

        restart_server(fixture, "--requirepass", "before");
        fixture->config.username = NULL;
        fixture->config.password = PASSWORD;
        assert_int_equal(store_fixture_open(fixture), 0);
        assert_int_equal(fixture_load(fixture, "alice", &state), STORE_E_REFUSED);
        redis_server_run(&fixture->server, "AUTH before");
        redis_server_run(&fixture->server, "CONFIG SET requirepass " PASSWORD);
        store_fixture_wait_online(fixture, true);
        assert_int_equal(fixture_load(fixture, "alice", &state), 0);
}

static void test_a_login_of_its_own_in_a_database_of_its_own(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        StoreFixture *fixture = *test;
        StoreHealth health;
        redisReply *reply;

        redis_server_run(&fixture->server, "ACL SETUSER " REDIS_SERVER_LOGIN " +select -info");
        fixture->config.database = 3;
        store_fixture_reopen(fixture);
        fixture_store_user(fixture, "alice", 1);
        assert_int_equal(fixture_load(fixture, "alice", &state), 0);
        assert_int_equal(state->n_sessions, 1);
        reply = redis_server_do(&fixture->server, "EXISTS " ALICE);
        assert_int_equal(reply->integer, 0);
        freeReplyObject(reply);
        /* It may not ask what the server does with what it is told. */
        user_store_health(fixture->store, &health);
        assert_true(health.online);
        assert_false(health.durable);
        assert_non_null(strstr(health.message, "durability unknown"));
}

static void test_a_database_that_is_not_there_is_refused(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        StoreFixture *fixture = *test;

        redis_server_run(&fixture->server, "ACL SETUSER " REDIS_SERVER_LOGIN " +select");
        fixture->config.database = 4711;
        store_fixture_reopen(fixture);
        assert_int_equal(fixture_load(fixture, "alice", &state), STORE_E_REFUSED);
        assert_true(store_fixture_told(fixture, "refuses the database"));
}

static void test_the_shipped_login_learns_whether_the_server_is_durable(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        StoreFixture *fixture = *test;
        StoreHealth health;

        fixture->config.require_durable = true;
        store_fixture_reopen(fixture);
        store_fixture_wait_online(fixture, true);
        user_store_health(fixture->store, &health);
        assert_true(health.durable);
        assert_string_equal(health.message, "");

        redis_server_run(&fixture->server, "CONFIG SET maxmemory-policy allkeys-lru");
        store_fixture_reopen(fixture);
        assert_int_equal(fixture_load(fixture, "alice", &state), STORE_E_REFUSED);
        assert_true(store_fixture_told(fixture, "maxmemory-policy is not noeviction"));
}

static const struct {
        const char *name, *setting, *value, *message;
        bool durable;
} durabilities[] = {
        { "all is well", "appendfsync", "always", "", true },
        { "a power cut", "appendfsync", "everysec", "power cut", true },
        { "no append-only file", "appendonly", "no", "no append-only file", false },
        { "eviction", "maxmemory-policy", "allkeys-lru", "noeviction", false },
};

static void test_durability_is_told_and_can_be_required(void **test) {
        StoreFixture *fixture = *test;

        fixture->config.username = fixture->config.password = NULL;
        for (size_t i = 0; i < ARRAY_SIZE(durabilities); i++) {
                _cleanup_(user_state_unrefp) UserState *state = NULL;
                StoreHealth health;
                bool refused;

                redis_server_run(&fixture->server, "CONFIG SET %s %s", durabilities[i].setting,
                        durabilities[i].value);
                fixture->config.require_durable = false;
                store_fixture_reopen(fixture);
                store_fixture_wait_online(fixture, true);
                user_store_health(fixture->store, &health);
                if (health.durable != durabilities[i].durable ||
                        !strstr(health.message, durabilities[i].message))
                        fail_msg("%s: %s", durabilities[i].name, health.message);
                assert_true(store_fixture_told(fixture, durabilities[i].message));

                fixture->config.require_durable = true;
                store_fixture_reopen(fixture);
                refused = fixture_load(fixture, "alice", &state) == STORE_E_REFUSED;
                if (refused == durabilities[i].durable)
                        fail_msg("required: %s", durabilities[i].name);
                redis_server_run(&fixture->server,
                        "CONFIG SET appendonly yes appendfsync always maxmemory-policy noeviction");
        }
}

static void test_a_server_that_became_durable_is_taken(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        StoreFixture *fixture = *test;

        redis_server_run(&fixture->server, "CONFIG SET appendonly no");
        fixture->config.require_durable = true;
        store_fixture_reopen(fixture);
        assert_int_equal(fixture_load(fixture, "alice", &state), STORE_E_REFUSED);
        redis_server_run(&fixture->server, "CONFIG SET appendonly yes");
        store_fixture_wait_online(fixture, true);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                REDIS_CASE(test_without_memory_logins_are_refused_and_revocations_work),
                REDIS_CASE(test_a_master_that_became_a_replica_is_left),
                REDIS_CASE(test_a_key_of_another_type_is_refused_unless_it_is_a_hint),
                REDIS_CASE(test_a_busy_server_refuses_and_recovers),
                REDIS_CASE(test_one_kind_of_error_is_told_once),
                REDIS_CASE(test_a_server_that_wants_a_password_refuses_until_it_is_right),
                REDIS_CASE(test_a_login_that_was_refused_is_tried_again),
                REDIS_CASE(test_a_login_of_its_own_in_a_database_of_its_own),
                REDIS_CASE(test_a_database_that_is_not_there_is_refused),
                REDIS_CASE(test_the_shipped_login_learns_whether_the_server_is_durable),
                REDIS_CASE(test_durability_is_told_and_can_be_required),
                REDIS_CASE(test_a_server_that_became_durable_is_taken),
        };
        int r;

        r = store_case_need_redis();
        if (r)
                return r;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
