/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "daemon/session/user-state.h"
#include "daemon/store/state-cache.h"

#define MANY 10000u

static StateCache *make_cache(size_t count_max, size_t size_max) {
        StateCache *cache;

        assert_int_equal(state_cache_new(count_max, size_max, &cache), 0);
        return cache;
}

static UserState *make_state(const char *tenant, const char *user, uint64_t counter) {
        UserState *state;

        assert_int_equal(user_state_new(tenant, user, &state), 0);
        state->version = (StateVersion){ .incarnation = 1, .counter = counter };
        return state;
}

static void put(StateCache *cache, const char *tenant, const char *user, uint64_t counter) {
        state_cache_put(cache, make_state(tenant, user, counter));
}

static void offer(StateCache *cache, const char *user, uint64_t counter) {
        state_cache_offer(cache, make_state("default", user, counter));
}

static void offer_many(StateCache *cache, unsigned int n) {
        char user[16];

        for (unsigned int i = 0; i < n; i++) {
                snprintf(user, sizeof(user), "wave%u", i);
                offer(cache, user, i + 1);
        }
}

static uint64_t get(StateCache *cache, const char *tenant, const char *user) {
        const UserState *state = state_cache_get(cache, tenant, user);

        if (!state)
                return 0;
        assert_string_equal(state->tenant, tenant);
        assert_string_equal(state->user, user);
        return state->version.counter;
}

static void test_a_state_is_found_under_its_names_only(void **unused) {
        _cleanup_(state_cache_freep) StateCache *cache = make_cache(8, 1 << 20);

        (void)unused;
        put(cache, "default", "alice", 1);
        put(cache, "other", "alice", 2);
        assert_int_equal(get(cache, "default", "alice"), 1);
        assert_int_equal(get(cache, "other", "alice"), 2);
        assert_int_equal(get(cache, "default", "bob"), 0);
        assert_int_equal(get(cache, "defaulta", "lice"), 0);
}

static void test_a_newer_state_takes_the_place_of_the_older(void **unused) {
        _cleanup_(state_cache_freep) StateCache *cache = make_cache(8, 1 << 20);

        (void)unused;
        put(cache, "default", "alice", 1);
        put(cache, "default", "alice", 2);
        assert_int_equal(get(cache, "default", "alice"), 2);
        state_cache_drop(cache, "default", "alice");
        assert_int_equal(get(cache, "default", "alice"), 0);
        state_cache_drop(cache, "default", "alice");
}

static void test_what_was_asked_for_longest_ago_goes_first(void **unused) {
        _cleanup_(state_cache_freep) StateCache *cache = make_cache(3, 1 << 20);

        (void)unused;
        put(cache, "default", "a", 1);
        put(cache, "default", "b", 2);
        put(cache, "default", "c", 3);
        assert_int_equal(get(cache, "default", "a"), 1);
        put(cache, "default", "d", 4);
        assert_int_equal(get(cache, "default", "a"), 1);
        assert_int_equal(get(cache, "default", "b"), 0);
        assert_int_equal(get(cache, "default", "c"), 3);
        assert_int_equal(get(cache, "default", "d"), 4);
}

static void test_a_state_that_does_not_fit_is_not_kept_nor_is_what_it_replaces(void **unused) {
        _cleanup_(state_cache_freep) StateCache *cache = make_cache(8, 1000);
        UserState *large;

        (void)unused;
        put(cache, "default", "alice", 1);
        assert_int_equal(user_state_new("default", "alice", &large), 0);
        large->version.counter = 2;
        large->ban_reason = calloc(1, 2000);
        assert_non_null(large->ban_reason);
        memset(large->ban_reason, 'x', 1999);
        state_cache_put(cache, large);
        assert_int_equal(get(cache, "default", "alice"), 0);
}

static void test_bytes_are_bounded_too(void **unused) {
        _cleanup_(state_cache_freep) StateCache *cache = make_cache(MANY, 10000);
        size_t n_kept = 0;

        (void)unused;
        for (unsigned int i = 0; i < 1000; i++) {
                char user[16];

                snprintf(user, sizeof(user), "u%u", i);
                put(cache, "default", user, 1);
        }
        for (unsigned int i = 0; i < 1000; i++) {
                char user[16];

                snprintf(user, sizeof(user), "u%u", i);
                n_kept += get(cache, "default", user) != 0;
        }
        assert_true(n_kept > 20 && n_kept < 100);
}

