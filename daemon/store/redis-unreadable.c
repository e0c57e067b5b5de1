/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/session/state-fields.h"
#include "daemon/session/user-state.h"
#include "daemon/store/redis-keys.h"
#include "daemon/store/redis-load.h"
#include "daemon/store/redis-unreadable.h"

#define BAN_SIZE_MAX "65536"

/* KEYS: the user's key. ARGV: the request's proof. Answers with the proof, a description of the value, all fields
 * unless they are none or too many, and if they are too many the ban; of a ban larger than ours only that it is
 * there. */
static const char examine_script[] = REDIS_UNREADABLE_LOOK
        "local what, all = look(KEYS[1])\n"
        "local ban = false\n"
        "if what == 'outsized' then ban = redis.call('HGET', KEYS[1], 'ban') end\n"
        "if ban and #ban > " BAN_SIZE_MAX " then ban = '' end\n"
        "return { ARGV[1], what, all or false, ban }\n";

_Static_assert(STATE_FIELDS_SIZE_MAX == 2097152, "the script says something else");
_Static_assert(USER_STATE_SESSIONS_MAX + USER_STATE_ENDED_MAX + STATE_CODES_MAX + 4 <= 1024,
        "the script says something else");

static int add_field(StateFields *fields, const redisReply *name, const redisReply *value) {
        /* We never write such a value, so it proves nothing. In particular it does not prove
         * that the user is not banned. */
        size_t size = strlen(value->str) == value->len ? value->len : 0;

        return state_fields_add(fields, name->str, value->str, size);
}

static bool is_text(const redisReply *reply) {
        return reply->type == REDIS_REPLY_STRING;
}

/* @all: the answer's third element; @ban: its fourth. */
static int salvage(RedisRequest *request, const redisReply *all, const redisReply *ban,
        UserState **ret_remains) {
        static char ban_name[] = STATE_FIELD_BAN;
        redisReply name = { .type = REDIS_REPLY_STRING, .str = ban_name };
        _cleanup_(state_fields_clear) StateFields fields = { 0 };
        int r = 0;

        for (size_t i = 0; r == 0 && all && i + 1 < all->elements; i += 2)
                if (is_text(all->element[i]) && is_text(all->element[i + 1]))
                        r = add_field(&fields, all->element[i], all->element[i + 1]);
        if (r == 0 && ban && is_text(ban))
                r = add_field(&fields, &name, ban);
        if (r)
                return r;
        return state_fields_salvage(
                request->tenant, request->user, all || ban ? &fields : NULL, ret_remains);
}

/* Return: STORE_E_CORRUPT, which is reported; 0 it is a state after all; -ENOMEM. */
static int read_answer(RedisRequest *request, const redisReply *reply, StoreResult *result) {
        const redisReply *what = reply->element[1], *all = reply->element[2];
        bool outsized, has_fields = all->type == REDIS_REPLY_ARRAY;
        int r, salvaged;

        if (!is_text(what))
                return redis_request_refused(request, reply);
        outsized = strcmp(what->str, "outsized") == 0;
        if (has_fields)
                r = redis_load_decode(request, all, &result->state);
        else if (!outsized)
                r = redis_request_corrupt(request);
        else
                r = STORE_E_CORRUPT;
        if (outsized)
                redis_load_note_outsized(request);
        if (r != STORE_E_CORRUPT)
                return r;
        salvaged = salvage(request, has_fields ? all : NULL, outsized ? reply->element[3] : NULL,
                &result->state);
        if (salvaged)
                return salvaged;
        result->unreadable = what->str;
        return r;
}

static void on_examined(int r, const redisReply *reply, void *userdata) {
        RedisRequest *request = userdata;
        StoreResult result = { 0 };

        if (r == 0)
                r = redis_request_check(request, reply, 4);
        if (r == 0)
                r = read_answer(request, reply, &result);
        if (r == 0)
                redis_load_keep(request, user_state_ref(result.state));
        redis_request_finish(request, r, &result);
}

int redis_unreadable_examine(
        UserStore *base, StoreCall *call, const char *tenant, const char *user) {
        RedisStore *store = (RedisStore *)base;
        _cleanup_(freep) char *key = redis_key_user(store->prefix, tenant, user);
        const char *argv[] = { "EVAL", examine_script, "1", key, NULL };
        RedisCommand command = { .argc = ARRAY_SIZE(argv),
                .argv = argv,
                .reply_max = REDIS_LOAD_REPLY_MAX,
                .done = on_examined };
        RedisRequest *request;
        int r;

        r = key ? redis_request_new(store, STORE_CALL_EXAMINE, tenant, user, &request) : -ENOMEM;
        if (r < 0)
                return r;
        argv[4] = redis_request_proof(request);
        return redis_request_start(request, call, &command);
}
