/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>

#include "daemon/store/redis-reader.h"

#define LINE_SIZE_MAX     65536u
#define LENGTH_DIGITS_MAX 20u

struct RedisReader {
        redisReader *parser;
        redisReplyObjectFunctions functions;
        redisReplyObjectFunctions inner; /* hiredis' own */
        size_t size_max;
        size_t used; /* by the reply that is being read */
        bool too_large;
};

static bool take_room(const redisReadTask *task, size_t size, RedisReader **ret_reader) {
        RedisReader *reader = task->privdata;

        if (!task->parent)
                reader->used = 0;
        *ret_reader = reader;
        if (reader->used > reader->size_max || size > reader->size_max - reader->used) {
                reader->too_large = true;
                return false;
        }
        reader->used += size;
        return true;
}

static void *create_string(const redisReadTask *task, char *text, size_t size) {
        RedisReader *reader;

        if (!take_room(task, sizeof(redisReply) + size + 1, &reader))
                return NULL;
        return reader->inner.createString(task, text, size);
}

static void *create_array(const redisReadTask *task, int n_elements) {
        size_t size = sizeof(redisReply) + (size_t)n_elements * sizeof(redisReply *);
        RedisReader *reader;

        return take_room(task, size, &reader) ? reader->inner.createArray(task, n_elements) : NULL;
}

static void *create_integer(const redisReadTask *task, long long number) {
        RedisReader *reader;

        if (!take_room(task, sizeof(redisReply), &reader))
                return NULL;
        return reader->inner.createInteger(task, number);
}

static void *create_nil(const redisReadTask *task) {
        RedisReader *reader;

        if (!take_room(task, sizeof(redisReply), &reader))
                return NULL;
        return reader->inner.createNil(task);
}

int redis_reader_new(RedisReader **ret_reader) {
        _cleanup_(redis_reader_freep) RedisReader *reader = calloc(1, sizeof(*reader));

        if (!reader)
                return -ENOMEM;
        reader->parser = redisReaderCreate();
        if (!reader->parser)
                return -ENOMEM;
        reader->inner = *reader->parser->fn;
        reader->functions = (redisReplyObjectFunctions){
                .createString = create_string,
                .createArray = create_array,
                .createInteger = create_integer,
                .createNil = create_nil,
                .freeObject = reader->inner.freeObject,
        };
        reader->parser->fn = &reader->functions;
        reader->parser->privdata = reader;
        *ret_reader = TAKE_PTR(reader);
        return 0;
}

RedisReader *redis_reader_free(RedisReader *reader) {
        if (!reader)
                return NULL;
        if (reader->parser)
                redisReaderFree(reader->parser);
        free(reader);
        return NULL;
}

int redis_reader_feed(RedisReader *reader, const char *data, size_t size) {
        return redisReaderFeed(reader->parser, data, size) == REDIS_OK ? 0 : -ENOMEM;
}

/* A string has an announced size. Everything else is a line, which the parser searches from its
 * beginning each time, so a long one would cost more and more. */
static size_t unfinished_max(const redisReader *parser, size_t size_max) {
        size_t size = parser->len - parser->pos;
        bool announced = parser->ridx >= 0 &&
                         parser->rstack[parser->ridx].type == REDIS_REPLY_STRING &&
                         memchr(parser->buf + parser->pos, '\r',
                                 size < LENGTH_DIGITS_MAX ? size : LENGTH_DIGITS_MAX);

        return announced || size_max < LINE_SIZE_MAX ? size_max : LINE_SIZE_MAX;
}

int redis_reader_next(RedisReader *reader, size_t size_max, redisReply **ret_reply) {
        void *reply = NULL;

        reader->size_max = size_max;
        if (redisReaderGetReply(reader->parser, &reply) != REDIS_OK) {
                if (reader->too_large)
                        return REDIS_READER_E_TOO_LARGE;
                return reader->parser->err == REDIS_ERR_OOM ? -ENOMEM : REDIS_READER_E_PROTOCOL;
        }
        if (!reply && reader->parser->len - reader->parser->pos >
                              unfinished_max(reader->parser, size_max))
                return REDIS_READER_E_TOO_LARGE;
        *ret_reply = reply;
        return 0;
}

bool redis_reader_is_empty(const RedisReader *reader) {
        const redisReader *parser = reader->parser;

        /* After a call without a result the parser is at an element whose type it does not know
         * yet. */
        return parser->pos == parser->len &&
               (parser->ridx < 0 || (parser->ridx == 0 && parser->rstack[0].type < 0));
}
