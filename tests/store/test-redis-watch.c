/* SPDX-License-Identifier: MIT */

/*
 * What others change in a real Redis server is told of at once, and memory answers only as long as it is.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "store-case.h"
#include "daemon/store/redis-backoff.h"
#include "daemon/store/store-watch.h"

#define ALICE "authtoken:default:u:alice"
#define NEVER UINT64_C(3600000000)

/* What was told since it was last asked for. */
typedef struct Told {
        char users[512]; /* each followed by a space */
        unsigned int n_missed;
        bool any;
} Told;

static Told told;

static void on_changed(const char *tenant, const char *user, void *userdata) {
        size_t size = strlen(told.users);

        (void)userdata;
        assert_string_equal(tenant, "default");
        snprintf(told.users + size, sizeof(told.users) - size, "%s ", user);
        told.any = true;
}

static void on_missed(void *userdata) {
        (void)userdata;
        told.n_missed++;
        told.any = true;
}

static bool is_watching(StoreFixture *fixture) {
        StoreHealth health;

        user_store_health(fixture->store, &health);
        return health.watching;
}

static void wait_watching(StoreFixture *fixture, bool watching) {
        for (unsigned int i = 0; i < 1000 && is_watching(fixture) != watching; i++)
                store_fixture_turn(fixture, 10000);
        assert_int_equal(is_watching(fixture), watching);
}

static void forget(void) {
        told = (Told){ 0 };
}

static void wait_told(StoreFixture *fixture) {
        store_fixture_run(fixture, &told.any);
}

static bool knows(StoreFixture *fixture, const char *user) {
        const UserState *state;

        return user_store_peek(fixture->store, "default", user, &state) == 0;
}

static void load(StoreFixture *fixture, const char *user) {
        UserState *state;

        assert_int_equal(fixture_load(fixture, user, &state), 0);
        user_state_unref(state);
}

static int setup(void **state) {
        StoreFixture *fixture;

        store_fixture_new(STORE_REDIS, &fixture);
        user_store_watch(fixture->store, &(StoreWatcher){ on_changed, on_missed, fixture });
        wait_watching(fixture, true);
        forget();
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        store_fixture_free(*state);
        return 0;
}

static void admin(StoreFixture *fixture, const char *command) {
        redisReply *reply = redis_server_do(&fixture->server, command);

        assert_non_null(reply);
        assert_int_not_equal(reply->type, REDIS_REPLY_ERROR);
        freeReplyObject(reply);
}

static void a_state_that_was_read_is_known_until_it_changes(void **state) {
        StoreFixture *fixture = *state;

        fixture_store_user(fixture, "alice", 1);
        load(fixture, "bob");
        wait_told(fixture);
        load(fixture, "alice");
        assert_true(knows(fixture, "alice"));
        forget();
        admin(fixture, "HSET " ALICE " x y");
        wait_told(fixture);
        assert_string_equal(told.users, "alice ");
        assert_int_equal(told.n_missed, 0);
        assert_false(knows(fixture, "alice"));
        assert_true(knows(fixture, "bob"));
}

static void what_takes_a_state_away_is_told_of(void **state) {
        static const char *const commands[] = {
                "DEL " ALICE, "UNLINK " ALICE, "RENAME " ALICE " elsewhere",
                "PEXPIRE " ALICE " 1", /* last: what comes next would go with it */
        };
        StoreFixture *fixture = *state;

        for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
                admin(fixture, "HSET " ALICE " x y");
                wait_told(fixture);
                forget();
                admin(fixture, commands[i]);
                wait_told(fixture);
                assert_memory_equal(told.users, "alice ", 6);
                forget();
        }
}

static void a_flush_is_told_of_as_everything(void **state) {
        StoreFixture *fixture = *state;

        load(fixture, "alice");
        assert_true(knows(fixture, "alice"));
        admin(fixture, "FLUSHALL");
        wait_told(fixture);
        assert_int_equal(told.n_missed, 1);
        assert_false(knows(fixture, "alice"));
        assert_true(is_watching(fixture));
}

static void other_tenants_and_other_keys_are_nobodys_business(void **state) {
        StoreFixture *fixture = *state;

        admin(fixture, "SET authtoken:default:i:abc alice");
        admin(fixture, "HSET authtoken:other:u:alice x y");
        admin(fixture, "HSET authtoken:default:u: x y");
        admin(fixture, "HSET authtoken:default:u:two:parts x y");
        freeReplyObject(redis_server_do(
                &fixture->server, "HSET %b x y", "authtoken:default:u:al\0ice", (size_t)27));
        admin(fixture, "HSET authtoken:default:u:last x y");
        while (!strstr(told.users, "last "))
                store_fixture_turn(fixture, 100000);
        assert_string_equal(told.users, "last ");
}

