/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "daemon/store/failure-table.h"
#include "daemon/store/redis-failures.h"
#include "daemon/store/redis-keys.h"
#include "daemon/store/redis-lock-outs.h"
#include "daemon/store/redis-request.h"

#define REPLY_MAX 4096u
/* How long a lock-out is believed without asking: long enough to answer a flood, short enough to notice an end that
 * nobody announces. */
#define BELIEF_SEC 5u

/* Longer than any login takes. */
#define RESERVED_MSEC "60000"

#define LOOK_AT "9" /* and one more */

/* KEYS: counter, number of counters, attempts under way, list of lock-outs. ARGV: failures that lock out, window and
 * lock-out in ms, step, proof, the place's name on the list. Answers with the proof, how long the place is locked out
 * in ms, 0: it is not, and whether this failure did it, or nothing could be reserved.
 *
 * The list expires with its last lock-out. For a list that never gets empty, each new lock-out checks some random
 * others and removes those that are over, as Redis does with keys. */
static const char script[] =
        "local max = tonumber(ARGV[1])\n"
        "local n = tonumber(redis.call('GET', KEYS[1]) or '0')\n"
        "local under_way = tonumber(redis.call('GET', KEYS[3]) or '0')\n"
        "if ARGV[4] == 'reserve' then\n"
        "  if n >= max then return {ARGV[5], math.max(redis.call('PTTL', KEYS[1]), 1), 0} end\n"
        "  if n + under_way >= max then return {ARGV[5], 0, 1} end\n"
        "  redis.call('INCR', KEYS[3])\n"
        "  redis.call('PEXPIRE', KEYS[3], " RESERVED_MSEC ")\n"
        "  return {ARGV[5], 0, 0}\n"
        "end\n"
        "if ARGV[4] ~= 'count' and under_way > 0 then\n"
        "  if redis.call('DECR', KEYS[3]) == 0 then redis.call('DEL', KEYS[3]) end\n"
        "end\n"
        "if ARGV[4] == 'release' then return {ARGV[5], 0, 0} end\n"
        "if n >= max then return {ARGV[5], math.max(redis.call('PTTL', KEYS[1]), 1), 0} end\n"
        "if n == 0 then\n"
        "  local counters = tonumber(redis.call('GET', KEYS[2]) or '0')\n"
        "  if counters >= " REDIS_FAILURES_MAX " then return {ARGV[5], 0, 0} end\n"
        "  redis.call('INCR', KEYS[2])\n"
        "  if counters == 0 then redis.call('PEXPIRE', KEYS[2], ARGV[2]) end\n"
        "end\n"
        "n = redis.call('INCR', KEYS[1])\n"
        "if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end\n"
        "if n < max then return {ARGV[5], 0, 0} end\n"
        "redis.call('PEXPIRE', KEYS[1], ARGV[3])\n"
        "local listed = redis.call('ZCARD', KEYS[4])\n"
        "if listed < " REDIS_FAILURES_MAX " then redis.call('ZADD', KEYS[4], 0, ARGV[6]) end\n"
        "if redis.call('PTTL', KEYS[4]) < tonumber(ARGV[3]) then\n"
        "  redis.call('PEXPIRE', KEYS[4], ARGV[3])\n"
        "end\n"
        "local counter = string.sub(KEYS[1], 1, -1 - #ARGV[6])\n"
        "local first = redis.call('TIME')[2] % math.max(listed - " LOOK_AT ", 1)\n"
        "for _, name in ipairs(redis.call('ZRANGE', KEYS[4], first, first + " LOOK_AT ")) do\n"
        "  if redis.call('EXISTS', counter .. name) == 0 then redis.call('ZREM', KEYS[4], name) "
        "end\n"
        "end\n"
        "return {ARGV[5], tonumber(ARGV[3]), 1}\n";

#define PROOF_AT 11 /* among the words of its command */

/* A lock-out whose end was announced since the question was sent is not believed: ask again. */
static bool is_believed(const RedisRequest *request) {
        const RedisStore *store = request->store;

        return !redis_watch_is_on(store->watch) ||
               redis_watch_is_fresh(store->watch, request->user, request->mark);
}

static void finish(RedisRequest *request, int r, FailureAnswer answer) {
        const FailureKey key = { request->tenant, request->user, request->place };
        StoreResult result = { .failure = answer };

        if (r == 0 && answer.is_locked && is_believed(request))
                failure_table_lock(request->store->base.failures, &key, request->believe_until_sec);
        redis_request_finish(request, r, &result);
}

static void on_asked(int r, const redisReply *reply, void *userdata) {
        RedisRequest *request = userdata;
        FailureAnswer answer = { 0 };
        uint64_t n_failures = 0;

        if (r == 0 && reply->type == REDIS_REPLY_STRING &&
                text_parse_u64(reply->str, INT64_MAX, &n_failures) != 0)
                r = redis_request_corrupt(request);
        else if (r == 0 && reply->type == REDIS_REPLY_STRING)
                answer.is_locked = n_failures >= request->failures_max;
        else if (r == 0 && reply->type != REDIS_REPLY_NIL)
                r = redis_request_refused(request, reply);
        finish(request, r, answer);
}

static void on_noted(int r, const redisReply *reply, void *userdata) {
        RedisRequest *request = userdata;
        FailureAnswer answer = { 0 };

        if (r == 0)
                r = redis_request_check(request, reply, 3);
        if (r == 0) {
                answer.is_locked = reply->element[1]->integer != 0;
                answer.locked_now = answer.is_locked && reply->element[2]->integer == 1;
                answer.is_full = !answer.is_locked && reply->element[2]->integer == 1;
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

static const char *name_of(FailureStep step) {
        switch (step) {
        case FAILURE_COUNT:
                return "count";
        case FAILURE_RESERVE:
                return "reserve";
        case FAILURE_COUNT_RESERVED:
                return "count-reserved";
        case FAILURE_RELEASE:
                break;
        }
        return "release";
}

int redis_failures_note(UserStore *base, StoreCall *call, const FailureQuestion *question) {
        RedisStore *store = (RedisStore *)base;
        _cleanup_(freep) char *key = redis_key_failures(store->prefix, &question->key);
        _cleanup_(freep) char *counters = redis_key_counters(store->prefix, question->key.tenant);
        _cleanup_(freep) char *attempts = redis_key_attempts(store->prefix, &question->key);
        _cleanup_(freep) char *lock_outs = redis_key_lock_outs(store->prefix, question->key.tenant);
        _cleanup_(freep) char *name = redis_lock_out_name(&question->key);
        char max[24], window[24], lock_out[24];
        const char *argv[] = { "EVAL", script, "4", key, counters, attempts, lock_outs, max, window,
                lock_out, name_of(question->step), NULL, name };
        RedisCommand command = {
                .argc = ARRAY_SIZE(argv), .argv = argv, .reply_max = REPLY_MAX, .done = on_noted
        };
        RedisRequest *request;
        int r;

        snprintf(max, sizeof(max), "%u", question->rules.max);
        format_msec(question->rules.window_sec, window);
        format_msec(question->rules.lock_out_sec, lock_out);
        r = key && counters && attempts && lock_outs && name
                    ? request_new(store, question, &request)
                    : -ENOMEM;
        if (r < 0)
                return r;
        argv[PROOF_AT] = redis_request_proof(request);
        return redis_request_start(request, call, &command);
}
