/* SPDX-License-Identifier: MIT */

#include "authtoken/bus-name.h"
#include "daemon/store/store-stats.h"
#include "daemon/store/user-store.h"

static const uint64_t bounds_usec[STORE_STATS_BUCKETS] = { 50, 100, 250, 500, 1000, 2500, 5000,
        10000, 25000, 50000, 100000, 250000, 500000, 1000000 };

static const char *const operations[] = {
        [STORE_LOAD] = "load",
        [STORE_COMMIT] = "commit",
        [STORE_FIND] = "find",
        [STORE_SCAN] = "walk",
        [STORE_MARK] = "mark",
        [STORE_FAILURE] = "failure",
        [STORE_SETTLE] = "settle",
};

static const char *const outcomes[] = {
        [STORE_OUTCOME_OK] = "ok",
        [STORE_OUTCOME_CONFLICT] = "conflict",
        [STORE_OUTCOME_OFFLINE] = "offline",
        [STORE_OUTCOME_TIMEOUT] = "timeout",
        [STORE_OUTCOME_ERROR] = "error",
};

static StoreOutcome outcome_of(int r) {
        switch (r) {
        case 0:
        case STORE_E_NOT_FOUND:
                return STORE_OUTCOME_OK;
        case STORE_E_CONFLICT:
                return STORE_OUTCOME_CONFLICT;
        case STORE_E_OFFLINE:
                return STORE_OUTCOME_OFFLINE;
        case STORE_E_TIMEOUT:
                return STORE_OUTCOME_TIMEOUT;
        }
        return STORE_OUTCOME_ERROR;
}

void store_stats_add(StoreStats *stats, StoreOperation operation, int r, uint64_t usec) {
        StoreOutcome outcome = outcome_of(r);
        size_t bucket = 0;

        stats->n_outcomes[operation][outcome]++;
        if (outcome == STORE_OUTCOME_OFFLINE)
                return;
        while (bucket < STORE_STATS_BUCKETS && usec > bounds_usec[bucket])
                bucket++;
        stats->n_within[bucket]++;
        stats->sum_usec += usec;
}

uint64_t store_stats_bound_usec(size_t bucket) {
        return bounds_usec[bucket];
}

uint64_t store_stats_quantile_usec(const StoreStats *stats, unsigned int permille) {
        uint64_t n_all = 0, n_below = 0;

        for (size_t i = 0; i <= STORE_STATS_BUCKETS; i++)
                n_all += stats->n_within[i];
        if (n_all == 0)
                return 0;
        for (size_t i = 0; i < STORE_STATS_BUCKETS; i++) {
                n_below += stats->n_within[i];
                if (n_below * 1000 >= n_all * permille)
                        return bounds_usec[i];
        }
        return AUTHTOKEN_USEC_BEYOND;
}

const char *store_operation_name(StoreOperation operation) {
        return operations[operation];
}

const char *store_outcome_name(StoreOutcome outcome) {
        return outcomes[outcome];
}
