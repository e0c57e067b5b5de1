/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "common/text.h"
#include "daemon/session/state-fields.h"
#include "daemon/store/redis-address.h"
#include "daemon/store/redis-commit.h"
#include "daemon/store/redis-connection.h"
#include "daemon/store/redis-error.h"
#include "daemon/store/redis-handshake.h"
#include "daemon/store/redis-keys.h"
#include "daemon/store/redis-store.h"
#include "daemon/store/store-notices.h"
#include "daemon/store/store-object.h"

#define REPLY_MAX          (2 * STATE_FIELDS_SIZE_MAX)
#define LIST_REPLY_MAX     ((size_t)STORE_LIST_MAX * 384)
#define LIST_LAST          "99999" /* STORE_LIST_MAX - 1 */
#define CLOCK_SKEW_MAX_SEC 2

_Static_assert(STORE_LIST_MAX == 100000, "LIST_LAST says something else");

typedef struct RedisStore {
        UserStore base;
        char *prefix;
        RedisAddress address;
        RedisConnection *connection;
        RedisHandshake *handshake;
        char script_sha[REDIS_SCRIPT_SHA_SIZE + 1];
        StoreNotices notices;
        char told[STORE_MESSAGE_MAX]; /* what was said last about the missing connection */
} RedisStore;

/* One command of ours, from its start to its reply. */
typedef struct Request {
        RedisStore *store;
        StoreCallType type;
        StoreCall *call; /* NULL once nobody waits */
        char *tenant, *user;
        RedisCommit *commit;
        bool script_sent; /* the whole script went with the commit: it cannot be missing */
} Request;

static Request *request_free(Request *request) {
        if (!request)
                return NULL;
        redis_commit_free(request->commit);
        free(request->tenant);
        free(request->user);
        free(request);
        return NULL;
}
DEFINE_CLEANUP(Request, request_free)

static int request_new(RedisStore *store, StoreCallType type, const char *tenant, const char *user,
        Request **ret_request) {
        _cleanup_(request_freep) Request *request = calloc(1, sizeof(*request));

        if (!request)
                return -ENOMEM;
        request->store = store;
        request->type = type;
        request->tenant = strdup(tenant);
        request->user = strdup(user);
        if (!request->tenant || !request->user)
                return -ENOMEM;
        *ret_request = TAKE_PTR(request);
        return 0;
}

/* The last step of every request. */
static void finish(Request *request, int r, StoreResult *result) {
        store_count(&request->store->base, request->type, r);
        request->store->base.health.latency_usec =
                redis_connection_latency_usec(request->store->connection);
        store_call_finish(request->call, r, result);
        request_free(request);
}

/* Every error reply is a refused operation with its own line. */
static int refused(RedisStore *store, const redisReply *reply) {
        char code[REDIS_ERROR_CODE_MAX + 1];
        const char *explanation;
        StoreFailure failure;

        redis_error_code(reply, code);
        explanation = redis_error_explain(reply, &failure);
        store_notices_tell(&store->notices, &store->base, failure, "%s: %s: %s",
                store->address.text, code, explanation);
        /* Logged out: by a change of the server's users, or a restart behind a proxy. */
        if (failure == STORE_FAILURE_NOAUTH)
                redis_connection_refuse(store->connection, explanation);
        return failure == STORE_FAILURE_WRONGTYPE ? STORE_E_CORRUPT : STORE_E_REFUSED;
}

static int corrupt(Request *request) {
        store_notices_tell(&request->store->notices, &request->store->base, STORE_FAILURE_CORRUPT,
                "%s: the record of user %s cannot be understood", request->store->address.text,
                request->user);
        return STORE_E_CORRUPT;
}

static bool is_text(const redisReply *reply) {
        return reply->type == REDIS_REPLY_STRING && strlen(reply->str) == reply->len;
}

/* Names and values are borrowed from the reply. */
static int decode_state(Request *request, const redisReply *reply, UserState **ret_state) {
        _cleanup_(freep) StateField *items = NULL;
        StateFields fields = { .n_items = reply->elements / 2 };
        int r;

        if (reply->elements % 2 != 0)
                return corrupt(request);
        items = calloc(fields.n_items + 1, sizeof(*items));
        if (!items)
                return -ENOMEM;
        fields.items = items;
        for (size_t i = 0; i < fields.n_items; i++) {
                if (!is_text(reply->element[2 * i]) || !is_text(reply->element[2 * i + 1]))
                        return corrupt(request);
                items[i].name = reply->element[2 * i]->str;
                items[i].value = reply->element[2 * i + 1]->str;
        }
        r = state_fields_decode(request->tenant, request->user, &fields, ret_state);
        return r == USER_STATE_E_CORRUPT ? corrupt(request) : r;
}

static void on_load(int r, const redisReply *reply, void *userdata) {
        Request *request = userdata;
        StoreResult result = { 0 };

        if (r == 0)
                r = reply->type == REDIS_REPLY_ARRAY ? decode_state(request, reply, &result.state)
                                                     : refused(request->store, reply);
        finish(request, r, &result);
}

