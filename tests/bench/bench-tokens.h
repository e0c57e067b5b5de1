#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Pools of tokens made from one that the daemon issued: the same claims signed anew are a token that it has
 * never seen, of a session that it knows. Every pool has bad ones among the good: a daemon that is quick
 * because it says yes to everything is found out.
 */

#include <stddef.h>
#include <stdint.h>

#include "authtoken/ipc-message.h"
#include "common/cleanup.h"
#include "tests/bench/bench-key.h"

/* Every how many tokens one is bad. */
#define BENCH_BAD_EVERY 25u

typedef struct BenchToken {
        char *text;
        size_t size;
        IpcStatus expected;
        uint8_t *packet; /* a VALIDATE of it; its request id is its place in the pool */
        size_t packet_size;
} BenchToken;

typedef struct BenchPool {
        BenchToken *tokens;
        size_t n_tokens;
} BenchPool;

#define BENCH_SESSIONS_MAX 64u

typedef struct BenchMint {
        BenchKey *key;
        char *live[BENCH_SESSIONS_MAX]; /* signed texts (two parts) of live sessions' tokens */
        size_t n_live;
        char *expired; /* the same with its time in the past */
        char *revoked; /* of a session that was revoked */
        char *plain;   /* the same claims under a header that libjwt takes: its "typ" is JWT */
} BenchMint;

/**
 * bench_mint_open() - prepare to make tokens
 * @key_path:   the daemon's private key
 * @live_path:  file with tokens of live sessions, one a line
 * @revoked_path: file with a token of a revoked session
 * @ret_mint:   owned by the caller, for bench_mint_clear()
 */
void bench_mint_open(
        const char *key_path, const char *live_path, const char *revoked_path, BenchMint *ret_mint);

/**
 * bench_mint_clear() - free what bench_mint_open() made
 * @mint:       of bench_mint_open()
 */
void bench_mint_clear(BenchMint *mint);

/**
 * bench_token_make() - a good token that nobody has seen
 * @mint:       opened
 * @i:          which session's, counted around
 *
 * Return: owned by the caller, malloc'ed.
 */
char *bench_token_make(const BenchMint *mint, size_t i);

/**
 * bench_token_make_plain() - a good token for libjwt
 * @mint:       opened
 *
 * Return: owned by the caller, malloc'ed.
 */
char *bench_token_make_plain(const BenchMint *mint);

/**
 * bench_pool_new() - make tokens, a few of them bad
 * @mint:       opened
 * @n_tokens:   how many, at least 1
 * @bad_every:  BENCH_BAD_EVERY, or 0 for none
 *
 * Return: owned by the caller.
 */
BenchPool *bench_pool_new(const BenchMint *mint, size_t n_tokens, size_t bad_every);

/**
 * bench_pool_of_crowd() - make tokens of sessions of bench-crowd.h, drawn at random
 * @mint:       opened
 * @n_tokens:   how many, at least 1; all are good
 * @n_sessions: of which they are drawn
 *
 * Return: owned by the caller.
 */
BenchPool *bench_pool_of_crowd(const BenchMint *mint, size_t n_tokens, uint64_t n_sessions);

/**
 * bench_pool_free() - free a pool
 * @pool:       NULL is fine
 *
 * Return: NULL.
 */
BenchPool *bench_pool_free(BenchPool *pool);
DEFINE_CLEANUP(BenchPool, bench_pool_free)
