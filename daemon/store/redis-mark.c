/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>

#include "daemon/store/redis-keys.h"
#include "daemon/store/redis-mark.h"
#include "daemon/store/redis-settle.h"

#define REPLY_MAX 4096u
#define PROOF_AT  4u

/* ARGV: the request's proof, and for a change the expected and the new text. Answers with the proof, whether the
 * stored text was the expected one, and the text that is stored now. */
static const char reading[] = "return { ARGV[1], 1, redis.call('GET', KEYS[1]) or '' }";
static const char script[] = "local stored = redis.call('GET', KEYS[1]) or ''\n"
                             "if stored ~= ARGV[2] then return { ARGV[1], 0, stored } end\n"
                             "if ARGV[3] == '' then redis.call('DEL', KEYS[1])\n"
                             "else redis.call('SET', KEYS[1], ARGV[3]) end\n"
                             "return { ARGV[1], 1, ARGV[3] }";

static bool is_text(const redisReply *reply) {
        return reply->type == REDIS_REPLY_STRING && strlen(reply->str) == reply->len;
}

static void on_mark(int r, const redisReply *reply, void *userdata) {
        RedisRequest *request = userdata;
        StoreResult result = { 0 };

        if (r == 0)
                r = redis_request_check(request, reply, 3);
        if (r == 0 && !is_text(reply->element[2])) {
                r = redis_request_corrupt(request);
        } else if (r == 0) {
                result.mark = *reply->element[2]->str ? reply->element[2]->str : NULL;
                r = reply->element[1]->integer ? 0 : STORE_E_CONFLICT;
        }
        redis_settle_finish(request, r, &result);
}

int redis_mark_change(UserStore *base, StoreCall *call, const StoreMarkChange *change) {
        RedisStore *store = (RedisStore *)base;
        _cleanup_(freep) char *key =
                redis_key_mark(store->prefix, change->mark.tenant, change->mark.name);
        const char *argv[] = { "EVAL", change->expected ? script : reading, "1", key, NULL,
                change->expected, change->value };
        RedisCommand command = {
                .argc = change->expected ? ARRAY_SIZE(argv) : ARRAY_SIZE(argv) - 2,
                .argv = argv,
                .reply_max = REPLY_MAX,
                .done = on_mark,
        };
        RedisRequest *request;
        int r;

        r = key ? redis_request_new(
                          store, STORE_CALL_MARK, change->mark.tenant, change->mark.name, &request)
                : -ENOMEM;
        if (r < 0)
                return r;
        request->settle = change->settle;
        argv[PROOF_AT] = redis_request_proof(request);
        return redis_request_start(request, call, &command);
}
