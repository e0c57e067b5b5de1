/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "common/cleanup.h"
#include "daemon/store/failure-table.h"
#include "daemon/store/lock-out-list.h"

#define NOW UINT64_C(1700000000)

static FailureQuestion question(const char *place, uint64_t now_sec) {
        return (FailureQuestion){
                .key = { "default", "alice", place },
                .rules = { .max = 3, .window_sec = 60, .lock_out_sec = 300 },
                .now_sec = now_sec,
        };
}

/* Each step is one failure; the last one's outcome is looked at. */
static void test_count(void **unused) {
        static const struct {
                const char *name;
                uint64_t at_sec[5];
                unsigned int n_failures;
                bool locks;
                uint64_t asked_sec;
                bool is_locked;
        } cases[] = {
                { "two failures lock nobody out", { 0, 1 }, 2, false, 1, false },
                { "the third one does", { 0, 1, 2 }, 3, true, 2, true },
                { "until the last second", { 0, 1, 2 }, 3, true, 301, true },
                { "and not any longer", { 0, 1, 2 }, 3, true, 302, false },
                { "the fourth one is not counted", { 0, 1, 2, 3 }, 4, false, 302, false },
                { "a third one in the last second of the window does", { 0, 1, 59 }, 3, true, 59,
                        true },
                { "a third one after the window does not", { 0, 1, 60 }, 3, false, 60, false },
                { "the window begins anew after it", { 0, 60, 61, 62 }, 4, true, 62, true },
                { "a lock-out that is over leaves no failures", { 0, 1, 2, 302, 303 }, 5, false,
                        303, false },
                { "a clock that was set back frees nobody", { 900, 901, 902 }, 3, true, 2, true },
                { "nor does it forget two failures", { 900, 901, 2 }, 3, true, 2, true },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(failure_table_freep) FailureTable *table = NULL;
                FailureQuestion asked = question("here", NOW + cases[i].asked_sec);
                bool locks = false;

                print_message("# %s\n", cases[i].name);
                assert_int_equal(failure_table_new(8, &table), 0);
                for (unsigned int j = 0; j < cases[i].n_failures; j++) {
                        FailureQuestion failure = question("here", NOW + cases[i].at_sec[j]);

                        locks = failure_table_count(table, &failure);
                }
                assert_int_equal(locks, cases[i].locks);
                assert_int_equal(failure_table_is_locked(table, &asked), cases[i].is_locked);
                assert_int_equal(failure_table_size(table), 1);
        }
}

static void test_set_back_it_lasts_for_as_long_as_the_rules_say(void **unused) {
        _cleanup_(failure_table_freep) FailureTable *table = NULL;
        FailureQuestion here = question("here", NOW);

        (void)unused;
        assert_int_equal(failure_table_new(8, &table), 0);
        failure_table_lock(table, &here.key, NOW + 1000000);
        assert_true(failure_table_is_locked(table, &here));
        here.now_sec = NOW + 299;
        assert_true(failure_table_is_locked(table, &here));
        here.now_sec = NOW + 300;
        assert_false(failure_table_is_locked(table, &here));
}

static void test_attempts_under_way_outlast_the_window(void **unused) {
        _cleanup_(failure_table_freep) FailureTable *table = NULL;
        FailureQuestion here = question("here", NOW), later = question("here", NOW + 60);

        (void)unused;
        assert_int_equal(failure_table_new(8, &table), 0);
        assert_false(failure_table_count(table, &here));
        assert_true(failure_table_reserve(table, &here));
        assert_true(failure_table_reserve(table, &here));
        assert_false(failure_table_reserve(table, &here));
        assert_true(failure_table_reserve(table, &later));
        assert_false(failure_table_reserve(table, &later));
        later.step = FAILURE_COUNT_RESERVED;
        assert_false(failure_table_count(table, &later));
        assert_false(failure_table_count(table, &later));
        assert_true(failure_table_count(table, &later));
        assert_false(failure_table_reserve(table, &later));
        later.now_sec += 300;
        assert_true(failure_table_reserve(table, &later));
}

static void test_a_place_without_failures_is_forgotten(void **unused) {
        _cleanup_(failure_table_freep) FailureTable *table = NULL;
        FailureQuestion here = question("here", NOW);

        (void)unused;
        assert_int_equal(failure_table_new(8, &table), 0);
        assert_true(failure_table_reserve(table, &here));
        assert_int_equal(failure_table_size(table), 1);
        failure_table_release(table, &here.key);
        assert_int_equal(failure_table_size(table), 0);
        failure_table_release(table, &here.key);
}

