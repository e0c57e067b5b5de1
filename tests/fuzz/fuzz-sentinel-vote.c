/* SPDX-License-Identifier: MIT */

/*
 * What a sentinel, or whoever poses as one, may answer.
 */

#include "tests/fuzz/replay.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/store/redis-reader.h"
#include "daemon/store/redis-replicas.h"
#include "daemon/store/redis-role.h"
#include "daemon/store/sentinel-vote.h"

#define REPLY_MAX 16384u

static void check(const redisReply *reply) {
        char stream[REDIS_STREAM_ID_SIZE + 1];
        RedisAddress master = { 0 };
        unsigned int n_replicas;
        uint64_t epoch = 0;

        /* Where the network may not be used it is never named. */
        if (sentinel_vote_read_master(reply, false, &master) == 0 &&
                redis_address_parse(master.text, false, &master) != 0)
                abort();
        if (sentinel_vote_read_epoch(reply, &epoch) == 0 && epoch > INT64_MAX)
                abort();
        if (redis_role_read(reply, &n_replicas) != REDIS_ROLE_MASTER && n_replicas != 0)
                abort();
        if (reply->type != REDIS_REPLY_STRING)
                return;
        redis_replicas_read_stream(reply->str, stream);
        if (*stream && strlen(stream) != REDIS_STREAM_ID_SIZE)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        redisReply *reply = NULL;
        RedisReader *reader;

        if (redis_reader_new(&reader) < 0)
                return 0;
        if (redis_reader_feed(reader, (const char *)data, size) == 0)
                while (redis_reader_next(reader, REPLY_MAX, &reply) == 0 && reply) {
                        check(reply);
                        freeReplyObject(reply);
                }
        redis_reader_free(reader);
        return 0;
}
