/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/cleanup.h"
#include "daemon/store/store-stats.h"
#include "daemon/store/user-store.h"

static void test_each_outcome_has_its_counter(void **unused) {
        static const struct {
                int r;
                StoreOutcome outcome;
        } cases[] = {
                { 0, STORE_OUTCOME_OK },
                { STORE_E_NOT_FOUND, STORE_OUTCOME_OK },
                { STORE_E_CONFLICT, STORE_OUTCOME_CONFLICT },
                { STORE_E_OFFLINE, STORE_OUTCOME_OFFLINE },
                { STORE_E_TIMEOUT, STORE_OUTCOME_TIMEOUT },
                { STORE_E_REFUSED, STORE_OUTCOME_ERROR },
                { STORE_E_CORRUPT, STORE_OUTCOME_ERROR },
                { -ENOMEM, STORE_OUTCOME_ERROR },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                StoreStats stats = { 0 };

                store_stats_add(&stats, STORE_COMMIT, cases[i].r, 1);
                assert_int_equal(stats.n_outcomes[STORE_COMMIT][cases[i].outcome], 1);
                assert_int_equal(stats.sum_usec, cases[i].outcome == STORE_OUTCOME_OFFLINE ? 0 : 1);
        }
}

static void test_bounds_are_part_of_their_bucket(void **unused) {
        (void)unused;
        for (size_t i = 0; i < STORE_STATS_BUCKETS; i++) {
                StoreStats stats = { 0 };

                store_stats_add(&stats, STORE_LOAD, 0, store_stats_bound_usec(i));
                store_stats_add(&stats, STORE_LOAD, 0, store_stats_bound_usec(i) + 1);
                assert_int_equal(stats.n_within[i], 1);
                assert_int_equal(stats.n_within[i + 1], 1);
        }
}

static void test_quantiles(void **unused) {
        StoreStats stats = { 0 };

        (void)unused;
        assert_int_equal(store_stats_quantile_usec(&stats, 500), 0);
        for (unsigned int i = 0; i < 98; i++)
                store_stats_add(&stats, STORE_LOAD, 0, 60);
        store_stats_add(&stats, STORE_LOAD, 0, 4000);
        store_stats_add(&stats, STORE_LOAD, 0, UINT64_C(9000000));
        assert_int_equal(store_stats_quantile_usec(&stats, 500), 100);
        assert_int_equal(store_stats_quantile_usec(&stats, 980), 100);
        assert_int_equal(store_stats_quantile_usec(&stats, 990), 5000);
        assert_int_equal(store_stats_quantile_usec(&stats, 1000), UINT64_MAX);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_outcome_has_its_counter),
                cmocka_unit_test(test_bounds_are_part_of_their_bucket),
                cmocka_unit_test(test_quantiles),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
