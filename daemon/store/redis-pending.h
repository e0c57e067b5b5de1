#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Commands on their way to a Redis server: written in their order, answered in their order.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/cleanup.h"
#include "daemon/store/redis-connection.h"

typedef struct RedisPending RedisPending;

struct RedisPending {
        RedisReplyDone done;
        void *userdata;
        size_t reply_max;
        bool outsized;         /* the reply is larger than that */
        uint64_t started_usec; /* CLOCK_MONOTONIC */
        TAILQ_ENTRY(RedisPending) link;
        size_t size, n_written;
        char text[]; /* in the protocol's form; wiped when all of it was written */
};

TAILQ_HEAD(RedisPendingList, RedisPending);

/**
 * redis_pending_new() - format a command
 * @command:    copied
 * @now_usec:   from here its time runs
 * @ret_pending: owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int redis_pending_new(const RedisCommand *command, uint64_t now_usec, RedisPending **ret_pending);

/**
 * redis_pending_free() - free a command; its text is wiped, for it may be AUTH
 * @pending:    NULL is fine; in no list
 *
 * Return: NULL.
 */
RedisPending *redis_pending_free(RedisPending *pending);
DEFINE_CLEANUP(RedisPending, redis_pending_free)

/**
 * redis_pending_write() - write as much as the socket takes
 * @first:      of the commands that are not written yet; moves on, NULL in the end
 * @fd:         non-blocking socket
 *
 * Return: 0 all written; -EAGAIN; another negative errno: the connection is broken.
 */
int redis_pending_write(RedisPending **first, int fd);

/**
 * redis_pending_fail() - complete commands without replies
 * @list:       empty afterwards
 * @r:          for those in time
 * @overdue_usec: those started at or before it get STORE_E_TIMEOUT, and an outsized one STORE_E_CORRUPT
 */
void redis_pending_fail(struct RedisPendingList *list, int r, uint64_t overdue_usec);
