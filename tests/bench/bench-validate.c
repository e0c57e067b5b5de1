/* SPDX-License-Identifier: MIT */
#include <err.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/bench/bench-clock.h"
#include "tests/bench/bench-floor.h"
#include "tests/bench/bench-rows.h"
#include "tests/bench/bench-socket.h"

/* As many as a round can use up: a verification takes longer than 1/16 ms on nothing that runs this. */
#define N_FRESH          (BENCH_ROUND_NSEC / 62500)
#define N_SEEN           512u
#define TAIL_SAMPLES_MAX 65536u
/* As many as scripts/bench has filled in. */
#define CROWD_MANY 1000000u
#define CROWD_FEW  1000u

static double rate_of(const BenchCount *count, BenchRow *row) {
        row->n_answers += count->n_answers;
        row->n_refused += count->n_refused;
        return (double)count->n_answers * (double)NSEC_PER_SEC / (double)count->elapsed_nsec;
}

static double fresh_rate(const BenchSetup *setup, BenchRow *row) {
        _cleanup_(bench_pool_freep) BenchPool *pool =
                bench_pool_new(&setup->mint, N_FRESH, BENCH_BAD_EVERY);
        _cleanup_(closep) int fd = bench_connect(setup->socket_path);
        BenchCount count;

        bench_stream(fd, pool, 0, false, &count);
        return rate_of(&count, row);
}

static double verify_rate(const BenchSetup *setup, BenchRow *row _unused_) {
        return bench_verify_rate(&setup->mint, BENCH_ROUND_NSEC);
}

static double libjwt_rate(const BenchSetup *setup, BenchRow *row _unused_) {
        return bench_libjwt_rate(&setup->mint, setup->redis_path, BENCH_ROUND_NSEC);
}

void bench_validate_fresh(const BenchSetup *setup) {
        BenchRow row = {
                .name = "validate-fresh", .unit = "1/s", .ours = fresh_rate, .floor = verify_rate
        };

        bench_row_run(setup, &row);
}

void bench_validate_libjwt(const BenchSetup *setup) {
        BenchRow row = {
                .name = "validate-libjwt", .unit = "1/s", .ours = fresh_rate, .floor = libjwt_rate
        };

        bench_row_run(setup, &row);
}

/* The same tokens for both sides and all rounds. */
static BenchPool *seen;

static double seen_rate(const BenchSetup *setup, BenchRow *row) {
        _cleanup_(closep) int fd = bench_connect(setup->socket_path);
        BenchCount count;

        bench_stream(fd, seen, BENCH_ROUND_NSEC, false, &count);
        return rate_of(&count, row);
}

static double echo_rate(const BenchSetup *setup, BenchRow *row _unused_) {
        _cleanup_(closep) int fd = bench_connect(setup->echo_path);
        BenchCount count;

        bench_stream(fd, seen, BENCH_ROUND_NSEC, true, &count);
        return (double)count.n_answers * (double)NSEC_PER_SEC / (double)count.elapsed_nsec;
}

void bench_validate_seen(const BenchSetup *setup) {
        BenchRow row = {
                .name = "validate-seen", .unit = "1/s", .ours = seen_rate, .floor = echo_rate
        };
        pid_t echo = bench_echo_start(setup->echo_path);

        /* Good ones only: a bad one is never remembered, so it costs a verification each time. */
        seen = bench_pool_new(&setup->mint, N_SEEN, 0);
        bench_row_run(setup, &row);
        seen = bench_pool_free(seen);
        bench_echo_stop(echo, setup->echo_path);
}

/* What the storm reads: whether it is to blow. It needs a moment to be at its height. */
static void order_storm(const BenchSetup *setup, const char *order) {
        _cleanup_(closep) int fd = bench_connect(setup->socket_path);
        BenchCount count;

        if (write(setup->storm_fd, order, 1) != 1)
                err(EXIT_FAILURE, "the storm is over");
        bench_stream(fd, seen, BENCH_ROUND_NSEC / 10, false, &count);
}

static double storm_rate(const BenchSetup *setup, BenchRow *row) {
        double rate;

        order_storm(setup, "1");
        rate = seen_rate(setup, row);
        order_storm(setup, "0");
        return rate;
}

static double calm_rate(const BenchSetup *setup, BenchRow *row _unused_) {
        BenchRow aside = { .name = "calm" };

        return seen_rate(setup, &aside);
}

void bench_validate_storm(const BenchSetup *setup) {
        BenchRow row = {
                .name = "validate-storm", .unit = "1/s", .ours = storm_rate, .floor = calm_rate
        };

        seen = bench_pool_new(&setup->mint, N_SEEN, 0);
        bench_row_run(setup, &row);
        seen = bench_pool_free(seen);
}

/* One at a time, as a service asks: the time of one answer is not the time of those that wait before it. */
static double slow_time(const BenchSetup *setup, BenchRow *row) {
        static double seconds[TAIL_SAMPLES_MAX];
        _cleanup_(closep) int fd = bench_connect(setup->socket_path);
        uint64_t end_nsec = bench_now_nsec() + BENCH_ROUND_NSEC;
        const struct sched_param first = { .sched_priority = 1 };
        size_t n = 0;

        /* What it waits for its processor, which it shares with the storm, is not the daemon's time. */
        (void)sched_setscheduler(0, SCHED_FIFO, &first);
        for (uint64_t begin_nsec = bench_now_nsec(); begin_nsec < end_nsec && n < TAIL_SAMPLES_MAX;
                begin_nsec = bench_now_nsec()) {
                bench_validate_one(fd, &seen->tokens[n % seen->n_tokens]);
                seconds[n++] = (double)(bench_now_nsec() - begin_nsec) / (double)NSEC_PER_SEC;
        }
        (void)sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){ .sched_priority = 0 });
        row->n_answers += n;
        return bench_quantile(seconds, n, 0.99);
}

static double storm_time(const BenchSetup *setup, BenchRow *row) {
        double time;

        order_storm(setup, "1");
        time = slow_time(setup, row);
        order_storm(setup, "0");
        return time;
}

static double calm_time(const BenchSetup *setup, BenchRow *row _unused_) {
        BenchRow aside = { .name = "calm" };

        return slow_time(setup, &aside);
}

void bench_validate_tail(const BenchSetup *setup) {
        BenchRow row = {
                .name = "validate-tail", .unit = "s", .ours = storm_time, .floor = calm_time
        };

        seen = bench_pool_new(&setup->mint, N_SEEN, 0);
        bench_row_run(setup, &row);
        seen = bench_pool_free(seen);
}

static double crowd_rate(
        const BenchSetup *setup, const char *socket_path, uint64_t n_sessions, BenchRow *row) {
        _cleanup_(bench_pool_freep) BenchPool *pool =
                bench_pool_of_crowd(&setup->mint, N_FRESH, n_sessions);
        _cleanup_(closep) int fd = bench_connect(socket_path);
        BenchCount count;

        bench_stream(fd, pool, 0, false, &count);
        return rate_of(&count, row);
}

static double many_rate(const BenchSetup *setup, BenchRow *row) {
        return crowd_rate(setup, setup->socket_path, CROWD_MANY, row);
}

static double few_rate(const BenchSetup *setup, BenchRow *row _unused_) {
        BenchRow aside = { .name = "few" };

        return crowd_rate(setup, setup->few_path, CROWD_FEW, &aside);
}

void bench_crowd(const BenchSetup *setup) {
        BenchRow row = { .name = "crowd", .unit = "1/s", .ours = many_rate, .floor = few_rate };

        bench_row_run(setup, &row);
}
