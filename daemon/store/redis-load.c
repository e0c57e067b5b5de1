/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/session/state-codes.h"
#include "daemon/session/user-state.h"
#include "daemon/store/redis-keys.h"
#include "daemon/store/redis-load.h"

/* KEYS: the user's hash. ARGV: the request's proof. Answers with the proof and the hash, or with nil instead of a hash
 * that is larger than any that we write. */
static const char careful_script[] =
        "local key, size = KEYS[1], 0\n"
        "if redis.call('HLEN', key) > 1024 then return { ARGV[1], false } end\n"
        "local all = redis.call('HGETALL', key)\n"
        "for _, text in ipairs(all) do size = size + #text end\n"
        "if size > 2097152 then return { ARGV[1], false } end\n"
        "return { ARGV[1], all }\n";

_Static_assert(STATE_FIELDS_SIZE_MAX == 2097152, "the script says something else");
_Static_assert(USER_STATE_SESSIONS_MAX + USER_STATE_ENDED_MAX + STATE_CODES_MAX + 4 <= 1024,
        "the script says something else");

static bool is_text(const redisReply *reply) {
        return reply->type == REDIS_REPLY_STRING && strlen(reply->str) == reply->len;
}

/* Names and values are borrowed from the reply. */
int redis_load_decode(RedisRequest *request, const redisReply *reply, UserState **ret_state) {
        _cleanup_(freep) StateField *items = NULL;
        StateFields fields = { .n_items = reply->elements / 2 };
        int r;

        if (reply->type != REDIS_REPLY_ARRAY || reply->elements % 2 != 0)
                return redis_request_corrupt(request);
        items = calloc(fields.n_items + 1, sizeof(*items));
        if (!items)
                return -ENOMEM;
        fields.items = items;
        for (size_t i = 0; i < fields.n_items; i++) {
                if (!is_text(reply->element[2 * i]) || !is_text(reply->element[2 * i + 1]))
                        return redis_request_corrupt(request);
                items[i].name = reply->element[2 * i]->str;
                items[i].value = reply->element[2 * i + 1]->str;
        }
        r = state_fields_decode(request->tenant, request->user, &fields, ret_state);
        return r == USER_STATE_E_CORRUPT ? redis_request_corrupt(request) : r;
}

static void doubt_if_late(const RedisRequest *request) {
        RedisStore *store = request->store;

        if (!redis_watch_is_fresh(store->watch, request->user, request->mark))
                state_cache_doubt(store->base.cache, request->tenant, request->user);
}

void redis_load_keep(const RedisRequest *request, UserState *state) {
        state_cache_put(request->store->base.cache, state);
        doubt_if_late(request);
}

void redis_load_keep_own(const RedisRequest *request, UserState *state) {
        state_cache_offer(request->store->base.cache, state);
        doubt_if_late(request);
}

/* Return: the index of @key; REDIS_OUTSIZED_MAX: it is not there. */
static size_t find(const RedisStore *store, const char *key) {
        size_t i = 0;

        while (i < REDIS_OUTSIZED_MAX && (!store->outsized[i] || strcmp(store->outsized[i], key)))
                i++;
        return i;
}

bool redis_load_is_outsized(const RedisStore *store, const char *tenant, const char *user) {
        _cleanup_(freep) char *key = NULL;
        bool none = true;

        for (size_t i = 0; i < REDIS_OUTSIZED_MAX; i++)
                none = none && !store->outsized[i];
        if (none)
                return false;
        key = redis_key_user(store->prefix, tenant, user);
        /* Without memory no answer could be read either. */
        return !key || find(store, key) < REDIS_OUTSIZED_MAX;
}

void redis_load_note_outsized(RedisRequest *request) {
        RedisStore *store = request->store;
        _cleanup_(freep) char *key = redis_key_user(store->prefix, request->tenant, request->user);

        store_notices_tell(&store->notices, &store->base, STORE_FAILURE_CORRUPT,
                "%s: the record of user %s is larger than any that we write", store->address.text,
                request->user);
        if (!key || find(store, key) < REDIS_OUTSIZED_MAX)
                return;
        free(store->outsized[store->next_outsized]);
        store->outsized[store->next_outsized] = TAKE_PTR(key);
        store->next_outsized = (store->next_outsized + 1) % REDIS_OUTSIZED_MAX;
}

