/* SPDX-License-Identifier: MIT */

/*
 * A record that is no state, and what replaces it: the same cases on `sqlite` and on `redis`.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/session/state-fields.h"
#include "store-case.h"

#define N_REDIS_ONLY 2u
#define ALICE        "authtoken:default:u:alice"
#define USERS        "authtoken:default:users"

typedef struct Waiter {
        bool done;
        int r;
        UserState *state;
        char *unreadable;
} Waiter;

static void on_examined(
        StoreCall *call, int r, UserState *state, const char *unreadable, void *userdata) {
        (void)call;
        assert_true((state != NULL) == (r == 0 || unreadable));
        *(Waiter *)userdata = (Waiter){ true, r, state, unreadable ? strdup(unreadable) : NULL };
}

/* Return: what the completion got. */
static int examine(StoreFixture *fixture, UserState **ret_state, char **ret_unreadable) {
        Waiter waiter = { 0 };
        StoreCall *call;

        assert_int_equal(user_store_examine(fixture->store, (StoreName){ "default", "alice" },
                                 on_examined, &waiter, &call),
                0);
        assert_false(waiter.done);
        store_fixture_run(fixture, &waiter.done);
        *ret_state = waiter.state;
        *ret_unreadable = waiter.unreadable;
        return waiter.r;
}

static void on_replaced(StoreCall *call, int r, UserState *state, void *userdata) {
        (void)call;
        user_state_unref(state);
        *(Waiter *)userdata = (Waiter){ .done = true, .r = r };
}

/* By a state of one not-before time. */
static int replace(StoreFixture *fixture, const char *unreadable) {
        _cleanup_(user_state_unrefp) UserState *before = NULL, *after = NULL;
        Waiter waiter = { 0 };
        StoreCall *call;

        assert_int_equal(user_state_new("default", "alice", &before), 0);
        assert_int_equal(user_state_new("default", "alice", &after), 0);
        after->not_before_sec = 77;
        assert_int_equal(
                user_store_commit(fixture->store,
                        (StoreCommit){ .before = before, .after = after, .unreadable = unreadable },
                        on_replaced, &waiter, &call),
                0);
        store_fixture_run(fixture, &waiter.done);
        return waiter.r;
}

/* What somebody does by hand to a stored alice, in either store. */
typedef struct Damage {
        const char *name;
        const char *const redis[6], *sql;
        uint64_t ban_until_sec; /* that is left */
} Damage;

static void run_sql(const StoreFixture *fixture, const char *sql) {
        sqlite3 *handle;

        assert_int_equal(
                sqlite3_open_v2(fixture->path, &handle, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_close(handle), SQLITE_OK);
}

static void damage_by(StoreFixture *fixture, const Damage *damage) {
        if (store_case_type == STORE_REDIS) {
                const char *const *words = damage->redis;
                const char *format[] = { "", "%s", "%s %s", "%s %s %s", "%s %s %s %s",
                        "%s %s %s %s %s" };
                size_t n = 0;

                while (n < ARRAY_SIZE(damage->redis) - 1 && words[n])
                        n++;
                redis_server_run(&fixture->server, format[n], words[0], words[1], words[2],
                        words[3], words[4]);
                return;
        }
        fixture->store = user_store_free(fixture->store);
        run_sql(fixture, damage->sql);
        assert_int_equal(store_fixture_open(fixture), 0);
}

static const Damage damages[] = {
        { "a field of another version", { "HSET", ALICE, "new", "1" },
                "INSERT INTO field SELECT id, 'new', '1' FROM state", 0 },
        { "half a session", { "HSET", ALICE, "s:AAAAAAAAAAAAAAAAAAAAAA", "{" },
                "INSERT INTO field SELECT id, 's:AAAAAAAAAAAAAAAAAAAAAA', '{' FROM state", 0 },
        { "no version of this user", { "HSET", ALICE, "v", "1-1" },
                "UPDATE state SET version = '1-1'", 0 },
        { "a ban that cannot be read", { "HSET", ALICE, "ban", "forever" },
                "INSERT INTO field SELECT id, 'ban', 'forever' FROM state", UINT64_MAX },
        { "a text with NUL", { "EVAL", "redis.call('HSET', KEYS[1], 'x', 'a\\0b')", "1", ALICE },
                "INSERT INTO field SELECT id, 'x', CAST(x'610062' AS TEXT) FROM state", 0 },
        { "a ban with NUL",
                { "EVAL", "redis.call('HSET', KEYS[1], 'ban', '{\"until\":5}\\0')", "1", ALICE },
                "INSERT INTO field SELECT id, 'ban', CAST(x'7b7d00' AS TEXT) FROM state",
                UINT64_MAX },
        { "a ban beside what cannot be read",
                { "EVAL", "redis.call('HSET', KEYS[1], 'ban', '{\"until\":5}', 'x', '')", "1",
                        ALICE },
                "INSERT INTO field SELECT id, 'ban', '{\"until\":5}' FROM state;"
                "INSERT INTO field SELECT id, 'x', '' FROM state",
                5 },
        { "nothing that has fields",
                { "EVAL", "redis.call('DEL', KEYS[1]) redis.call('SET', KEYS[1], 'x')", "1",
                        ALICE },
                "DELETE FROM field", UINT64_MAX },
        { "more fields than a state has",
                { "EVAL", "for i = 1, 2000 do redis.call('HSET', KEYS[1], i, i) end", "1", ALICE },
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
                " INSERT INTO field SELECT id, 'n' || i, '' FROM state, n",
                0 },
        { "more fields than a state has, and a ban among them",
                { "EVAL",
                        "for i = 1, 2000 do redis.call('HSET', KEYS[1], i, i) end "
                        "redis.call('HSET', KEYS[1], 'ban', '{\"until\":5}')",
                        "1", ALICE },
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
                " INSERT INTO field SELECT id, 'n' || i, '' FROM state, n;"
                "INSERT INTO field SELECT id, 'ban', '{\"until\":5}' FROM state",
                5 },
        { "larger values than a state has",
                { "EVAL", "redis.call('HSET', KEYS[1], 'x', string.rep('x', 5000000))", "1",
                        ALICE },
                "INSERT INTO field SELECT id, 'x', hex(zeroblob(2500000)) FROM state", 0 },
        { "a ban of a size that none has",
                { "EVAL", "redis.call('HSET', KEYS[1], 'ban', string.rep('x', 5000000))", "1",
                        ALICE },
                "INSERT INTO field SELECT id, 'ban', hex(zeroblob(2500000)) FROM state",
                UINT64_MAX },
};

static const Damage removal = { "", { "DEL", ALICE },
        "DELETE FROM field; DELETE FROM sid; DELETE FROM state", 0 };

static void begin(StoreFixture *fixture, const Damage *damage) {
        print_message("# %s\n", damage->name);
        damage_by(fixture, &removal);
        fixture_store_user(fixture, "alice", 1);
        damage_by(fixture, damage);
}

static void assert_is_replaced(StoreFixture *fixture) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        char names[64];

        assert_int_equal(fixture_load(fixture, "alice", &state), 0);
        assert_int_equal(state->not_before_sec, 77);
        assert_int_equal(state->n_sessions, 0);
        assert_int_equal(state->version.counter, 1);
        assert_int_equal(state->ban_until_sec, 0);
        /* It is a record as any other. */
        assert_int_equal(user_state_add(state, fixture_session(2)), 0);
        assert_int_equal(fixture_commit(fixture, state), 0);
        assert_int_equal(fixture_list(fixture, "default", names, sizeof(names)), 0);
        assert_string_equal(names, "alice,");
}