static void a_lost_connection_doubts_everything(StoreFixture *fixture, const char *kill) {
        load(fixture, "alice");
        assert_true(knows(fixture, "alice"));
        forget();
        admin(fixture, kill);
        wait_watching(fixture, false);
        assert_false(knows(fixture, "alice"));
        wait_watching(fixture, true);
        assert_true(told.n_missed >= 1);
        assert_false(knows(fixture, "alice"));
        load(fixture, "alice");
        assert_true(knows(fixture, "alice"));
        forget();
        admin(fixture, "HSET " ALICE " x y");
        wait_told(fixture);
        assert_string_equal(told.users, "alice ");
        assert_false(knows(fixture, "alice"));
        admin(fixture, "DEL " ALICE);
}

static void without_notices_memory_says_nothing(void **state) {
        a_lost_connection_doubts_everything(*state, "CLIENT KILL TYPE pubsub");
        assert_true(store_fixture_told(*state, "what other hosts change is not told of"));
        assert_true(store_fixture_told(*state, "is told of at once again"));
}

static void without_the_commands_connection_memory_says_nothing(void **state) {
        a_lost_connection_doubts_everything(*state, "CLIENT KILL TYPE normal");
}

/* The back-off in place of the real one. */
static struct {
        bool is_set;
        uint64_t usec;
        unsigned int n_asked;
} backoff;

uint64_t __real_redis_backoff_usec(unsigned int n_failures);
uint64_t __wrap_redis_backoff_usec(unsigned int n_failures);

uint64_t __wrap_redis_backoff_usec(unsigned int n_failures) {
        backoff.n_asked++;
        return backoff.is_set ? backoff.usec : __real_redis_backoff_usec(n_failures);
}

static void lose(StoreFixture *fixture, const char *kill, uint64_t backoff_usec) {
        backoff.is_set = true;
        backoff.usec = backoff_usec;
        backoff.n_asked = 0;
        admin(fixture, kill);
        while (backoff.n_asked == 0)
                store_fixture_turn(fixture, 100000);
}

static void the_connection_that_is_back_first_brings_the_other(void **state) {
        static const char *const kinds[] = { "CLIENT KILL TYPE normal", "CLIENT KILL TYPE pubsub" };

        for (size_t i = 0; i < 2; i++) {
                lose(*state, kinds[i], NEVER);
                lose(*state, kinds[1 - i], 0);
                wait_watching(*state, true);
                backoff.is_set = false;
        }
}

static void a_server_that_hangs_is_believed_for_two_seconds(void **state) {
        StoreFixture *fixture = *state;

        load(fixture, "alice");
        redis_server_signal(&fixture->server, SIGSTOP);
        wait_watching(fixture, false);
        assert_false(knows(fixture, "alice"));
        redis_server_signal(&fixture->server, SIGCONT);
        wait_watching(fixture, true);
        assert_true(told.n_missed >= 1);
}

static void a_login_that_may_not_be_told_works_all_the_same(void **state) {
        StoreFixture *fixture = *state;

        admin(fixture, "ACL SETUSER " REDIS_SERVER_LOGIN " -client|tracking");
        store_fixture_reopen(fixture);
        while (!store_fixture_told(fixture, "the server refuses CLIENT TRACKING"))
                store_fixture_turn(fixture, 100000);
        load(fixture, "alice");
        assert_false(knows(fixture, "alice"));
        user_store_watch(fixture->store, &(StoreWatcher){ on_changed, on_missed, fixture });
        forget();
        admin(fixture, "CLIENT KILL TYPE normal");
        wait_told(fixture);
        assert_int_equal(told.n_missed, 1);
        admin(fixture, "ACL SETUSER " REDIS_SERVER_LOGIN " +client|tracking");
        wait_watching(fixture, true);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(a_state_that_was_read_is_known_until_it_changes),
                CASE(what_takes_a_state_away_is_told_of),
                CASE(a_flush_is_told_of_as_everything),
                CASE(other_tenants_and_other_keys_are_nobodys_business),
                CASE(without_notices_memory_says_nothing),
                CASE(without_the_commands_connection_memory_says_nothing),
                CASE(the_connection_that_is_back_first_brings_the_other),
                CASE(a_server_that_hangs_is_believed_for_two_seconds),
                CASE(a_login_that_may_not_be_told_works_all_the_same),
        };

        int r;

        r = store_case_need_redis();
        if (r)
                return r;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
