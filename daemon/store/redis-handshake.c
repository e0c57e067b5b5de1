/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "daemon/store/redis-commit.h"
#include "daemon/store/redis-connection.h"
#include "daemon/store/redis-handshake.h"
#include "daemon/store/redis-error.h"
#include "daemon/store/redis-login.h"
#include "daemon/store/redis-role.h"

#define REPLY_MAX     65536u
#define ARGUMENTS_MAX 3u

/* Whether the server is durable; unknown if we may not ask. */
typedef enum Answer {
        ANSWER_UNKNOWN,
        ANSWER_NO,
        ANSWER_YES,
} Answer;

struct RedisHandshake {
        const RedisLogin *login;
        bool require_durable;
        uint64_t (*now_sec)(void);
        RedisHandshakeEvents events;
        bool looking;
        /* Of the connection that is being greeted, and from then on. */
        RedisConnection *connection;
        Answer append_only, no_eviction, sync_always;
        bool loading;
        RedisFindings findings;
};

int redis_handshake_new(const StoreConfig *config, const RedisLogin *login,
        const RedisHandshakeEvents *events, RedisHandshake **ret_handshake) {
        RedisHandshake *handshake = calloc(1, sizeof(*handshake));

        if (!handshake)
                return -ENOMEM;
        handshake->login = login;
        handshake->events = *events;
        handshake->require_durable = config->require_durable;
        handshake->now_sec = config->now_sec;
        *ret_handshake = handshake;
        return 0;
}

RedisHandshake *redis_handshake_free(RedisHandshake *handshake) {
        free(handshake);
        return NULL;
}

static void on_time(int r, const redisReply *reply, void *userdata) {
        RedisHandshake *handshake = userdata;
        uint64_t server_sec;

        if (r != 0)
                return;
        if (!handshake->now_sec || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
                !reply->element[0]->str ||
                text_parse_u64(reply->element[0]->str, INT64_MAX, &server_sec) != 0)
                return;
        handshake->findings.clock_ahead_sec = (int64_t)server_sec - (int64_t)handshake->now_sec();
}

/* @line: "name:value", between line ends. */
static bool has_line(const redisReply *reply, const char *line) {
        const char *found = strstr(reply->str, line);
        size_t size = strlen(line);

        while (found && ((found != reply->str && found[-1] != '\n') || found[size] != '\r'))
                found = strstr(found + 1, line);
        return found;
}

static void on_persistence(int r, const redisReply *reply, void *userdata) {
        RedisHandshake *handshake = userdata;

        if (r != 0 || reply->type != REDIS_REPLY_STRING)
                return;
        if (has_line(reply, "aof_enabled:1"))
                handshake->append_only = ANSWER_YES;
        else if (has_line(reply, "aof_enabled:0"))
                handshake->append_only = ANSWER_NO;
        handshake->loading = handshake->loading || has_line(reply, "loading:1");
}

static void on_role(int r, const redisReply *reply, void *userdata) {
        RedisHandshake *handshake = userdata;
        RedisRoleKind kind;

        if (r != 0)
                return;
        kind = redis_role_read(reply, &handshake->findings.n_replicas);
        if (redis_error_is(reply, "LOADING"))
                handshake->loading = true;
        else if (kind != REDIS_ROLE_MASTER)
                redis_connection_refuse(handshake->connection, redis_role_fault(kind));
}

static void on_replication(int r, const redisReply *reply, void *userdata) {
        if (r == 0 && reply->type == REDIS_REPLY_STRING)
                redis_replicas_read_stream(
                        reply->str, ((RedisHandshake *)userdata)->findings.stream);
}

/* CONFIG GET would tell as well, but a login that may use it learns the passwords of other logins, too. */
static void on_memory(int r, const redisReply *reply, void *userdata) {
        RedisHandshake *handshake = userdata;

        if (r != 0 || reply->type != REDIS_REPLY_STRING)
                return;
        if (has_line(reply, "maxmemory_policy:noeviction"))
                handshake->no_eviction = ANSWER_YES;
        else if (strstr(reply->str, "maxmemory_policy:"))
                handshake->no_eviction = ANSWER_NO;
}

/* Only for a warning. For a named user the question would leave an entry in ACL LOG. */
static void on_sync(int r, const redisReply *reply, void *userdata) {
        RedisHandshake *handshake = userdata;

        if (r != 0 || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
                reply->element[1]->type != REDIS_REPLY_STRING)
                return;
        handshake->sync_always =
                strcmp(reply->element[1]->str, "always") == 0 ? ANSWER_YES : ANSWER_NO;
}

