/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "daemon/store/redis-keys.h"
#include "daemon/store/redis-request.h"
#include "daemon/store/redis-users.h"
#include "daemon/store/store-scan.h"

#define PAGE_REPLY_MAX ((size_t)STORE_PAGE_MAX * 384)
#define PAGE_COUNT     "1000"
#define PROOF_AT       4u
#define BEHIND_AT      5u

_Static_assert(STORE_PAGE_MAX == 1000, "PAGE_COUNT says something else");

/* ARGV: the request's proof, and the name after which the page begins. */
static const char script[] =
        "return { ARGV[1], redis.call('ZRANGE', KEYS[1], ARGV[2], '+', 'BYLEX', "
        "'LIMIT', '0', '" PAGE_COUNT "') }";

/* A page that is being read. It begins after the request's user; "": it is the first one. */
typedef struct PageReader {
        StoreResult result;
        bool has_end, in_order;
} PageReader;

/* Ignores entries that cannot be user names. */
static void read_name(PageReader *reader, const char *before, const redisReply *name) {
        /* A list with scores, as an older version kept it, would lead in circles. */
        if (name->type != REDIS_REPLY_STRING || strcmp(before, name->str) >= 0)
                reader->in_order = false;
        else if (strcmp(name->str, REDIS_USERS_END) == 0)
                reader->has_end = true;
        else if (text_is_user_name(name->str, name->len))
                reader->result.users[reader->result.n_users++] = name->str;
}

static void read_page(PageReader *reader, const char *from, const redisReply *reply) {
        StoreResult *result = &reader->result;
        const char *before = from;

        reader->in_order = true;
        for (size_t i = 0; reader->in_order && i < reply->elements; i++) {
                read_name(reader, before, reply->element[i]);
                before = reply->element[i]->str;
        }
        if (reader->in_order && reply->elements == STORE_PAGE_MAX)
                result->next = before;
        else
                result->lost = !reader->in_order || !reader->has_end;
}

static void tell_lost(RedisRequest *request) {
        RedisStore *store = request->store;

        store_notices_tell(&store->notices, &store->base, STORE_FAILURE_USERS, "%s: %s",
                store->address.text,
                "the list of users is lost: orders about all users miss those who are not on it "
                "(THE LIST OF USERS in authtokend(8))");
}

static void on_begun(int r, const redisReply *reply, void *userdata) {
        RedisRequest *request = userdata;
        StoreResult result = { 0 };

        if (r == 0)
                r = redis_request_check(request, reply, 2);
        result.lost = r == 0 && reply->element[1]->type != REDIS_REPLY_NIL;
        if (result.lost)
                tell_lost(request);
        redis_request_finish(request, r, &result);
}

/* The list is empty. That is correct only if the tenant never had a user. */
static int ask_whether_begun(RedisRequest *request) {
        RedisStore *store = request->store;
        _cleanup_(freep) char *key = redis_key_begun(store->prefix, request->tenant);

        return key ? redis_request_read(request, key, NULL, on_begun) : -ENOMEM;
}

static void on_page(int r, const redisReply *reply, void *userdata) {
        _cleanup_(freep) char **users = NULL;
        RedisRequest *request = userdata;
        PageReader reader = { 0 };

        if (r == 0)
                r = redis_request_check(request, reply, 2);
        if (r == 0 && reply->element[1]->type != REDIS_REPLY_ARRAY)
                r = redis_request_refused(request, reply);
        if (r == 0)
                reply = reply->element[1];
        if (r == 0 && reply->elements == 0 && !*request->user) {
                r = ask_whether_begun(request);
                if (r == 0)
                        return;
        }
        if (r == 0) {
                reader.result.users = users = calloc(reply->elements + 1, sizeof(*users));
                r = users ? 0 : -ENOMEM;
        }
        if (r == 0)
                read_page(&reader, request->user, reply);
        if (reader.result.lost)
                tell_lost(request);
        redis_request_finish(request, r, &reader.result);
}

int redis_users_scan(UserStore *base, StoreCall *call, const char *tenant, const char *from) {
        RedisStore *store = (RedisStore *)base;
        _cleanup_(freep) char *key = redis_key_users(store->prefix, tenant), *behind = NULL;
        const char *argv[] = { "EVAL", script, "1", key, NULL, "-" };
        RedisCommand command = {
                .argc = ARRAY_SIZE(argv), .argv = argv, .reply_max = PAGE_REPLY_MAX, .done = on_page
        };
        RedisRequest *request;
        int r;

        if (!key || (from && asprintf(&behind, "(%s", from) < 0)) {
                behind = NULL;
                return -ENOMEM;
        }
        if (behind)
                argv[BEHIND_AT] = behind;
        r = redis_request_new(store, STORE_CALL_SCAN, tenant, STRING_OR_EMPTY(from), &request);
        if (r < 0)
                return r;
        argv[PROOF_AT] = redis_request_proof(request);
        return redis_request_start(request, call, &command);
}
