#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Time spans as people write them, in the configuration and at the command line.
 */

#include <stdint.h>

enum {
        TIME_SPAN_E_INVALID = 1,
};

/**
 * time_span_parse() - read a time span as systemd.time(7) writes it
 * @text:       such as "15min", "1h 30min", "500ms"; a number without a unit is in seconds and
 *              stands alone. Fractions, months and years are refused.
 * @ret_usec:   untouched on failure
 *
 * Return: 0; TIME_SPAN_E_INVALID, also for a span that does not fit.
 */
int time_span_parse(const char *text, uint64_t *ret_usec);
