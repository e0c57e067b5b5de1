/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "daemon/store/redis-keys.h"
#include "daemon/store/redis-lock-outs.h"
#include "daemon/store/redis-request.h"

#define PAGE           "1000"
#define PAGE_SIZE      1000u
#define PAGES_MAX      64u /* more than the list has room for */
#define LIST_REPLY_MAX ((size_t)PAGE_SIZE * 1024)
#define LIFT_REPLY_MAX 4096u

#define BEHIND_USER ";" /* the character after the ':' that ends a user's name */
#define TOLD_MSEC   "1000"

/* KEYS: the list. ARGV: proof, the beginning of the keys of counters, failures that lock out, the range's begin
 * and end. Answers with the proof, the last name of the page ('' if it is the last page), and for each place that
 * is locked out its name and the remaining time in ms. */
static const char list_script[] =
        "local max, rows, last = tonumber(ARGV[3]), {}, ''\n"
        "local names = redis.call('ZRANGE', KEYS[1], ARGV[4], ARGV[5], 'BYLEX', 'LIMIT', 0, " PAGE
        ")\n"
        "if #names == " PAGE " then last = names[#names] end\n"
        "for _, name in ipairs(names) do\n"
        "  local n = redis.call('GET', ARGV[2] .. name)\n"
        "  if not n then redis.call('ZREM', KEYS[1], name)\n"
        "  elseif max > 0 and (tonumber(n) or 0) >= max then\n"
        "    rows[#rows + 1] = name\n"
        "    rows[#rows + 1] = redis.call('PTTL', ARGV[2] .. name)\n"
        "  end\n"
        "end\n"
        "return {ARGV[1], last, rows}\n";

/* KEYS: the list, the key that tells the hosts. ARGV: as above, and one name, or ''. Answers with the proof, how many of
 * the places were locked out, and how many places there were. The script deletes before it writes anything else: that is
 * never refused for lack of memory. */
static const char lift_script[] =
        "local max, lifted, names = tonumber(ARGV[3]), 0, {ARGV[6]}\n"
        "if ARGV[6] == '' then\n"
        "  names = redis.call('ZRANGE', KEYS[1], ARGV[4], ARGV[5], 'BYLEX', 'LIMIT', 0, " PAGE ")\n"
        "end\n"
        "for _, name in ipairs(names) do\n"
        "  local n = tonumber(redis.call('GET', ARGV[2] .. name) or '0') or 0\n"
        "  if max > 0 and n >= max then lifted = lifted + 1 end\n"
        "  redis.call('DEL', ARGV[2] .. name)\n"
        "  redis.call('ZREM', KEYS[1], name)\n"
        "end\n"
        "if #names > 0 then redis.call('SET', KEYS[2], '', 'PX', " TOLD_MSEC ") end\n"
        "return {ARGV[1], lifted, #names}\n";

void redis_lock_outs_forget(const char *user, void *userdata) {
        RedisStore *store = userdata;

        (void)failure_table_lift(
                store->base.failures, &(FailureQuestion){ .key = { store->tenant, user, "" } });
}

/* The arguments of both scripts; owned. */
typedef struct Words {
        char *list, *lifted, *counters, *from, *to, *name;
        char max[24];
} Words;

static void words_clear(Words *words) {
        free(words->list);
        free(words->lifted);
        free(words->counters);
        free(words->from);
        free(words->to);
        free(words->name);
}

char *redis_lock_out_name(const FailureKey *key) {
        char *name;

        return asprintf(&name, "%s:%s", key->user, key->place) < 0 ? NULL : name;
}

static char *join(const char *first, const char *second, const char *third) {
        char *text;

        return asprintf(&text, "%s%s%s", first, second, third) < 0 ? NULL : text;
}

static char *from_of(const RedisRequest *request) {
        if (request->value)
                return join("(", request->value, "");
        return *request->user ? join("[", request->user, ":") : join("-", "", "");
}

static int words_make(const RedisRequest *request, Words *words) {
        const char *prefix = request->store->prefix, *tenant = request->tenant;
        const FailureKey key = { tenant, request->user, request->place };

        words->list = redis_key_lock_outs(prefix, tenant);
        words->lifted = redis_key_lifted(prefix, tenant, request->user);
        words->counters = redis_key_failures_prefix(prefix, tenant);
        words->from = from_of(request);
        words->to = *request->user ? join("(", request->user, BEHIND_USER) : join("+", "", "");
        words->name = *request->place ? redis_lock_out_name(&key) : join("", "", "");
        snprintf(words->max, sizeof(words->max), "%u", request->failures_max);
        return words->list && words->lifted && words->counters && words->from && words->to &&
                               words->name
                       ? 0
                       : -ENOMEM;
}

static void on_list_page(int r, const redisReply *reply, void *userdata);
static void on_lift_page(int r, const redisReply *reply, void *userdata);

static int send_list(RedisRequest *request) {
        _cleanup_(words_clear) Words words = { 0 };
        int r = words_make(request, &words);
        const char *argv[] = { "EVAL", list_script, "1", words.list, redis_request_proof(request),
                words.counters, words.max, words.from, words.to };
        const RedisCommand command = { .argc = ARRAY_SIZE(argv),
                .argv = argv,
                .reply_max = LIST_REPLY_MAX,
                .done = on_list_page,
                .userdata = request };

        return r < 0 ? r : redis_connection_send(request->store->connection, &command);
}