static void test_what_cannot_be_read_is_replaced(void **test) {
        StoreFixture *fixture = *test;

        for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
                _cleanup_(user_state_unrefp) UserState *remains = NULL, *none = NULL;
                _cleanup_(freep) char *unreadable = NULL;

                begin(fixture, &damages[i]);
                assert_int_equal(fixture_load(fixture, "alice", &none), STORE_E_CORRUPT);
                assert_int_equal(examine(fixture, &remains, &unreadable), STORE_E_CORRUPT);
                assert_non_null(unreadable);
                assert_int_equal(remains->ban_until_sec, damages[i].ban_until_sec);
                assert_int_equal(remains->version.incarnation, 0);
                assert_int_equal(remains->n_sessions, 0);
                assert_int_equal(replace(fixture, unreadable), 0);
                assert_is_replaced(fixture);
                /* Who still has the old one in mind gets nowhere. */
                assert_int_equal(replace(fixture, unreadable), STORE_E_CONFLICT);
        }
}

static void test_what_can_be_read_is_only_read(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL, *empty = NULL;
        _cleanup_(freep) char *unreadable = NULL, *nothing = NULL;
        StoreFixture *fixture = *test;

        assert_int_equal(examine(fixture, &empty, &nothing), 0);
        assert_null(nothing);
        assert_int_equal(empty->version.incarnation, 0);
        fixture_store_user(fixture, "alice", 1);
        assert_int_equal(examine(fixture, &state, &unreadable), 0);
        assert_null(unreadable);
        assert_non_null(user_state_find(state, fixture_sid(1)));
}

/* Of each kind that is told apart: by its fault, and by its bytes. */
static void test_what_was_repaired_meanwhile_stays(void **test) {
        static const size_t chosen[] = { 0, 3, 7, 8 };
        StoreFixture *fixture = *test;

        for (size_t i = 0; i < ARRAY_SIZE(chosen); i++) {
                _cleanup_(user_state_unrefp) UserState *remains = NULL, *none = NULL, *state = NULL;
                _cleanup_(freep) char *unreadable = NULL;

                begin(fixture, &damages[chosen[i]]);
                assert_int_equal(examine(fixture, &remains, &unreadable), STORE_E_CORRUPT);
                damage_by(fixture, &removal);
                /* So that it is not taken for outsized any more. */
                assert_int_equal(fixture_load(fixture, "alice", &none), 0);
                fixture_store_user(fixture, "alice", 3);
                assert_int_equal(replace(fixture, unreadable), STORE_E_CONFLICT);
                assert_int_equal(fixture_load(fixture, "alice", &state), 0);
                assert_non_null(user_state_find(state, fixture_sid(3)));
                assert_int_equal(state->not_before_sec, 0);
        }
}

