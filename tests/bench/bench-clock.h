#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Time, processors, and what a set of measurements says.
 */

#include <stddef.h>
#include <stdint.h>

#define NSEC_PER_SEC UINT64_C(1000000000)

/* Two programs that are compared run on this processor, their client on the other one. */
#define SERVER_CPU 1
#define CLIENT_CPU 0

/**
 * bench_now_nsec() - the monotonic clock
 */
uint64_t bench_now_nsec(void);

/**
 * bench_use_cpu() - stay on one processor from now on; nothing happens where there is only one
 * @cpu:        SERVER_CPU or CLIENT_CPU
 */
void bench_use_cpu(int cpu);

/**
 * bench_quantile() - a quantile of samples
 * @samples:    sorted by this call
 * @n_samples:  at least 1
 * @quantile:   0 … 1
 */
double bench_quantile(double *samples, size_t n_samples, double quantile);

/**
 * bench_median() - the 0.5 quantile
 * @samples:    sorted by this call
 * @n_samples:  at least 1
 */
double bench_median(double *samples, size_t n_samples);