static void judge_durability(RedisHandshake *handshake) {
        RedisFindings *findings = &handshake->findings;
        const char *message = "";

        findings->durable =
                handshake->append_only == ANSWER_YES && handshake->no_eviction == ANSWER_YES;
        findings->forgetful = handshake->no_eviction == ANSWER_NO;
        if (handshake->append_only == ANSWER_NO)
                message = "no append-only file (appendonly no): "
                          "a crash of the server brings revoked sessions back";
        else if (handshake->no_eviction == ANSWER_NO)
                message =
                        "maxmemory-policy is not noeviction: sessions vanish when memory is short";
        else if (!findings->durable)
                message = "durability unknown: our login may not ask INFO";
        else if (handshake->sync_always == ANSWER_NO)
                message = "appendfsync is not always: a power cut may undo the last seconds";
        snprintf(findings->message, sizeof(findings->message), "%s", message);
}

/* The last answer: now the server can be judged. */
static void on_script(int r, const redisReply *reply, void *userdata) {
        RedisHandshake *handshake = userdata;
        RedisFindings *findings = &handshake->findings;

        if (r != 0)
                return;
        if (reply->type == REDIS_REPLY_STRING && reply->len == REDIS_SCRIPT_SHA_SIZE)
                memcpy(findings->script_sha, reply->str, REDIS_SCRIPT_SHA_SIZE);
        judge_durability(handshake);
        if (handshake->loading) {
                redis_connection_refuse(handshake->connection, "the server is loading its data");
                return;
        }
        if (handshake->require_durable && !findings->durable) {
                redis_connection_refuse(handshake->connection, findings->message);
                return;
        }
        handshake->events.done(findings, handshake->events.userdata);
        redis_connection_ready(handshake->connection);
}

/* @arguments: up to the first NULL. */
static void ask(
        RedisHandshake *handshake, RedisReplyDone done, const char *arguments[ARGUMENTS_MAX]) {
        RedisCommand command = {
                .argv = arguments, .reply_max = REPLY_MAX, .done = done, .userdata = handshake
        };

        while (command.argc < (int)ARGUMENTS_MAX && arguments[command.argc])
                command.argc++;
        if (redis_connection_greet(handshake->connection, &command) < 0)
                redis_connection_refuse(handshake->connection, strerror(ENOMEM));
}

void redis_handshake_start(RedisHandshake *handshake, RedisConnection *connection) {
        handshake->connection = connection;
        handshake->append_only = ANSWER_UNKNOWN;
        handshake->no_eviction = ANSWER_UNKNOWN;
        handshake->sync_always = ANSWER_UNKNOWN;
        handshake->loading = false;
        handshake->findings = (RedisFindings){ 0 };
        redis_login_start(handshake->login, connection, "authtokend");
        ask(handshake, on_time, (const char *[]){ "TIME", NULL, NULL });
        ask(handshake, on_role, (const char *[]){ "ROLE", NULL, NULL });
        ask(handshake, on_persistence, (const char *[]){ "INFO", "persistence", NULL });
        ask(handshake, on_memory, (const char *[]){ "INFO", "memory", NULL });
        ask(handshake, on_replication, (const char *[]){ "INFO", "replication", NULL });
        if (redis_login_is_default(handshake->login))
                ask(handshake, on_sync, (const char *[]){ "CONFIG", "GET", "appendfsync" });
        ask(handshake, on_script, (const char *[]){ "SCRIPT", "LOAD", redis_commit_script });
}

/* The last answer. */
static void on_looked(int r, const redisReply *reply, void *userdata) {
        RedisHandshake *handshake = userdata;
        RedisFindings *findings = &handshake->findings;
        const RedisFindings before = *findings;

        handshake->looking = false;
        on_memory(r, reply, handshake);
        /* A server that is busy with a script does not answer this. */
        if (handshake->append_only == ANSWER_UNKNOWN || handshake->no_eviction == ANSWER_UNKNOWN)
                return;
        judge_durability(handshake);
        if (handshake->require_durable && !findings->durable)
                redis_connection_leave(handshake->connection, findings->message);
        else if (findings->durable != before.durable || findings->forgetful != before.forgetful ||
                 strcmp(findings->message, before.message) != 0)
                handshake->events.changed(findings, handshake->events.userdata);
}

static bool look(RedisHandshake *handshake, const char *section, RedisReplyDone done) {
        const char *argv[] = { "INFO", section };
        const RedisCommand command = {
                .argc = ARRAY_SIZE(argv),
                .argv = argv,
                .reply_max = REPLY_MAX,
                .done = done,
                .userdata = handshake,
        };

        return redis_connection_send(handshake->connection, &command) == 0;
}

void redis_handshake_look_again(RedisHandshake *handshake) {
        if (handshake->looking)
                return;
        handshake->append_only = ANSWER_UNKNOWN;
        handshake->no_eviction = ANSWER_UNKNOWN;
        handshake->looking = look(handshake, "persistence", on_persistence) &&
                             look(handshake, "memory", on_looked);
}
