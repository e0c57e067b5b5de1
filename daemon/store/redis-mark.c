/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>

#include "daemon/store/redis-keys.h"
#include "daemon/store/redis-mark.h"
#include "daemon/store/redis-settle.h"

#define REPLY_MAX 4096u

/* Answers with whether it was as expected, and with what is stored now. */
static const char script[] = "local stored = redis.call('GET', KEYS[1]) or ''\n"
                             "if stored ~= ARGV[1] then return { 0, stored } end\n"
                             "if ARGV[2] == '' then redis.call('DEL', KEYS[1])\n"
                             "else redis.call('SET', KEYS[1], ARGV[2]) end\n"
                             "return { 1, ARGV[2] }";

static bool is_text(const redisReply *reply) {
        return reply->type == REDIS_REPLY_STRING && strlen(reply->str) == reply->len;
}

static bool is_answer(const redisReply *reply) {
        return reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
               reply->element[0]->type == REDIS_REPLY_INTEGER && is_text(reply->element[1]);
}

static void on_mark(int r, const redisReply *reply, void *userdata) {
        RedisRequest *request = userdata;
        StoreResult result = { 0 };

        if (r == 0 && is_text(reply)) {
                result.mark = reply->str;
        } else if (r == 0 && is_answer(reply)) {
                result.mark = *reply->element[1]->str ? reply->element[1]->str : NULL;
                r = reply->element[0]->integer ? 0 : STORE_E_CONFLICT;
        } else if (r == 0 && reply->type != REDIS_REPLY_NIL) {
                r = redis_request_refused(request, reply);
        }
        redis_settle_finish(request, r, &result);
}

int redis_mark_change(UserStore *base, StoreCall *call, const StoreMarkChange *change) {
        RedisStore *store = (RedisStore *)base;
        _cleanup_(freep) char *key =
                redis_key_mark(store->prefix, change->mark.tenant, change->mark.name);
        const char *read[] = { "GET", key };
        const char *swap[] = { "EVAL", script, "1", key, change->expected, change->value };
        RedisCommand command = {
                .argc = change->expected ? ARRAY_SIZE(swap) : ARRAY_SIZE(read),
                .argv = change->expected ? swap : read,
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
        return redis_request_start(request, call, &command);
}