static void on_commit(int r, const redisReply *reply, void *userdata);

/* Whole only when the server has lost the script, or does not let us load any. */
static int send_commit(Request *request, bool whole) {
        RedisStore *store = request->store;
        RedisCommand command = { .argc = request->commit->argc,
                .argv = request->commit->argv,
                .reply_max = REPLY_MAX,
                .done = on_commit,
                .userdata = request };

        request->script_sent = whole || store->script_sha[0] == '\0';
        command.argv[0] = request->script_sent ? "EVAL" : "EVALSHA";
        command.argv[1] = request->script_sent ? redis_commit_script : store->script_sha;
        return redis_connection_send(store->connection, &command);
}

static void on_commit(int r, const redisReply *reply, void *userdata) {
        Request *request = userdata;

        /* A script that was not there has done nothing: once more, with the script itself. */
        if (r == 0 && redis_error_is(reply, "NOSCRIPT") && !request->script_sent) {
                r = send_commit(request, true);
                if (r == 0)
                        return;
        } else if (r == 0 && reply->type != REDIS_REPLY_INTEGER) {
                r = refused(request->store, reply);
        } else if (r == 0 && reply->integer != REDIS_COMMIT_DONE) {
                r = reply->integer == REDIS_COMMIT_CONFLICT ? STORE_E_CONFLICT
                                                            : refused(request->store, reply);
        }
        finish(request, r, NULL);
}

static void on_find(int r, const redisReply *reply, void *userdata) {
        Request *request = userdata;
        StoreResult result = { 0 };

        if (r == 0 && reply->type == REDIS_REPLY_NIL)
                r = STORE_E_NOT_FOUND;
        else if (r == 0 && reply->type != REDIS_REPLY_STRING)
                r = refused(request->store, reply);
        else if (r == 0 && !text_is_user_name(reply->str, reply->len))
                r = corrupt(request);
        if (r == 0)
                result.user = reply->str;
        finish(request, r, &result);
}

static void on_list(int r, const redisReply *reply, void *userdata) {
        _cleanup_(freep) char **users = NULL;
        Request *request = userdata;
        StoreResult result = { 0 };

        if (r == 0 && reply->type != REDIS_REPLY_ARRAY)
                r = refused(request->store, reply);
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
        finish(request, r, &result);
}

/* @r: what redis_connection_send() said. Without a connection the caller is told from the loop. */
static int started(Request *request, StoreCall *call, int r) {
        if (r == 0) {
                store_call_hold(call, &request->call);
                return 0;
        }
        if (r > 0)
                store_count(&request->store->base, request->type, r);
        request_free(request);
        return r < 0 ? r : store_call_defer(call, r, NULL);
}

static int start_read(Request *request, StoreCall *call, RedisCommand *command) {
        command->userdata = request;
        return started(request, call, redis_connection_send(request->store->connection, command));
}

static int redis_store_load(
        UserStore *base, StoreCall *call, const char *tenant, const char *user) {
        RedisStore *store = (RedisStore *)base;
        _cleanup_(freep) char *key = redis_key_user(store->prefix, tenant, user);
        const char *argv[] = { "HGETALL", key };
        RedisCommand command = {
                .argc = ARRAY_SIZE(argv), .argv = argv, .reply_max = REPLY_MAX, .done = on_load
        };
        Request *request;
        int r;

        r = key ? request_new(store, STORE_CALL_LOAD, tenant, user, &request) : -ENOMEM;
        return r < 0 ? r : start_read(request, call, &command);
}

static int redis_store_find(UserStore *base, StoreCall *call, const char *tenant, const char *sid) {
        RedisStore *store = (RedisStore *)base;
        _cleanup_(freep) char *key = redis_key_sid(store->prefix, tenant, sid);
        const char *argv[] = { "GET", key };
        RedisCommand command = {
                .argc = ARRAY_SIZE(argv), .argv = argv, .reply_max = REPLY_MAX, .done = on_find
        };
        Request *request;
        int r;

        r = key ? request_new(store, STORE_CALL_FIND, tenant, sid, &request) : -ENOMEM;
        return r < 0 ? r : start_read(request, call, &command);
}

static int redis_store_list(UserStore *base, StoreCall *call, const char *tenant) {
        RedisStore *store = (RedisStore *)base;
        _cleanup_(freep) char *key = redis_key_users(store->prefix, tenant);
        const char *argv[] = { "ZRANGE", key, "0", LIST_LAST };
        RedisCommand command = {
                .argc = ARRAY_SIZE(argv), .argv = argv, .reply_max = LIST_REPLY_MAX, .done = on_list
        };
        Request *request;
        int r;

        r = key ? request_new(store, STORE_CALL_LIST, tenant, "", &request) : -ENOMEM;
        return r < 0 ? r : start_read(request, call, &command);
}

