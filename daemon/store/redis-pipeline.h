#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The commands of one connection: those that were sent or are to be sent on it, and those that wait for an attempt to
 * become a connection. Both lists are in the order of their deadlines.
 */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/store/redis-pending.h"

typedef struct RedisPipeline {
        struct RedisPendingList sent; /* or to be sent */
        RedisPending *unsent;         /* the first in @sent that is not all written */
        struct RedisPendingList waiting;
        uint64_t timeout_usec; /* of every command */
} RedisPipeline;

/**
 * redis_pipeline_init() - without commands
 * @pipeline:   filled
 * @timeout_usec: of every command
 */
void redis_pipeline_init(RedisPipeline *pipeline, uint64_t timeout_usec);

/**
 * redis_pipeline_append() - a command that is to be sent
 * @pipeline:   of a connection
 * @pending:    handed over
 */
void redis_pipeline_append(RedisPipeline *pipeline, RedisPending *pending);

/**
 * redis_pipeline_admit() - there is a connection: send the waiting commands
 * @pipeline:   changes
 */
void redis_pipeline_admit(RedisPipeline *pipeline);

/**
 * redis_pipeline_head() - the command that the next reply belongs to
 * @pipeline:   any
 *
 * Return: borrowed; NULL: none was sent as a whole.
 */
RedisPending *redis_pipeline_head(const RedisPipeline *pipeline);

/**
 * redis_pipeline_blame() - the error text for a reply that could not be read
 * @head:       the command that it answers, which will fail as outsized; or NULL
 * @r:          what redis_reader_next() said
 *
 * Return: text without end.
 */
const char *redis_pipeline_blame(RedisPending *head, int r);

/**
 * redis_pipeline_due_usec() - when the first command times out
 * @pipeline:   any
 *
 * Return: CLOCK_MONOTONIC; UINT64_MAX without commands.
 */
uint64_t redis_pipeline_due_usec(const RedisPipeline *pipeline);

/**
 * redis_pipeline_is_overdue() - whether an answer is overdue
 * @pipeline:   any
 * @now_usec:   CLOCK_MONOTONIC
 */
bool redis_pipeline_is_overdue(const RedisPipeline *pipeline, uint64_t now_usec);

/**
 * redis_pipeline_fail_waiting() - complete the commands that have waited too long for a connection
 * @pipeline:   changes
 * @now_usec:   CLOCK_MONOTONIC
 */
void redis_pipeline_fail_waiting(RedisPipeline *pipeline, uint64_t now_usec);

/**
 * redis_pipeline_take() - take all commands out, so that their completions may send new ones
 * @pipeline:   empty afterwards
 * @ret_taken:  filled; to be given to redis_pipeline_fail()
 */
void redis_pipeline_take(RedisPipeline *pipeline, RedisPipeline *ret_taken);

/**
 * redis_pipeline_fail() - complete all commands without replies
 * @pipeline:   empty afterwards
 * @absence:    for those that waited; for the others it is STORE_E_OFFLINE, or STORE_E_TIMEOUT if they are overdue
 * @now_usec:   CLOCK_MONOTONIC
 */
void redis_pipeline_fail(RedisPipeline *pipeline, int absence, uint64_t now_usec);