static void test_each_place_user_and_tenant_has_a_budget_of_its_own(void **unused) {
        static const FailureKey others[] = {
                { "default", "alice", "there" },
                { "default", "bob", "here" },
                { "blue", "alice", "here" },
                { "default", "alicehere", "" },
                { "default", "alice", "" },
        };
        _cleanup_(failure_table_freep) FailureTable *table = NULL;
        FailureQuestion here = question("here", NOW);

        (void)unused;
        assert_int_equal(failure_table_new(8, &table), 0);
        for (unsigned int i = 0; i < 3; i++)
                (void)failure_table_count(table, &here);
        assert_true(failure_table_is_locked(table, &here));
        for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
                FailureQuestion other = question("", NOW);

                other.key = others[i];
                assert_false(failure_table_is_locked(table, &other));
        }
}

static void test_nobody_is_locked_out_without_a_limit(void **unused) {
        _cleanup_(failure_table_freep) FailureTable *table = NULL;
        FailureQuestion none = question("here", NOW);

        (void)unused;
        none.rules.max = 0;
        assert_int_equal(failure_table_new(8, &table), 0);
        for (unsigned int i = 0; i < 100; i++)
                assert_false(failure_table_count(table, &none));
        failure_table_lock(table, &none.key, NOW + 100);
        assert_false(failure_table_is_locked(table, &none));
}

static void test_a_flood_of_names_frees_nobody_and_takes_no_memory(void **unused) {
        _cleanup_(failure_table_freep) FailureTable *table = NULL;
        FailureQuestion locked = question("here", NOW);
        char place[32];

        (void)unused;
        assert_int_equal(failure_table_new(8, &table), 0);
        for (unsigned int i = 0; i < 3; i++)
                (void)failure_table_count(table, &locked);
        for (unsigned int i = 0; i < 1000; i++) {
                FailureQuestion other = question(place, NOW);

                snprintf(place, sizeof(place), "192.0.2.%u", i);
                (void)failure_table_count(table, &other);
                assert_true(failure_table_size(table) <= 8);
        }
        assert_true(failure_table_is_locked(table, &locked));
}

static void test_a_table_full_of_lock_outs_takes_new_ones_when_they_are_over(void **unused) {
        _cleanup_(failure_table_freep) FailureTable *table = NULL;
        FailureQuestion late = question("late", NOW), later = question("late", NOW + 301);
        char place[32];

        (void)unused;
        assert_int_equal(failure_table_new(8, &table), 0);
        for (unsigned int i = 0; i < 8; i++) {
                FailureKey key = { "default", "alice", place };

                snprintf(place, sizeof(place), "%u", i);
                failure_table_lock(table, &key, NOW + 300);
        }
        for (unsigned int i = 0; i < 5; i++)
                assert_false(failure_table_count(table, &late));
        for (unsigned int i = 0; i < 2; i++)
                assert_false(failure_table_count(table, &later));
        assert_true(failure_table_count(table, &later));
        assert_int_equal(failure_table_size(table), 1);
}

static void test_a_lock_out_that_was_read_holds(void **unused) {
        _cleanup_(failure_table_freep) FailureTable *table = NULL;
        FailureQuestion here = question("here", NOW);

        (void)unused;
        assert_int_equal(failure_table_new(8, &table), 0);
        (void)failure_table_count(table, &here);
        failure_table_lock(table, &here.key, NOW + 10);
        assert_true(failure_table_is_locked(table, &here));
        failure_table_lock(table, &here.key, NOW + 20);
        here.now_sec = NOW + 19;
        assert_true(failure_table_is_locked(table, &here));
        here.now_sec = NOW + 20;
        assert_false(failure_table_is_locked(table, &here));
}

static void fail_at(FailureTable *table, const char *user, const char *place, unsigned int n) {
        FailureQuestion failure = question(place, NOW);

        failure.key.user = user;
        while (n-- > 0)
                (void)failure_table_count(table, &failure);
}

static bool is_locked(const FailureTable *table, const char *user, const char *place) {
        FailureQuestion asked = question(place, NOW);

        asked.key.user = user;
        return failure_table_is_locked(table, &asked);
}

