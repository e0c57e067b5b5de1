#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The rows: what is compared with what.
 */

#include "tests/bench/bench-row.h"

/**
 * bench_validate_fresh() - tokens never seen before, against bare verifications on one core
 * @setup:      socket_path, mint
 */
void bench_validate_fresh(const BenchSetup *setup);

/**
 * bench_validate_seen() - tokens seen before, against a bare echo server
 * @setup:      socket_path, echo_path, mint
 */
void bench_validate_seen(const BenchSetup *setup);

/**
 * bench_validate_libjwt() - tokens never seen before, against a loop of libjwt and hiredis
 * @setup:      socket_path, redis_path, mint
 */
void bench_validate_libjwt(const BenchSetup *setup);

/**
 * bench_validate_storm() - tokens seen before while other users' sessions are revoked, against the same in calm
 * @setup:      socket_path, storm_fd, mint
 */
void bench_validate_storm(const BenchSetup *setup);

/**
 * bench_validate_tail() - how long one VALIDATE in a hundred takes while sessions are revoked, and in calm
 * @setup:      socket_path, storm_fd, mint
 */
void bench_validate_tail(const BenchSetup *setup);

/**
 * bench_crowd() - new tokens of sessions drawn at random from very many, against the same from few
 * @setup:      socket_path of the daemon with many, few_path of the one with few, mint
 */
void bench_crowd(const BenchSetup *setup);

/**
 * bench_authenticate() - a whole login's request on a connection of its own
 * @setup:      socket_path, echo_path, user, mint
 */
void bench_authenticate(const BenchSetup *setup);

/**
 * bench_login_tail_wrong() - how long one login in a hundred takes while somebody guesses, and in calm
 * @setup:      socket_path, storm_fd of authtoken-bench-siege, user, mint
 */
void bench_login_tail_wrong(const BenchSetup *setup);

/**
 * bench_login_tail_flood() - how long one login in a hundred takes while an ordinary user floods, and in calm
 * @setup:      socket_path, storm_fd of authtoken-bench-siege, user, mint
 */
void bench_login_tail_flood(const BenchSetup *setup);

/**
 * bench_pam() - an authentication through PAM in this process, from pam_start() to pam_end()
 * @setup:      pam_directory, user, mint
 */
void bench_pam(const BenchSetup *setup);

/**
 * bench_pam_account() - the same with the account check, which asks the daemon a second time
 * @setup:      pam_directory, user, mint
 */
void bench_pam_account(const BenchSetup *setup);
