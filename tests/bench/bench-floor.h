#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What the daemon is compared with: a server that only sends back, bare verifications, and a loop of
 * libjwt and hiredis as one would write it in an afternoon.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/bench/bench-key.h"
#include "tests/bench/bench-tokens.h"

/**
 * bench_echo_start() - start a bare SOCK_SEQPACKET echo server on SERVER_CPU
 * @path:       of its socket; must not exist
 *
 * It dies with its parent. Return: its pid.
 */
pid_t bench_echo_start(const char *path);

/**
 * bench_echo_stop() - end the server and remove its socket
 * @pid:        of bench_echo_start()
 * @path:       of its socket
 */
void bench_echo_stop(pid_t pid, const char *path);

/**
 * bench_verify_rate() - verify one signature after the other
 * @mint:       opened
 * @budget_nsec: how long
 *
 * Return: verifications a second.
 */
double bench_verify_rate(const BenchMint *mint, uint64_t budget_nsec);

/**
 * bench_libjwt_rate() - jwt_decode() and a GET of the session for each token
 * @mint:       opened
 * @redis_path: socket of a Redis
 * @budget_nsec: how long
 *
 * Return: tokens a second.
 */
double bench_libjwt_rate(const BenchMint *mint, const char *redis_path, uint64_t budget_nsec);
