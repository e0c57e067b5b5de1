/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

#include "daemon/store/redis-connection.h"
#include "daemon/store/redis-login.h"
#include "daemon/store/redis-replicas.h"
#include "daemon/store/store-config.h"
#include "daemon/store/user-store.h"

#define REPLY_MAX     65536u
#define ARGUMENTS_MAX 3u
#define NUMBER_SIZE   24u
#define CLIENT_NAME   "authtokend-replicas"
#define KEY           "settled"
#define HOPELESS_USEC UINT64_C(50000)
#define HEX           "0123456789abcdef"

typedef struct Entry {
        char stream[REDIS_STREAM_ID_SIZE + 1];
        const char *fault;
        RedisReplicasDone done;
        void *userdata;
        STAILQ_ENTRY(Entry) link; /* linked in RedisReplicas.waiting or .asked */
} Entry;

STAILQ_HEAD(EntryList, Entry);

struct RedisReplicas {
        const RedisLogin *login;
        RedisConnection *connection;
        char *key;
        unsigned int n_wanted, n_fed;
        uint64_t wait_usec;
        struct EntryList waiting; /* for the next WAIT */
        struct EntryList asked;   /* whom the present one is for */
        unsigned int n_pending;   /* commands of the present one */
        const char *fault;
        char stream[REDIS_STREAM_ID_SIZE + 1];
};

const char redis_replicas_other[] = "another master has taken over";

static int ask_all(RedisReplicas *replicas);

void redis_replicas_read_stream(const char *text, char ret_stream[REDIS_STREAM_ID_SIZE + 1]) {
        static const char master[] = "role:master\r\n", name[] = "\nmaster_replid:";
        const char *found = strstr(text, name);

        ret_stream[0] = '\0';
        if (!strstr(text, master) || !found)
                return;
        found += sizeof(name) - 1;
        if (strspn(found, HEX) != REDIS_STREAM_ID_SIZE)
                return;
        memcpy(ret_stream, found, REDIS_STREAM_ID_SIZE);
        ret_stream[REDIS_STREAM_ID_SIZE] = '\0';
}

static const char *fault_of(const RedisReplicas *replicas, const Entry *entry) {
        if (replicas->fault)
                return replicas->fault;
        if (!*replicas->stream || !*entry->stream)
                return "the server does not say whether it is the same master (INFO)";
        if (strcmp(replicas->stream, entry->stream) != 0)
                return redis_replicas_other;
        return NULL;
}

/* All commands are answered. The callbacks may ask for more. */
static void conclude(RedisReplicas *replicas) {
        struct EntryList asked = STAILQ_HEAD_INITIALIZER(asked);
        Entry *entry;

        STAILQ_CONCAT(&asked, &replicas->asked);
        /* Before any callback: the next answers are stored in the same place. */
        STAILQ_FOREACH(entry, &asked, link)
        entry->fault = fault_of(replicas, entry);
        while ((entry = STAILQ_FIRST(&asked))) {
                STAILQ_REMOVE_HEAD(&asked, link);
                entry->done(entry->fault, entry->userdata);
                free(entry);
        }
        if (replicas->n_pending > 0 || STAILQ_EMPTY(&replicas->waiting))
                return;
        if (ask_all(replicas) == 0)
                return;
        replicas->fault = "there is no connection to ask on";
        STAILQ_CONCAT(&replicas->asked, &replicas->waiting);
        conclude(replicas);
}

static void answered(RedisReplicas *replicas, int r, const char *fault) {
        if (r != 0)
                replicas->fault = "the connection on which it was asked failed";
        else if (fault)
                replicas->fault = fault;
        if (--replicas->n_pending == 0)
                conclude(replicas);
}

static void on_info(int r, const redisReply *reply, void *userdata) {
        RedisReplicas *replicas = userdata;

        if (r == 0 && reply->type == REDIS_REPLY_STRING)
                redis_replicas_read_stream(reply->str, replicas->stream);
        answered(replicas, r, NULL);
}

static void on_written(int r, const redisReply *reply, void *userdata) {
        answered(userdata, r,
                r == 0 && reply->type != REDIS_REPLY_STATUS ? "the server refuses to write" : NULL);
}

static void on_wait(int r, const redisReply *reply, void *userdata) {
        RedisReplicas *replicas = userdata;
        const char *fault = NULL;

        if (r == 0 && reply->type != REDIS_REPLY_INTEGER)
                fault = "the server refuses WAIT";
        else if (r == 0 && reply->integer < (long long)replicas->n_wanted)
                fault = "fewer replicas than WaitReplicas= have it";
        answered(replicas, r, fault);
}

