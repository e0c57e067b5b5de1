#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Work for the daemon while somebody else counts what it costs: system calls, memory, descriptors.
 */

#include <stddef.h>

#include "tests/bench/bench-row.h"

/**
 * bench_load_validate() - one VALIDATE a connection, of tokens seen before
 * @setup:      socket_path, mint
 * @n:          how many
 */
void bench_load_validate(const BenchSetup *setup, size_t n);

/**
 * bench_load_connections() - hold connections open until standard input ends
 * @setup:      socket_path, mint
 * @n:          how many; each has asked once. "ready" is printed when all are there.
 */
void bench_load_connections(const BenchSetup *setup, size_t n);

/**
 * bench_load_logins() - whole logins: AUTHENTICATE, ACCOUNT, OPEN_SESSION, CLOSE_SESSION
 * @setup:      socket_path, user, mint
 * @n:          how many; one in BENCH_BAD_EVERY is refused. "ready" is printed after half of them,
 *              and the rest waits for a line, or the end, of standard input.
 */
void bench_load_logins(const BenchSetup *setup, size_t n);
