#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The parser of hiredis with limits. Without them it believes a server that announces an array of a
 * billion elements, and keeps everything that it is sent.
 */

#include <stdbool.h>
#include <stddef.h>

#include <hiredis/hiredis.h>

#include "common/cleanup.h"

typedef struct RedisReader RedisReader;

enum {
        REDIS_READER_E_PROTOCOL = 1, /* not a reply */
        REDIS_READER_E_TOO_LARGE,    /* above the limit */
};

/**
 * redis_reader_new() - a parser for one connection
 * @ret_reader: owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int redis_reader_new(RedisReader **ret_reader);

/**
 * redis_reader_free() - free a parser with what it has read
 * @reader:     NULL is fine
 *
 * Return: NULL.
 */
RedisReader *redis_reader_free(RedisReader *reader);
DEFINE_CLEANUP(RedisReader, redis_reader_free)

/**
 * redis_reader_feed() - add what was received
 * @reader:     grows
 * @data:       bytes
 * @size:       of @data
 *
 * Return: 0; -ENOMEM.
 */
int redis_reader_feed(RedisReader *reader, const char *data, size_t size);

/**
 * redis_reader_next() - the next whole reply
 * @reader:     of no use after an error
 * @size_max:   bytes of memory that the reply may take
 * @ret_reply:  to be freed by freeReplyObject(); NULL: more must be received
 *
 * Return: 0; REDIS_READER_E_PROTOCOL; REDIS_READER_E_TOO_LARGE; -ENOMEM.
 */
int redis_reader_next(RedisReader *reader, size_t size_max, redisReply **ret_reply);

/**
 * redis_reader_is_empty() - whether everything that was fed has been taken
 * @reader:     any
 */
bool redis_reader_is_empty(const RedisReader *reader);

/**
 * redis_reply_freep() - for _cleanup_()
 * @reply:      from redis_reader_next(); NULL is fine
 */
static inline void redis_reply_freep(redisReply **reply) {
        if (*reply)
                freeReplyObject(*reply);
}
