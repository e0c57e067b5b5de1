/* SPDX-License-Identifier: MIT */

/*
 * A store's mark, the same in every store: `test-store-mark sqlite` and `test-store-mark redis`.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/store/store-commit.h"
#include "daemon/store/store-mark.h"
#include "store-case.h"

typedef struct Waiter {
        bool done;
        int r;
        char value[STORE_MARK_MAX + 1];
} Waiter;

static void on_mark(StoreCall *call, int r, const char *value, void *userdata) {
        Waiter *waiter = userdata;

        (void)call;
        waiter->done = true;
        waiter->r = r;
        snprintf(waiter->value, sizeof(waiter->value), "%s", value ? value : "(none)");
}

/* @expected NULL: only read. Checks what is stored afterwards. */
static int change(
        StoreFixture *fixture, const char *expected, const char *value, const char *after) {
        Waiter waiter = { 0 };
        StoreCall *call;
        int r;

        r = store_mark_change(fixture->store,
                &(StoreMarkChange){ { "default", "adoption" }, expected, value, false }, on_mark,
                &waiter, &call);
        if (r < 0)
                return r;
        assert_false(waiter.done);
        store_fixture_run(fixture, &waiter.done);
        assert_string_equal(waiter.value, after);
        return waiter.r;
}

static void test_at_first_there_is_none(void **test) {
        assert_int_equal(change(*test, NULL, NULL, "(none)"), 0);
        assert_int_equal(change(*test, "a", "b", "(none)"), STORE_E_CONFLICT);
        assert_int_equal(change(*test, NULL, NULL, "(none)"), 0);
}

static void test_a_mark_stays_also_after_reopening(void **test) {
        assert_int_equal(change(*test, "", "one 1", "one 1"), 0);
        assert_int_equal(change(*test, NULL, NULL, "one 1"), 0);
        store_fixture_reopen(*test);
        assert_int_equal(change(*test, NULL, NULL, "one 1"), 0);
}

static void test_only_what_was_expected_is_replaced(void **test) {
        assert_int_equal(change(*test, "", "one", "one"), 0);
        assert_int_equal(change(*test, "", "two", "one"), STORE_E_CONFLICT);
        assert_int_equal(change(*test, "on", "two", "one"), STORE_E_CONFLICT);
        assert_int_equal(change(*test, "one", "two", "two"), 0);
        assert_int_equal(change(*test, "one", "three", "two"), STORE_E_CONFLICT);
        assert_int_equal(change(*test, NULL, NULL, "two"), 0);
}

static void test_a_mark_can_be_taken_away(void **test) {
        assert_int_equal(change(*test, "", "one", "one"), 0);
        assert_int_equal(change(*test, "two", "", "one"), STORE_E_CONFLICT);
        assert_int_equal(change(*test, "one", "", "(none)"), 0);
        assert_int_equal(change(*test, NULL, NULL, "(none)"), 0);
        assert_int_equal(change(*test, "", "two", "two"), 0);
}

static void test_a_mark_stands_in_no_users_way(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL, *after = NULL;
        char names[64];

        assert_int_equal(change(*test, "", "one", "one"), 0);
        assert_int_equal(user_state_new("default", "adoption", &state), 0);
        assert_int_equal(user_state_add(state, fixture_session(1)), 0);
        assert_int_equal(fixture_commit(*test, state), 0);
        assert_int_equal(fixture_list(*test, "default", names, sizeof(names)), 0);
        assert_string_equal(names, "adoption,");
        assert_int_equal(fixture_load(*test, "adoption", &after), 0);
        assert_int_equal(after->n_sessions, 1);
        assert_int_equal(change(*test, NULL, NULL, "one"), 0);
}

/* Return: what the completion got. */
static int commit_if(StoreFixture *fixture, const UserState *state, const char *begins) {
        int r;

        fixture->guard = (StoreGuard){ "adoption", begins };
        r = fixture_commit(fixture, state);
        fixture->guard = (StoreGuard){ 0 };
        return r;
}

static void test_a_commit_may_depend_on_a_mark(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL, *after = NULL, *last = NULL;
        char user[64];

        assert_int_equal(user_state_new("default", "alice", &state), 0);
        assert_int_equal(user_state_add(state, fixture_session(1)), 0);
        assert_int_equal(commit_if(*test, state, "one "), STORE_E_MARK);
        assert_int_equal(change(*test, "", "one", "one"), 0);
        assert_int_equal(commit_if(*test, state, "one "), STORE_E_MARK);
        assert_int_equal(change(*test, "one", "two 1", "two 1"), 0);
        assert_int_equal(commit_if(*test, state, "one "), STORE_E_MARK);
        assert_int_equal(fixture_load(*test, "alice", &after), 0);
        assert_int_equal(after->n_sessions, 0);
        assert_int_equal(fixture_find(*test, fixture_sid(1), user), STORE_E_NOT_FOUND);

        assert_int_equal(change(*test, "two 1", "one 7", "one 7"), 0);
        assert_int_equal(commit_if(*test, state, "one "), 0);
        /* The version counts as ever. */
        assert_int_equal(commit_if(*test, state, "one "), STORE_E_CONFLICT);
        assert_int_equal(fixture_load(*test, "alice", &last), 0);
        assert_int_equal(last->n_sessions, 1);
        assert_int_equal(fixture_find(*test, fixture_sid(1), user), 0);
        assert_string_equal(user, "alice");
        assert_int_equal(change(*test, NULL, NULL, "one 7"), 0);
}

/* Several sessions are several keys. */
static void test_a_commit_of_many_sessions_may_depend_on_it_too(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL, *after = NULL;

        assert_int_equal(user_state_new("default", "alice", &state), 0);
        for (unsigned int i = 1; i <= USER_STATE_SESSIONS_MAX; i++)
                assert_int_equal(user_state_add(state, fixture_session(i)), 0);
        assert_int_equal(change(*test, "", "one 1", "one 1"), 0);
        assert_int_equal(commit_if(*test, state, "one 2"), STORE_E_MARK);
        assert_int_equal(commit_if(*test, state, "one 1"), 0);
        assert_int_equal(fixture_load(*test, "alice", &after), 0);
        assert_int_equal(after->n_sessions, USER_STATE_SESSIONS_MAX);
}

static void test_a_mark_that_is_too_long_is_refused(void **test) {
        char value[STORE_MARK_MAX + 2];

        memset(value, 'a', sizeof(value));
        value[STORE_MARK_MAX + 1] = '\0';
        assert_int_equal(change(*test, "", value, ""), -EINVAL);
        value[STORE_MARK_MAX] = '\0';
        assert_int_equal(change(*test, "", value, value), 0);
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                STORE_CASE(test_at_first_there_is_none),
                STORE_CASE(test_a_mark_stays_also_after_reopening),
                STORE_CASE(test_only_what_was_expected_is_replaced),
                STORE_CASE(test_a_mark_can_be_taken_away),
                STORE_CASE(test_a_mark_stands_in_no_users_way),
                STORE_CASE(test_a_commit_may_depend_on_a_mark),
                STORE_CASE(test_a_commit_of_many_sessions_may_depend_on_it_too),
                STORE_CASE(test_a_mark_that_is_too_long_is_refused),
        };
        int r;

        r = store_case_choose(argc, argv);
        if (r)
                return r;
        return cmocka_run_group_tests_name(argv[1], tests, NULL, NULL);
}
