/* SPDX-License-Identifier: MIT */
#include "tests/bench/bench-clock.h"

#include <err.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

uint64_t bench_now_nsec(void) {
        struct timespec now;

        if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
                err(EXIT_FAILURE, "clock_gettime");
        return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

void bench_use_cpu(int cpu) {
        cpu_set_t set;

        if (sysconf(_SC_NPROCESSORS_ONLN) <= cpu)
                return;
        CPU_ZERO(&set);
        CPU_SET((size_t)cpu, &set);
        if (sched_setaffinity(0, sizeof(set), &set) < 0)
                warn("cannot stay on processor %d", cpu);
}

static int compare(const void *a, const void *b) {
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

double bench_quantile(double *samples, size_t n_samples, double quantile) {
        qsort(samples, n_samples, sizeof(*samples), compare);
        return samples[(size_t)((double)(n_samples - 1) * quantile)];
}

double bench_median(double *samples, size_t n_samples) {
        return bench_quantile(samples, n_samples, 0.5);
}