/* Alice is locked out at two places and has failed twice at a third, Bob is locked out at one of them. */
static void test_lift(void **unused) {
        static const struct {
                const char *name, *user, *place;
                unsigned int n_lifted;
                bool at_one, at_two, bob;
        } cases[] = {
                { "one place", "alice", "one", 1, false, true, true },
                { "all places of a user", "alice", "", 2, false, false, true },
                { "a place of all users", "", "two", 2, true, false, false },
                { "everybody", "", "", 3, false, false, false },
                { "a place where nobody is locked out", "alice", "three", 0, true, true, true },
                { "a place that nobody knows", "alice", "four", 0, true, true, true },
                { "a user whom nobody knows", "carol", "", 0, true, true, true },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(failure_table_freep) FailureTable *table = NULL;
                FailureQuestion which = question(cases[i].place, NOW + 1);

                print_message("# %s\n", cases[i].name);
                which.key.user = cases[i].user;
                assert_int_equal(failure_table_new(8, &table), 0);
                fail_at(table, "alice", "one", 3);
                fail_at(table, "alice", "two", 3);
                fail_at(table, "alice", "three", 2);
                fail_at(table, "bob", "two", 3);
                assert_int_equal(failure_table_lift(table, &which), cases[i].n_lifted);
                assert_int_equal(is_locked(table, "alice", "one"), cases[i].at_one);
                assert_int_equal(is_locked(table, "alice", "two"), cases[i].at_two);
                assert_int_equal(is_locked(table, "bob", "two"), cases[i].bob);
        }
}

static void test_where_it_was_lifted_failures_count_from_the_first(void **unused) {
        _cleanup_(failure_table_freep) FailureTable *table = NULL;
        FailureQuestion here = question("here", NOW), there = question("there", NOW);

        (void)unused;
        assert_int_equal(failure_table_new(8, &table), 0);
        fail_at(table, "alice", "here", 3);
        fail_at(table, "alice", "there", 2);
        assert_int_equal(failure_table_lift(table, &here), 1);
        assert_int_equal(failure_table_lift(table, &there), 0);
        assert_int_equal(failure_table_size(table), 0);
        for (unsigned int i = 0; i < 2; i++) {
                assert_false(failure_table_count(table, &here));
                assert_false(failure_table_count(table, &there));
        }
        assert_true(failure_table_count(table, &here));
        assert_true(failure_table_count(table, &there));
}

static void test_lifting_leaves_attempts_under_way(void **unused) {
        _cleanup_(failure_table_freep) FailureTable *table = NULL;
        FailureQuestion here = question("here", NOW), told = here;

        (void)unused;
        told.step = FAILURE_COUNT_RESERVED;
        assert_int_equal(failure_table_new(8, &table), 0);
        assert_true(failure_table_reserve(table, &here));
        assert_true(failure_table_reserve(table, &here));
        fail_at(table, "alice", "here", 3);
        assert_int_equal(failure_table_lift(table, &here), 1);
        assert_true(failure_table_reserve(table, &here));
        assert_false(failure_table_reserve(table, &here));
        for (unsigned int i = 0; i < 2; i++)
                assert_false(failure_table_count(table, &told));
        assert_true(failure_table_count(table, &told));
}

static void test_what_is_over_is_neither_told_nor_lifted(void **unused) {
        _cleanup_(failure_table_freep) FailureTable *table = NULL;
        _cleanup_(lock_out_list_clear) LockOutList list = { 0 };
        FailureQuestion all = question("", NOW + 299);

        (void)unused;
        assert_int_equal(failure_table_new(8, &table), 0);
        fail_at(table, "alice", "two", 3);
        fail_at(table, "alice", "one", 3);
        fail_at(table, "alice", "three", 2);
        fail_at(table, "bob", "one", 3);
        assert_int_equal(failure_table_list(table, &all, &list), 0);
        lock_out_list_sort(&list);
        assert_int_equal(list.n_items, 2);
        assert_string_equal(list.items[0].user, "alice");
        assert_string_equal(list.items[0].place, "one");
        assert_string_equal(list.items[1].place, "two");
        assert_int_equal(list.items[1].until_sec, NOW + 300);
        lock_out_list_clear(&list);
        all.now_sec = NOW + 300;
        assert_int_equal(failure_table_list(table, &all, &list), 0);
        assert_int_equal(list.n_items, 0);
        assert_int_equal(failure_table_lift(table, &all), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_count),
                cmocka_unit_test(test_set_back_it_lasts_for_as_long_as_the_rules_say),
                cmocka_unit_test(test_attempts_under_way_outlast_the_window),
                cmocka_unit_test(test_a_place_without_failures_is_forgotten),
                cmocka_unit_test(test_each_place_user_and_tenant_has_a_budget_of_its_own),
                cmocka_unit_test(test_nobody_is_locked_out_without_a_limit),
                cmocka_unit_test(test_a_flood_of_names_frees_nobody_and_takes_no_memory),
                cmocka_unit_test(test_a_table_full_of_lock_outs_takes_new_ones_when_they_are_over),
                cmocka_unit_test(test_a_lock_out_that_was_read_holds),
                cmocka_unit_test(test_lift),
                cmocka_unit_test(test_where_it_was_lifted_failures_count_from_the_first),
                cmocka_unit_test(test_lifting_leaves_attempts_under_way),
                cmocka_unit_test(test_what_is_over_is_neither_told_nor_lifted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