static int send_lift(RedisRequest *request) {
        _cleanup_(words_clear) Words words = { 0 };
        int r = words_make(request, &words);
        const char *argv[] = { "EVAL", lift_script, "2", words.list, words.lifted,
                redis_request_proof(request), words.counters, words.max, words.from, words.to,
                words.name };
        const RedisCommand command = { .argc = ARRAY_SIZE(argv),
                .argv = argv,
                .reply_max = LIFT_REPLY_MAX,
                .done = on_lift_page,
                .userdata = request };

        return r < 0 ? r : redis_connection_send(request->store->connection, &command);
}

static bool is_list(const redisReply *reply) {
        const redisReply *last = reply->element[1], *rows = reply->element[2];

        if (last->type != REDIS_REPLY_STRING || rows->type != REDIS_REPLY_ARRAY ||
                rows->elements % 2 != 0)
                return false;
        for (size_t i = 0; i < rows->elements; i += 2)
                if (rows->element[i]->type != REDIS_REPLY_STRING ||
                        rows->element[i + 1]->type != REDIS_REPLY_INTEGER)
                        return false;
        return true;
}

static uint64_t until_sec(uint64_t now_sec, long long msec) {
        return msec < 0 ? UINT64_MAX : now_sec + ((uint64_t)msec + 999) / 1000;
}

/* An entry that cannot be a user and a place was put there by hand, and is ignored. */
static int take_place(RedisRequest *request, const redisReply *name, long long msec) {
        const char *place = memchr(name->str, ':', name->len);
        size_t user_size = place ? (size_t)(place - name->str) : 0;
        char user[USER_NAME_MAX + 1];

        if (!place || !text_is_user_name(name->str, user_size))
                return 0;
        place++;
        if (!*place || strlen(place) != name->len - user_size - 1 ||
                !text_is_utf8(place, strlen(place)) || text_has_control(place, strlen(place)))
                return 0;
        memcpy(user, name->str, user_size);
        user[user_size] = '\0';
        return lock_out_list_add(
                &request->call->lock_outs, user, place, until_sec(request->now_sec, msec));
}

static int take_page(RedisRequest *request, const redisReply *rows) {
        int r = 0;

        for (size_t i = 0; i < rows->elements && r == 0; i += 2)
                r = take_place(request, rows->element[i], rows->element[i + 1]->integer);
        return r;
}

/* Return: 1 if there is another page, which was requested. */
static int go_on(RedisRequest *request, const char *last) {
        char *value;
        int r;

        /* Names that are not in order could lead in circles. */
        if (!*last || (request->value && strcmp(request->value, last) >= 0) ||
                ++request->n_pages >= PAGES_MAX)
                return 0;
        value = strdup(last);
        if (!value)
                return -ENOMEM;
        free(request->value);
        request->value = value;
        r = send_list(request);
        return r == 0 ? 1 : r;
}

static void on_list_page(int r, const redisReply *reply, void *userdata) {
        RedisRequest *request = userdata;
        StoreResult result = { 0 };

        if (r == 0)
                r = redis_request_check(request, reply, 3);
        if (r == 0 && !is_list(reply))
                r = redis_request_refused(request, reply);
        if (r == 0 && request->call) {
                r = take_page(request, reply->element[2]);
                if (r == 0)
                        r = go_on(request, reply->element[1]->str);
                if (r == 1)
                        return;
        }
        redis_request_finish(request, r, &result);
}

static bool is_lifted(const redisReply *reply) {
        return reply->element[1]->type == REDIS_REPLY_INTEGER &&
               reply->element[2]->type == REDIS_REPLY_INTEGER;
}

static void on_lift_page(int r, const redisReply *reply, void *userdata) {
        RedisRequest *request = userdata;
        const FailureKey key = { request->tenant, request->user, request->place };
        StoreResult result = { 0 };
        bool is_last = true;

        if (r == 0)
                r = redis_request_check(request, reply, 3);
        if (r == 0 && !is_lifted(reply))
                r = redis_request_refused(request, reply);
        if (r == 0) {
                request->n_lifted += (unsigned int)reply->element[1]->integer;
                (void)failure_table_lift(
                        request->store->base.failures, &(FailureQuestion){ .key = key });
                is_last =
                        reply->element[2]->integer != PAGE_SIZE || ++request->n_pages >= PAGES_MAX;
        }
        if (r == 0 && !is_last) {
                r = send_lift(request);
                if (r == 0)
                        return;
        }
        result.failure.n_lifted = request->n_lifted;
        redis_request_finish(request, r, &result);
}

static int request_new(RedisStore *store, StoreCallType type, const FailureQuestion *question,
        RedisRequest **ret_request) {
        _cleanup_(redis_request_freep) RedisRequest *request = NULL;
        int r;

        r = redis_request_new(store, type, question->key.tenant, question->key.user, &request);
        if (r == 0)
                r = text_copy(question->key.place, &request->place);
        if (r < 0)
                return r;
        request->failures_max = question->rules.max;
        request->now_sec = question->now_sec;
        *ret_request = TAKE_PTR(request);
        return 0;
}

int redis_lock_outs_list(UserStore *base, StoreCall *call, const FailureQuestion *question) {
        RedisRequest *request;
        int r;

        r = request_new((RedisStore *)base, STORE_CALL_LOCK_OUTS, question, &request);
        return r < 0 ? r : redis_request_started(request, call, send_list(request));
}

int redis_lock_outs_lift(UserStore *base, StoreCall *call, const FailureQuestion *question) {
        RedisRequest *request;
        int r;

        r = request_new((RedisStore *)base, STORE_CALL_FAILURE, question, &request);
        return r < 0 ? r : redis_request_started(request, call, send_lift(request));
}
