/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/store/redis-error.h"
#include "daemon/store/redis-request.h"

#define ECHO_REPLY_MAX 4096u
#define READ_REPLY_MAX 65536u
#define OUT_OF_STEP    "an answer that does not belong to its command"

RedisRequest *redis_request_free(RedisRequest *request) {
        if (!request)
                return NULL;
        redis_commit_free(request->commit);
        user_state_unref(request->before);
        user_state_unref(request->after);
        free(request->place);
        free(request->value);
        free(request);
        return NULL;
}

int redis_request_new(RedisStore *store, StoreCallType type, const char *tenant, const char *user,
        RedisRequest **ret_request) {
        size_t tenant_size = strlen(tenant) + 1, user_size = strlen(user) + 1;
        RedisRequest *request = malloc(sizeof(*request) + tenant_size + user_size);

        if (!request)
                return -ENOMEM;
        *request = (RedisRequest){
                .store = store,
                .type = type,
                .mark = redis_watch_mark(store->watch),
        };
        request->tenant = memcpy(request->names, tenant, tenant_size);
        request->user = memcpy(request->names + tenant_size, user, user_size);
        *ret_request = request;
        return 0;
}

void redis_request_finish(RedisRequest *request, int r, StoreResult *result) {
        request->store->base.health.latency_usec =
                redis_connection_latency_usec(request->store->connection);
        if (request->before)
                store_count_commit(&request->store->base, request->before, r);
        else
                store_count(&request->store->base, request->type, r);
        store_call_finish(request->call, r, result);
        redis_request_free(request);
}

/* An error reply refuses the operation, and has a line of its own in the journal. */
int redis_request_refused(RedisRequest *request, const redisReply *reply) {
        RedisStore *store = request->store;
        char code[REDIS_ERROR_CODE_MAX + 1];
        const char *explanation;
        StoreFailure failure;

        redis_error_code(reply, code);
        explanation = redis_error_explain(reply, &failure);
        store_notices_tell(&store->notices, &store->base, failure, "%s: %s: %s",
                store->address.text, code, explanation);
        /* It is no master any more, and may answer reads with old data. */
        if (failure == STORE_FAILURE_READONLY)
                redis_connection_leave(store->connection, explanation);
        /* Logged out: by a change of the server's users, or a restart behind a proxy. */
        if (failure == STORE_FAILURE_NOAUTH)
                redis_connection_refuse(store->connection, explanation);
        if (failure == STORE_FAILURE_REPLY)
                redis_connection_refuse(store->connection, OUT_OF_STEP);
        return failure == STORE_FAILURE_WRONGTYPE ? STORE_E_CORRUPT : STORE_E_REFUSED;
}

const char *redis_request_proof(RedisRequest *request) {
        snprintf(request->proof, sizeof(request->proof), "%" PRIx64,
                request->store->base.next_number++);
        return request->proof;
}

int redis_request_check(RedisRequest *request, const redisReply *reply, size_t n_elements) {
        if (reply->type == REDIS_REPLY_ARRAY && reply->elements == n_elements &&
                reply->element[0]->type == REDIS_REPLY_STRING &&
                strcmp(reply->element[0]->str, request->proof) == 0)
                return 0;
        return redis_request_refused(request, reply);
}

int redis_request_read(
        RedisRequest *request, const char *key, const char *other, RedisReplyDone done) {
        static const char script[] = "for i = 1, #KEYS do\n"
                                     "  local text = redis.call('GET', KEYS[i])\n"
                                     "  if text then return { ARGV[1], text } end\n"
                                     "end\n"
                                     "return { ARGV[1], false }\n";
        const char *proof = redis_request_proof(request);
        const char *argv[] = { "EVAL", script, other ? "2" : "1", key, other ? other : proof,
                proof };
        const RedisCommand command = {
                .argc = ARRAY_SIZE(argv) - (other == NULL),
                .argv = argv,
                .reply_max = READ_REPLY_MAX,
                .done = done,
                .userdata = request,
        };

        return redis_connection_send(request->store->connection, &command);
}

static void on_echo(int r, const redisReply *reply, void *userdata) {
        RedisStore *store = userdata;
        bool same =
                r == 0 && reply->type == REDIS_REPLY_STRING && strcmp(reply->str, store->echo) == 0;

        store->echo[0] = '\0';
        /* An error is no proof: the login may not be allowed to use PING. */
        if (r == 0 && !same && reply->type != REDIS_REPLY_ERROR)
                redis_connection_refuse(store->connection, OUT_OF_STEP);
}

/* A senseless reply may be the answer to another command. Then this PING does not get its own answer
 * either. */
static void check_step(RedisStore *store) {
        const char *argv[] = { "PING", store->echo };
        const RedisCommand command = { .argc = ARRAY_SIZE(argv),
                .argv = argv,
                .reply_max = ECHO_REPLY_MAX,
                .done = on_echo,
                .userdata = store };

        if (store->echo[0] != '\0')
                return;
        snprintf(store->echo, sizeof(store->echo), "%" PRIx64, store->base.next_number++);
        if (redis_connection_send(store->connection, &command) != 0)
                store->echo[0] = '\0';
}

int redis_request_corrupt(RedisRequest *request) {
        store_notices_tell(&request->store->notices, &request->store->base, STORE_FAILURE_CORRUPT,
                "%s: the record of user %s cannot be understood", request->store->address.text,
                request->user);
        check_step(request->store);
        return STORE_E_CORRUPT;
}

/* @r: from redis_connection_send(). Without a connection the call is completed from the loop. */
int redis_request_started(RedisRequest *request, StoreCall *call, int r) {
        if (r == 0) {
                store_call_hold(call, &request->call);
                return 0;
        }
        if (r > 0)
                store_count(&request->store->base, request->type, r);
        redis_request_free(request);
        return r < 0 ? r : store_call_defer(call, r, NULL);
}

int redis_request_start(RedisRequest *request, StoreCall *call, RedisCommand *command) {
        command->userdata = request;
        return redis_request_started(
                request, call, redis_connection_send(request->store->connection, command));
}