static int redis_store_commit(UserStore *base, StoreCall *call, const UserState *state) {
        RedisStore *store = (RedisStore *)base;
        _cleanup_(request_freep) Request *request = NULL;
        UserState next = *state;
        int r;

        r = request_new(store, STORE_CALL_COMMIT, state->tenant, state->user, &request);
        if (r < 0)
                return r;
        r = store_next_version(&state->version, &next.version);
        if (r < 0)
                return r;
        r = redis_commit_new(store->prefix, &state->version, &next, &request->commit);
        if (r < 0)
                return r;
        r = send_commit(request, false);
        return started(TAKE_PTR(request), call, r);
}

static void on_connected(RedisConnection *connection, void *userdata) {
        redis_handshake_start(((RedisStore *)userdata)->handshake, connection);
}

static void on_lost(bool was_ready, const char *why, void *userdata) {
        RedisStore *store = userdata;
        StoreHealth *health = &store->base.health;

        health->online = false;
        snprintf(health->message, sizeof(health->message), "%s: %s", store->address.text, why);
        /* Each attempt fails for the same reason: once is enough. */
        if (strcmp(store->told, why) == 0)
                return;
        if (store_notices_tell(&store->notices, &store->base, STORE_FAILURE_LOST, "%s: %s: %s",
                    store->address.text, was_ready ? "connection lost" : "cannot connect", why))
                snprintf(store->told, sizeof(store->told), "%s", why);
}

static void on_greeted(const RedisFindings *findings, void *userdata) {
        RedisStore *store = userdata;
        StoreHealth *health = &store->base.health;

        health->online = true;
        health->durable = findings->durable;
        snprintf(health->message, sizeof(health->message), "%s", findings->message);
        memcpy(store->script_sha, findings->script_sha, sizeof(store->script_sha));
        if (store->told[0] == '\0')
                return;
        store->told[0] = '\0';
        store_tell(&store->base, LOG_NOTICE, "%s: connected", store->address.text);
        if (findings->message[0] != '\0')
                store_tell(&store->base, LOG_WARNING, "%s: %s", store->address.text,
                        findings->message);
        if (llabs(findings->clock_ahead_sec) > CLOCK_SKEW_MAX_SEC)
                store_tell(&store->base, LOG_WARNING,
                        "%s: the server's clock differs from ours by %" PRId64 " s",
                        store->address.text, findings->clock_ahead_sec);
}

static void redis_store_close(UserStore *base) {
        RedisStore *store = (RedisStore *)base;

        store_clear(base);
        redis_connection_free(store->connection);
        redis_handshake_free(store->handshake);
        free(store->prefix);
        free(store);
}

/* Redis lets go of states by itself, and cannot answer from memory. */
static const StoreOps redis_ops = {
        .close = redis_store_close,
        .load = redis_store_load,
        .commit = redis_store_commit,
        .find_sid = redis_store_find,
        .list = redis_store_list,
};

static int parse_address(RedisStore *store, const StoreConfig *config) {
        const char *text = STRING_OR_EMPTY(config->address);

        switch (redis_address_parse(text, config->allow_plaintext, &store->address)) {
        case 0:
                return 0;
        case REDIS_ADDRESS_E_PLAINTEXT:
                store_tell(&store->base, LOG_ERR,
                        "%s: refused, the way there is not encrypted (AllowPlaintext=)", text);
                return STORE_E_REFUSED;
        default:
                store_tell(&store->base, LOG_ERR,
                        "%s: not an address of Redis; unix:PATH or tcp:IP:PORT", text);
                return STORE_E_REFUSED;
        }
}

static void closep_store(RedisStore **store) {
        if (*store)
                redis_store_close(&(*store)->base);
}

int redis_store_new(const StoreConfig *config, sd_event *event, StoreNotice notice, void *userdata,
        UserStore **ret_store) {
        _cleanup_(closep_store) RedisStore *store = calloc(1, sizeof(*store));
        RedisConnectionEvents events = { on_connected, on_lost, store };
        int r;

        if (!store)
                return -ENOMEM;
        store->base.notice = notice;
        store->base.userdata = userdata;
        store->base.timeout_usec = config->timeout_usec;
        snprintf(store->base.health.message, STORE_MESSAGE_MAX, "not connected yet");
        snprintf(store->told, sizeof(store->told), "not connected yet");
        store_init(&store->base, &redis_ops, event);
        r = parse_address(store, config);
        if (r)
                return r;
        store->prefix = strdup(config->prefix);
        if (!store->prefix)
                return -ENOMEM;
        r = redis_handshake_new(config, on_greeted, store, &store->handshake);
        if (r < 0)
                return r;
        r = redis_connection_new(
                event, &store->address, config->timeout_usec, &events, &store->connection);
        if (r < 0)
                return r;
        *ret_store = &TAKE_PTR(store)->base;
        return 0;
}