static void test_what_was_damaged_further_is_to_be_looked_at_again(void **test) {
        static const Damage ban = { "", { "HSET", ALICE, "ban", "{\"until\":5}" },
                "INSERT INTO field SELECT id, 'ban', '{\"until\":5}' FROM state", 0 };
        _cleanup_(user_state_unrefp) UserState *remains = NULL, *again = NULL;
        _cleanup_(freep) char *unreadable = NULL, *other = NULL;
        StoreFixture *fixture = *test;

        begin(fixture, &damages[0]);
        assert_int_equal(examine(fixture, &remains, &unreadable), STORE_E_CORRUPT);
        damage_by(fixture, &ban);
        assert_int_equal(replace(fixture, unreadable), STORE_E_CONFLICT);
        assert_int_equal(examine(fixture, &again, &other), STORE_E_CORRUPT);
        assert_string_not_equal(other, unreadable);
        assert_int_equal(again->ban_until_sec, 5);
        assert_int_equal(replace(fixture, other), 0);
        assert_is_replaced(fixture);
}

static void test_what_was_removed_meanwhile_is_not_made_again(void **test) {
        _cleanup_(user_state_unrefp) UserState *remains = NULL, *state = NULL;
        _cleanup_(freep) char *unreadable = NULL;
        StoreFixture *fixture = *test;

        begin(fixture, &damages[0]);
        assert_int_equal(examine(fixture, &remains, &unreadable), STORE_E_CORRUPT);
        damage_by(fixture, &removal);
        assert_int_equal(replace(fixture, unreadable), STORE_E_CONFLICT);
        assert_int_equal(fixture_load(fixture, "alice", &state), 0);
        assert_int_equal(state->version.incarnation, 0);
}

static void test_no_other_record_is_touched(void **test) {
        _cleanup_(user_state_unrefp) UserState *remains = NULL, *bob = NULL;
        _cleanup_(freep) char *unreadable = NULL;
        StoreFixture *fixture = *test;
        char user[64];

        fixture_store_user(fixture, "alice", 1);
        damage_by(fixture, &damages[0]);
        fixture_store_user(fixture, "bob", 2);
        assert_int_equal(examine(fixture, &remains, &unreadable), STORE_E_CORRUPT);
        assert_int_equal(replace(fixture, unreadable), 0);
        assert_int_equal(fixture_load(fixture, "bob", &bob), 0);
        assert_non_null(user_state_find(bob, fixture_sid(2)));
        assert_int_equal(fixture_find(fixture, fixture_sid(2), user), 0);
        assert_string_equal(user, "bob");
}

/* Somebody of whom something was stored stood on no list: others are missing, too. */
static void test_a_list_that_lacks_them_is_lost(void **test) {
        _cleanup_(user_state_unrefp) UserState *remains = NULL;
        _cleanup_(freep) char *unreadable = NULL;
        StoreFixture *fixture = *test;
        char names[64];

        fixture_store_user(fixture, "bob", 2);
        begin(fixture, &damages[0]);
        redis_server_run(&fixture->server, "ZREM " USERS " alice");
        assert_int_equal(examine(fixture, &remains, &unreadable), STORE_E_CORRUPT);
        assert_int_equal(replace(fixture, unreadable), 0);
        assert_int_equal(fixture_list(fixture, "default", names, sizeof(names)), 0);
        assert_string_equal(names, "alice,bob,lost");
}

static void test_memory_that_is_short_keeps_nobody_in(void **test) {
        _cleanup_(user_state_unrefp) UserState *remains = NULL;
        _cleanup_(freep) char *unreadable = NULL;
        StoreFixture *fixture = *test;

        begin(fixture, &damages[0]);
        redis_server_run(&fixture->server, "CONFIG SET maxmemory 1");
        assert_int_equal(examine(fixture, &remains, &unreadable), STORE_E_CORRUPT);
        assert_int_equal(replace(fixture, unreadable), 0);
        redis_server_run(&fixture->server, "CONFIG SET maxmemory 0");
        assert_is_replaced(fixture);
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                STORE_CASE(test_what_cannot_be_read_is_replaced),
                STORE_CASE(test_what_can_be_read_is_only_read),
                STORE_CASE(test_what_was_repaired_meanwhile_stays),
                STORE_CASE(test_what_was_damaged_further_is_to_be_looked_at_again),
                STORE_CASE(test_what_was_removed_meanwhile_is_not_made_again),
                STORE_CASE(test_no_other_record_is_touched),
                /* Redis only */
                STORE_CASE(test_a_list_that_lacks_them_is_lost),
                STORE_CASE(test_memory_that_is_short_keeps_nobody_in),
        };
        size_t n_tests;
        int r;

        r = store_case_choose(argc, argv);
        if (r)
                return r;
        n_tests = ARRAY_SIZE(tests) - (store_case_type == STORE_REDIS ? 0 : N_REDIS_ONLY);
        return _cmocka_run_group_tests(argv[1], tests, n_tests, NULL, NULL);
}