static void test_many_states_are_all_found(void **unused) {
        _cleanup_(state_cache_freep) StateCache *cache = make_cache(MANY, SIZE_MAX);
        char user[16];

        (void)unused;
        for (unsigned int i = 0; i < MANY; i++) {
                snprintf(user, sizeof(user), "u%u", i);
                put(cache, "default", user, i + 1);
        }
        for (unsigned int i = 0; i < MANY; i += 2) {
                snprintf(user, sizeof(user), "u%u", i);
                state_cache_drop(cache, "default", user);
        }
        for (unsigned int i = 0; i < MANY; i++) {
                snprintf(user, sizeof(user), "u%u", i);
                assert_int_equal(get(cache, "default", user), i % 2 ? i + 1 : 0);
        }
}

#define UNASKED 4u

static void test_a_wave_that_nobody_asks_for_drives_nobody_out(void **unused) {
        _cleanup_(state_cache_freep) StateCache *cache =
                make_cache(UNASKED * STATE_CACHE_UNASKED_PART, 1 << 20);
        char user[16];

        (void)unused;
        for (unsigned int i = 0; i < UNASKED * STATE_CACHE_UNASKED_PART; i++) {
                snprintf(user, sizeof(user), "u%u", i);
                put(cache, "default", user, i + 1);
        }
        offer_many(cache, MANY);
        for (unsigned int i = 0; i < UNASKED * STATE_CACHE_UNASKED_PART; i++) {
                snprintf(user, sizeof(user), "u%u", i);
                assert_int_equal(get(cache, "default", user), i + 1);
        }
        for (unsigned int i = MANY - UNASKED - 1; i < MANY; i++) {
                snprintf(user, sizeof(user), "wave%u", i);
                assert_int_equal(get(cache, "default", user), i < MANY - UNASKED ? 0 : i + 1);
        }
}

static void test_an_offer_that_was_asked_for_once_outlives_the_wave(void **unused) {
        _cleanup_(state_cache_freep) StateCache *cache =
                make_cache(UNASKED * STATE_CACHE_UNASKED_PART, 1 << 20);

        (void)unused;
        offer(cache, "alice", 1);
        offer(cache, "bob", 1);
        assert_int_equal(get(cache, "default", "alice"), 1);
        /* What is offered in its place is as well asked for as it was. */
        offer(cache, "alice", 2);
        offer_many(cache, MANY);
        assert_int_equal(get(cache, "default", "alice"), 2);
        assert_int_equal(get(cache, "default", "bob"), 0);
}

/* All of them may be asked for: the next one who comes makes room. */
static void test_offers_that_are_asked_for_are_bounded_as_others_are(void **unused) {
        _cleanup_(state_cache_freep) StateCache *cache =
                make_cache(UNASKED * STATE_CACHE_UNASKED_PART, 1 << 20);
        unsigned int n_kept = 0;
        char user[16];

        (void)unused;
        for (unsigned int i = 0; i < MANY; i++) {
                snprintf(user, sizeof(user), "u%u", i);
                offer(cache, user, i + 1);
                assert_int_equal(get(cache, "default", user), i + 1);
        }
        for (unsigned int i = 0; i < MANY; i++) {
                snprintf(user, sizeof(user), "u%u", i);
                n_kept += get(cache, "default", user) != 0;
        }
        assert_in_range(
                n_kept, UNASKED * STATE_CACHE_UNASKED_PART, UNASKED * STATE_CACHE_UNASKED_PART + 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_state_is_found_under_its_names_only),
                cmocka_unit_test(test_a_newer_state_takes_the_place_of_the_older),
                cmocka_unit_test(test_what_was_asked_for_longest_ago_goes_first),
                cmocka_unit_test(
                        test_a_state_that_does_not_fit_is_not_kept_nor_is_what_it_replaces),
                cmocka_unit_test(test_bytes_are_bounded_too),
                cmocka_unit_test(test_many_states_are_all_found),
                cmocka_unit_test(test_a_wave_that_nobody_asks_for_drives_nobody_out),
                cmocka_unit_test(test_an_offer_that_was_asked_for_once_outlives_the_wave),
                cmocka_unit_test(test_offers_that_are_asked_for_are_bounded_as_others_are),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
