/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "daemon/store/failure-table.h"
#include "daemon/store/redis-failures.h"
#include "daemon/store/redis-keys.h"
#include "daemon/store/redis-request.h"

#define REPLY_MAX 4096u
/* How long a lock-out is believed without asking: it answers a flood, and an end by hand is heard soon. */
#define BELIEF_SEC 5u

/* KEYS: counter, number of counters. ARGV: failures that lock out, window and lock-out in ms.
 * Answers how long the place is locked out in ms, 0: it is not, and whether this failure did it. */
static const char script[] = "local max = tonumber(ARGV[1])\n"
                             "local n = tonumber(redis.call('GET', KEYS[1]) or '0')\n"
                             "if n >= max then return {redis.call('PTTL', KEYS[1]), 0} end\n"
                             "if n == 0 then\n"
                             "  local counters = tonumber(redis.call('GET', KEYS[2]) or '0')\n"
                             "  if counters >= " REDIS_FAILURES_MAX " then return {0, 0} end\n"
                             "  redis.call('INCR', KEYS[2])\n"
                             "  if counters == 0 then redis.call('PEXPIRE', KEYS[2], ARGV[2]) end\n"
                             "end\n"
                             "n = redis.call('INCR', KEYS[1])\n"
                             "if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end\n"
                             "if n < max then return {0, 0} end\n"
                             "redis.call('PEXPIRE', KEYS[1], ARGV[3])\n"
                             "return {tonumber(ARGV[3]), 1}\n";

static void finish(RedisRequest *request, int r, FailureAnswer answer) {
        const FailureKey key = { request->tenant, request->user, request->place };
        StoreResult result = { .failure = answer };

        if (r == 0 && answer.is_locked)
                failure_table_lock(request->store->base.failures, &key, request->believe_until_sec);
        redis_request_finish(request, r, &result);
}

static void on_asked(int r, const redisReply *reply, void *userdata) {
        RedisRequest *request = userdata;
        FailureAnswer answer = { 0 };
        uint64_t n_failures = 0;

        if (r == 0 && reply->type == REDIS_REPLY_STRING &&
                text_parse_u64(reply->str, INT64_MAX, &n_failures) == 0)
                answer.is_locked = n_failures >= request->failures_max;
        else if (r == 0 && reply->type != REDIS_REPLY_NIL)
                r = redis_request_refused(request, reply);
        finish(request, r, answer);
}

static void on_noted(int r, const redisReply *reply, void *userdata) {
        RedisRequest *request = userdata;
        FailureAnswer answer = { 0 };

        if (r == 0 && (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2))
                r = redis_request_refused(request, reply);
        if (r == 0) {
                /* A counter that was there without an end says -1: somebody else's, and locked all the same. */
                answer.is_locked = reply->element[0]->integer != 0;
                answer.locked_now = reply->element[1]->integer == 1;
        }
        finish(request, r, answer);
}

static int request_new(
        RedisStore *store, const FailureQuestion *question, RedisRequest **ret_request) {
        _cleanup_(redis_request_freep) RedisRequest *request = NULL;
        int r;

        r = redis_request_new(
                store, STORE_CALL_FAILURE, question->key.tenant, question->key.user, &request);
        if (r < 0)
                return r;
        request->place = strdup(question->key.place);
        if (!request->place)
                return -ENOMEM;
        request->believe_until_sec =
                question->now_sec + (question->rules.lock_out_sec < BELIEF_SEC
                                                    ? question->rules.lock_out_sec
                                                    : BELIEF_SEC);
        request->failures_max = question->rules.max;
        *ret_request = TAKE_PTR(request);
        return 0;
}

int redis_failures_ask(UserStore *base, StoreCall *call, const FailureQuestion *question) {
        RedisStore *store = (RedisStore *)base;
        _cleanup_(freep) char *key = redis_key_failures(store->prefix, &question->key);
        const char *argv[] = { "GET", key };
        RedisCommand command = {
                .argc = ARRAY_SIZE(argv), .argv = argv, .reply_max = REPLY_MAX, .done = on_asked
        };
        RedisRequest *request;
        int r;

        r = key ? request_new(store, question, &request) : -ENOMEM;
        return r < 0 ? r : redis_request_start(request, call, &command);
}

static void format_msec(uint64_t sec, char text[24]) {
        snprintf(text, 24, "%" PRIu64, sec * 1000);
}

int redis_failures_note(UserStore *base, StoreCall *call, const FailureQuestion *question) {
        RedisStore *store = (RedisStore *)base;
        _cleanup_(freep) char *key = redis_key_failures(store->prefix, &question->key);
        _cleanup_(freep) char *counters = redis_key_counters(store->prefix, question->key.tenant);
        char max[24], window[24], lock_out[24];
        const char *argv[] = { "EVAL", script, "2", key, counters, max, window, lock_out };
        RedisCommand command = {
                .argc = ARRAY_SIZE(argv), .argv = argv, .reply_max = REPLY_MAX, .done = on_noted
        };
        RedisRequest *request;
        int r;

        snprintf(max, sizeof(max), "%u", question->rules.max);
        format_msec(question->rules.window_sec, window);
        format_msec(question->rules.lock_out_sec, lock_out);
        r = key && counters ? request_new(store, question, &request) : -ENOMEM;
        return r < 0 ? r : redis_request_start(request, call, &command);
}