void redis_load_forget_outsized(RedisStore *store) {
        for (size_t i = 0; i < REDIS_OUTSIZED_MAX; i++)
                free(store->outsized[i]);
}

static void finish(RedisRequest *request, int r, StoreResult *result) {
        if (r == 0)
                redis_load_keep(request, user_state_ref(result->state));
        redis_request_finish(request, r, result);
}

/* The record is readable again. */
static void forget_outsized(RedisRequest *request) {
        RedisStore *store = request->store;
        _cleanup_(freep) char *key = redis_key_user(store->prefix, request->tenant, request->user);
        size_t i = key ? find(store, key) : REDIS_OUTSIZED_MAX;

        if (i == REDIS_OUTSIZED_MAX)
                return;
        free(store->outsized[i]);
        store->outsized[i] = NULL;
}

static void on_careful_load(int r, const redisReply *reply, void *userdata) {
        RedisRequest *request = userdata;
        StoreResult result = { 0 };

        if (r == STORE_E_CORRUPT)
                redis_load_note_outsized(request);
        if (r == 0)
                r = redis_request_check(request, reply, 2);
        if (r == 0 && reply->element[1]->type == REDIS_REPLY_NIL) {
                redis_load_note_outsized(request);
                r = STORE_E_CORRUPT;
        } else if (r == 0) {
                forget_outsized(request);
                r = redis_load_decode(request, reply->element[1], &result.state);
        }
        finish(request, r, &result);
}

static int load_carefully(RedisRequest *request, const char *key) {
        const char *argv[] = { "EVAL", careful_script, "1", key, redis_request_proof(request) };
        const RedisCommand command = {
                .argc = ARRAY_SIZE(argv),
                .argv = argv,
                .reply_max = REDIS_LOAD_REPLY_MAX,
                .done = on_careful_load,
                .userdata = request,
        };

        return redis_connection_send(request->store->connection, &command);
}

/* A state names its user, but "no record" names nobody, and may be another command's answer. It would end logins
 * and hide sessions from an order to end them. So ask again by a script whose answer proves what it belongs to. */
static int ask_again(RedisRequest *request) {
        RedisStore *store = request->store;
        _cleanup_(freep) char *key = redis_key_user(store->prefix, request->tenant, request->user);

        return key ? load_carefully(request, key) : -ENOMEM;
}

static void on_load(int r, const redisReply *reply, void *userdata) {
        RedisRequest *request = userdata;
        StoreResult result = { 0 };

        if (r == STORE_E_CORRUPT)
                redis_load_note_outsized(request);
        if (r == 0 && reply->type != REDIS_REPLY_ARRAY) {
                r = redis_request_refused(request, reply);
        } else if (r == 0 && reply->elements == 0) {
                r = ask_again(request);
                if (r == 0)
                        return;
        } else if (r == 0) {
                r = redis_load_decode(request, reply, &result.state);
        }
        finish(request, r, &result);
}

int redis_load_start(UserStore *base, StoreCall *call, const char *tenant, const char *user) {
        RedisStore *store = (RedisStore *)base;
        _cleanup_(freep) char *key = redis_key_user(store->prefix, tenant, user);
        const char *argv[] = { "HGETALL", key };
        RedisCommand command = {
                .argc = ARRAY_SIZE(argv),
                .argv = argv,
                .reply_max = REDIS_LOAD_REPLY_MAX,
                .done = on_load,
        };
        RedisRequest *request;
        int r;

        r = key ? redis_request_new(store, STORE_CALL_LOAD, tenant, user, &request) : -ENOMEM;
        if (r < 0)
                return r;
        if (redis_load_is_outsized(store, tenant, user))
                return redis_request_started(request, call, load_carefully(request, key));
        return redis_request_start(request, call, &command);
}
