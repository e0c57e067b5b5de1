#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The client's side of the socket: one request at a time, or many in flight.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "authtoken/ipc-message.h"
#include "tests/bench/bench-tokens.h"

#define BENCH_IN_FLIGHT 64u

typedef struct BenchCount {
        uint64_t n_answers, n_refused;
        uint64_t elapsed_nsec;
} BenchCount;

/**
 * bench_connect() - connect a blocking SOCK_SEQPACKET socket
 * @path:       of the socket
 *
 * Return: file descriptor, owned by the caller.
 */
int bench_connect(const char *path);

/**
 * bench_listen() - make a SOCK_SEQPACKET socket to accept on
 * @path:       of the socket; must not exist
 *
 * Return: file descriptor, owned by the caller.
 */
int bench_listen(const char *path);

/**
 * bench_ask() - send one request and wait for its answer
 * @fd:         of bench_connect()
 * @request:    to encode
 * @buffer:     receives the packet that @ret_answer borrows from
 * @ret_answer: decoded
 */
void bench_ask(
        int fd, const IpcMessage *request, uint8_t buffer[IPC_MESSAGE_MAX], IpcMessage *ret_answer);

/**
 * bench_validate_one() - validate one token and wait for the answer, which must be the expected one
 * @fd:         of bench_connect()
 * @token:      its packet is sent
 */
void bench_validate_one(int fd, const BenchToken *token);

/**
 * bench_stream() - validate tokens with BENCH_IN_FLIGHT requests in flight
 * @fd:         of bench_connect()
 * @pool:       its packets; each must be answered as expected, or the run ends
 * @budget_nsec: how long to send; 0: each token once
 * @is_echo:    the other side only sends back
 * @ret_count:  what came back
 */
void bench_stream(
        int fd, const BenchPool *pool, uint64_t budget_nsec, bool is_echo, BenchCount *ret_count);
