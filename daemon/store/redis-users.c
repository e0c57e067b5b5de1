/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "daemon/store/redis-keys.h"
#include "daemon/store/redis-request.h"
#include "daemon/store/redis-users.h"
#include "daemon/store/store-scan.h"

#define LIST_REPLY_MAX ((size_t)STORE_LIST_MAX * 384)
#define LIST_LAST      "99999" /* STORE_LIST_MAX - 1 */
#define SCAN_COUNT     "1000"
/* A table that shrinks meanwhile makes one step return several times as much. */
#define SCAN_REPLY_MAX ((size_t)4 * 1024 * 1024)

_Static_assert(STORE_LIST_MAX == 100000, "LIST_LAST says something else");
_Static_assert(STORE_PAGE_MAX == 1000, "SCAN_COUNT says something else");

static void on_list(int r, const redisReply *reply, void *userdata) {
        _cleanup_(freep) char **users = NULL;
        RedisRequest *request = userdata;
        StoreResult result = { 0 };

        if (r == 0 && reply->type != REDIS_REPLY_ARRAY)
                r = redis_request_refused(request, reply);
        if (r == 0) {
                users = calloc(reply->elements + 1, sizeof(*users));
                r = users ? 0 : -ENOMEM;
        }
        for (size_t i = 0; r == 0 && i < reply->elements; i++) {
                const redisReply *user = reply->element[i];

                /* The list is a hint; what no user can be called leads nowhere. */
                if (user->type == REDIS_REPLY_STRING && text_is_user_name(user->str, user->len))
                        users[result.n_users++] = user->str;
        }
        result.users = users;
        redis_request_finish(request, r, &result);
}

int redis_users_list(UserStore *base, StoreCall *call, const char *tenant) {
        RedisStore *store = (RedisStore *)base;
        _cleanup_(freep) char *key = redis_key_users(store->prefix, tenant);
        const char *argv[] = { "ZRANGE", key, "0", LIST_LAST };
        RedisCommand command = {
                .argc = ARRAY_SIZE(argv), .argv = argv, .reply_max = LIST_REPLY_MAX, .done = on_list
        };
        RedisRequest *request;
        int r;

        r = key ? redis_request_new(store, STORE_CALL_LIST, tenant, "", &request) : -ENOMEM;
        return r < 0 ? r : redis_request_start(request, call, &command);
}

/* @pattern: without its last character what every key of a user begins with. */
static const char *user_of_key(const redisReply *key, const char *pattern) {
        size_t size = strlen(pattern) - 1;

        if (key->type != REDIS_REPLY_STRING || key->len <= size ||
                memcmp(key->str, pattern, size) != 0)
                return NULL;
        return text_is_user_name(key->str + size, key->len - size) ? key->str + size : NULL;
}

static bool is_page(const redisReply *reply) {
        return reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
               reply->element[0]->type == REDIS_REPLY_STRING &&
               reply->element[1]->type == REDIS_REPLY_ARRAY;
}

static void on_scan(int r, const redisReply *reply, void *userdata) {
        _cleanup_(freep) char **users = NULL;
        RedisRequest *request = userdata;
        StoreResult result = { 0 };
        const redisReply *keys;

        if (r == 0 && !is_page(reply))
                r = redis_request_refused(request, reply);
        if (r == 0) {
                users = calloc(reply->element[1]->elements + 1, sizeof(*users));
                r = users ? 0 : -ENOMEM;
        }
        keys = r == 0 ? reply->element[1] : NULL;
        for (size_t i = 0; keys && i < keys->elements; i++) {
                const char *user = user_of_key(keys->element[i], request->user);

                if (user)
                        users[result.n_users++] = (char *)user;
        }
        result.users = users;
        if (r == 0 && strcmp(reply->element[0]->str, "0") != 0)
                result.next = reply->element[0]->str;
        redis_request_finish(request, r, &result);
}

/* SCAN promises that what is there from the first step to the last is returned; a commit, which deletes a
 * key and makes it again in one step, does not change that. */
int redis_users_scan(UserStore *base, StoreCall *call, const char *tenant, const char *from) {
        RedisStore *store = (RedisStore *)base;
        _cleanup_(freep) char *pattern = redis_key_user(store->prefix, tenant, "*");
        const char *argv[] = { "SCAN", from ? from : "0", "MATCH", pattern, "COUNT", SCAN_COUNT };
        RedisCommand command = {
                .argc = ARRAY_SIZE(argv), .argv = argv, .reply_max = SCAN_REPLY_MAX, .done = on_scan
        };
        RedisRequest *request;
        int r;

        r = pattern ? redis_request_new(store, STORE_CALL_SCAN, tenant, pattern, &request)
                    : -ENOMEM;
        return r < 0 ? r : redis_request_start(request, call, &command);
}
