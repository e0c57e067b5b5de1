#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * How long to wait before the next attempt to reach a server. Short throughout, since a host that can reach the store
 * again has to learn within a second of what was revoked meanwhile; and half of it random, so that a fleet does not come
 * back to a restarted server as one.
 */

#include <stdint.h>

#define REDIS_CONNECT_USEC \
        UINT64_C(400000) /* for one attempt; a lost SYN would be repeated after a second */

/**
 * redis_backoff_usec() - the wait before an attempt
 * @n_failures: attempts in a row that have failed; 0: there was a connection until now
 *
 * Return: microseconds, at most 200000.
 */
uint64_t redis_backoff_usec(unsigned int n_failures);
