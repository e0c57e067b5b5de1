/* SPDX-License-Identifier: MIT */
#include "tests/bench/bench-row.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/bench-clock.h"

#define SAMPLES_GROW 65536u

void bench_row_collect(BenchRow *row, double seconds) {
        if (row->n_samples % SAMPLES_GROW == 0) {
                row->samples = reallocarray(
                        row->samples, row->n_samples + SAMPLES_GROW, sizeof(*row->samples));
                if (!row->samples)
                        err(EXIT_FAILURE, "reallocarray");
        }
        row->samples[row->n_samples++] = seconds;
}

void bench_row_run(const BenchSetup *setup, BenchRow *row) {
        double ratios[BENCH_ROUNDS], noise[BENCH_ROUNDS], ours[BENCH_ROUNDS], floors[BENCH_ROUNDS];

        (void)row->floor(setup, row); /* warms up: caches, the state, lazy binding */
        (void)row->ours(setup, row);
        row->n_samples = 0;
        for (size_t i = 0; i < BENCH_ROUNDS; i++) {
                double before = row->floor(setup, row);
                double value = row->ours(setup, row);
                double after = row->floor(setup, row);

                floors[i] = (before + after) / 2;
                ours[i] = value;
                ratios[i] = value / floors[i];
                noise[i] = after / before;
        }
        printf("{\"row\": \"%s\", \"unit\": \"%s\", \"ours\": %.9g, \"floor\": %.9g, "
               "\"ratio\": %.4f, \"noise\": %.4f, \"answers\": %" PRIu64 ", \"refused\": %" PRIu64,
                row->name, row->unit, bench_median(ours, BENCH_ROUNDS),
                bench_median(floors, BENCH_ROUNDS), bench_median(ratios, BENCH_ROUNDS),
                bench_median(noise, BENCH_ROUNDS), row->n_answers, row->n_refused);
        if (row->n_samples > 0)
                printf(", \"tail\": %.4f",
                        bench_quantile(row->samples, row->n_samples, 0.99) /
                                bench_quantile(row->samples, row->n_samples, 0.5));
        puts("}");
        free(row->samples);
        row->samples = NULL;
}
