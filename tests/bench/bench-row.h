#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One row of the benchmark: ours against its floor, in interleaved rounds.
 */

#include <stddef.h>
#include <stdint.h>

#include "tests/bench/bench-tokens.h"

#define BENCH_ROUNDS     9u
#define BENCH_ROUND_NSEC UINT64_C(150000000)

/* Where everything is; NULL where a row does not need it. */
typedef struct BenchSetup {
        const char *socket_path; /* the daemon's */
        const char *echo_path;   /* of the echo server, made by the row */
        const char *redis_path;
        const char *few_path;      /* of a daemon with few sessions */
        const char *pam_directory; /* with the service files "permit" and "authtoken" */
        const char *user;
        int storm_fd; /* standard input of authtoken-bench-storm, or -siege */
        BenchMint mint;
} BenchSetup;

/* Values of one round; a rate (more is better) or a time in seconds, the same for both sides. */
typedef struct BenchRow {
        const char *name, *unit;
        double (*ours)(const BenchSetup *setup, struct BenchRow *row);
        double (*floor)(const BenchSetup *setup, struct BenchRow *row);
        uint64_t n_answers, n_refused;
        double *samples; /* of all rounds, where the row collects single times */
        size_t n_samples;
} BenchRow;

/**
 * bench_row_collect() - keep a single time for the row's tail
 * @row:        grows
 * @seconds:    one time
 */
void bench_row_collect(BenchRow *row, double seconds);

/**
 * bench_row_run() - measure and print the row as one line of JSON
 * @setup:      borrowed
 * @row:        its collected samples are freed
 *
 * Each round is floor, ours, floor: the ratio is ours to the mean of its two neighbours, and the
 * second floor to the first one is the A/A reading that tells how noisy the machine is.
 */
void bench_row_run(const BenchSetup *setup, BenchRow *row);
