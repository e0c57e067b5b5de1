#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The outcomes of a store's operations, and how long they took: counters that only grow, and buckets
 * of fixed width. Answers from memory are not counted.
 */

#include <stddef.h>
#include <stdint.h>

typedef struct UserStore UserStore;

#define STORE_STATS_BUCKETS 14u

typedef enum StoreOperation {
        STORE_LOAD,
        STORE_COMMIT,
        STORE_FIND,
        STORE_SCAN,
        STORE_MARK,
        STORE_FAILURE,
        STORE_SETTLE,
        STORE_OPERATION_COUNT,
} StoreOperation;

typedef enum StoreOutcome {
        STORE_OUTCOME_OK,
        STORE_OUTCOME_CONFLICT,
        STORE_OUTCOME_OFFLINE,
        STORE_OUTCOME_TIMEOUT,
        STORE_OUTCOME_ERROR,
        STORE_OUTCOME_COUNT,
} StoreOutcome;

typedef struct StoreStats {
        uint64_t n_outcomes[STORE_OPERATION_COUNT][STORE_OUTCOME_COUNT];
        uint64_t n_within[STORE_STATS_BUCKETS + 1]; /* not cumulative; the last has no bound */
        uint64_t sum_usec;
} StoreStats;

/**
 * store_stats_add() - count an operation
 * @stats:      zeroed at the beginning
 * @operation:  which
 * @r:          0, STORE_E_* or negative errno
 * @usec:       how long it took; ignored when there was no connection
 */
void store_stats_add(StoreStats *stats, StoreOperation operation, int r, uint64_t usec);

/**
 * store_stats_bound_usec() - the upper bound of a bucket
 * @bucket:     below STORE_STATS_BUCKETS
 */
uint64_t store_stats_bound_usec(size_t bucket);

/**
 * store_stats_quantile_usec() - the time within which this share of the operations was done
 * @stats:      any
 * @permille:   500 for the median
 *
 * Return: the upper bound of its bucket; 0 if nothing was measured, AUTHTOKEN_USEC_BEYOND
 * beyond the last bound.
 */
uint64_t store_stats_quantile_usec(const StoreStats *stats, unsigned int permille);

/**
 * user_store_stats() - the outcomes of a store's operations since it was opened
 * @store:      any
 *
 * Return: borrowed.
 */
const StoreStats *user_store_stats(const UserStore *store);

/**
 * store_operation_name() - for a label
 * @operation:  below STORE_OPERATION_COUNT
 */
const char *store_operation_name(StoreOperation operation);

/**
 * store_outcome_name() - for a label
 * @outcome:    below STORE_OUTCOME_COUNT
 */
const char *store_outcome_name(StoreOutcome outcome);