/* @arguments: up to the first NULL. */
static int ask(RedisReplicas *replicas, RedisReplyDone done, const char *arguments[ARGUMENTS_MAX]) {
        RedisCommand command = {
                .argv = arguments, .reply_max = REPLY_MAX, .done = done, .userdata = replicas
        };
        int r;

        while (command.argc < (int)ARGUMENTS_MAX && arguments[command.argc])
                command.argc++;
        r = redis_connection_send(replicas->connection, &command);
        if (r == 0)
                replicas->n_pending++;
        return r;
}

/* Return: 0 all waiting entries will be completed; else no command was sent. */
static int ask_all(RedisReplicas *replicas) {
        uint64_t wait_usec = replicas->wait_usec;
        char wanted[NUMBER_SIZE], wait_msec[NUMBER_SIZE];
        int r;

        if (replicas->n_fed < replicas->n_wanted && wait_usec > HOPELESS_USEC)
                wait_usec = HOPELESS_USEC;
        snprintf(wanted, sizeof(wanted), "%u", replicas->n_wanted);
        snprintf(wait_msec, sizeof(wait_msec), "%" PRIu64, wait_usec / 1000);
        replicas->fault = NULL;
        replicas->stream[0] = '\0';
        r = ask(replicas, on_info, (const char *[]){ "INFO", "replication", NULL });
        if (r)
                return r;
        STAILQ_CONCAT(&replicas->asked, &replicas->waiting);
        if (ask(replicas, on_written, (const char *[]){ "SET", replicas->key, "" }) ||
                ask(replicas, on_wait, (const char *[]){ "WAIT", wanted, wait_msec }))
                replicas->fault = "there is no memory to ask with";
        return 0;
}

int redis_replicas_settle(
        RedisReplicas *replicas, const char *stream, RedisReplicasDone done, void *userdata) {
        Entry *entry = calloc(1, sizeof(*entry));
        int r = 0;

        if (!entry)
                return -ENOMEM;
        snprintf(entry->stream, sizeof(entry->stream), "%s", stream);
        entry->done = done;
        entry->userdata = userdata;
        STAILQ_INSERT_TAIL(&replicas->waiting, entry, link);
        if (replicas->n_pending == 0)
                r = ask_all(replicas);
        if (r) {
                STAILQ_REMOVE(&replicas->waiting, entry, Entry, link);
                free(entry);
        }
        return r;
}

static void on_greeting(int r, const redisReply *reply, void *userdata) {
        RedisReplicas *replicas = userdata;

        (void)reply;
        if (r == 0)
                redis_connection_ready(replicas->connection);
}

/* Only an answer proves that the server accepts us. */
static void on_connected(RedisConnection *connection, void *userdata) {
        RedisReplicas *replicas = userdata;
        const char *ping[] = { "PING" };

        redis_login_start(replicas->login, connection, CLIENT_NAME);
        if (redis_connection_greet(connection, &(RedisCommand){
                                                       .argc = ARRAY_SIZE(ping),
                                                       .argv = ping,
                                                       .reply_max = REPLY_MAX,
                                                       .done = on_greeting,
                                                       .userdata = replicas,
                                               }) < 0)
                redis_connection_refuse(connection, strerror(ENOMEM));
}

/* The connection for commands reports the loss. */
static void on_lost(bool was_ready, const char *why, void *userdata) {
        (void)was_ready;
        (void)why;
        (void)userdata;
}

int redis_replicas_new(const StoreConfig *config, const RedisLogin *login, sd_event *event,
        const RedisAddress *address, RedisReplicas **ret_replicas) {
        _cleanup_(redis_replicas_freep) RedisReplicas *replicas = calloc(1, sizeof(*replicas));
        RedisConnectionEvents events = {
                .connected = on_connected, .lost = on_lost, .userdata = replicas
        };
        int r;

        if (!replicas)
                return -ENOMEM;
        STAILQ_INIT(&replicas->waiting);
        STAILQ_INIT(&replicas->asked);
        replicas->login = login;
        replicas->n_wanted = config->wait_replicas;
        replicas->wait_usec = config->wait_timeout_usec;
        if (asprintf(&replicas->key, "%s:" KEY, config->prefix) < 0) {
                replicas->key = NULL;
                return -ENOMEM;
        }
        r = redis_connection_new(event, address, config->timeout_usec + config->wait_timeout_usec,
                &events, &replicas->connection);
        if (r < 0)
                return r;
        *ret_replicas = TAKE_PTR(replicas);
        return 0;
}

RedisReplicas *redis_replicas_free(RedisReplicas *replicas) {
        if (!replicas)
                return NULL;
        redis_connection_free(replicas->connection);
        free(replicas->key);
        free(replicas);
        return NULL;
}

void redis_replicas_aim(RedisReplicas *replicas, const RedisAddress *address) {
        redis_connection_aim(replicas->connection, address);
}

void redis_replicas_count(RedisReplicas *replicas, unsigned int n) {
        replicas->n_fed = n;
}
