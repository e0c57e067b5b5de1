#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * How long to wait before the next attempt to reach a server. Always short, since a host that reaches the store again
 * has to learn within a second what was revoked meanwhile. Half of it is random, so that a fleet does not return to a
 * restarted server at one moment.
 */

#include <stdint.h>

#define REDIS_CONNECT_USEC \
        UINT64_C(400000) /* for one attempt: less than the second after which the kernel repeats
                          * a lost SYN */

/**
 * redis_backoff_usec() - the wait before an attempt
 * @n_failures: attempts in a row that have failed; 0: there was a connection until now
 *
 * Return: microseconds, at most 200000.
 */
uint64_t redis_backoff_usec(unsigned int n_failures);
