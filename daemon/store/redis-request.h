#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A request of the Redis store, from its start to its reply. Only the files redis-*.c include it.
 */

#include "common/cleanup.h"
#include "daemon/store/redis-address.h"
#include "daemon/store/redis-commit.h"
#include "daemon/store/redis-connection.h"
#include "daemon/store/redis-handshake.h"
#include "daemon/store/redis-replicas.h"
#include "daemon/store/redis-role.h"
#include "daemon/store/redis-sentinel.h"
#include "daemon/store/redis-login.h"
#include "daemon/store/redis-watch.h"
#include "daemon/store/store-notices.h"
#include "daemon/store/store-object.h"

#define REDIS_ECHO_SIZE    17u /* a number in hexadecimal digits */
#define REDIS_OUTSIZED_MAX 16u

typedef struct RedisStore {
        UserStore base;
        char *prefix;
        RedisAddress address;
        RedisConnection *connection;
        RedisLogin *login;
        RedisHandshake *handshake;
        char *tenant;                   /* whose changes are watched; NULL: nobody's */
        RedisWatch *watch;              /* NULL, too */
        char untold[STORE_MESSAGE_MAX]; /* the last message why changes are not announced */
        char script_sha[REDIS_SCRIPT_SHA_SIZE + 1];
        char echo[REDIS_ECHO_SIZE]; /* the text that the server was asked to echo; empty: none */
        char *outsized
                [REDIS_OUTSIZED_MAX]; /* keys of records that no answer has room for; or NULL */
        unsigned int next_outsized;   /* the next one to be forgotten for another */
        RedisSentinel *sentinel;      /* NULL: the address is configured */
        RedisRole *role;
        unsigned int n_roles;    /* answers to ROLE: other things that may change are asked for
                                  * less often */
        RedisReplicas *replicas; /* NULL: they are not waited for */
        char stream[REDIS_STREAM_ID_SIZE + 1]; /* of replication, of the connected master; or "" */
        bool few_replicas;                     /* reported that there are not enough */
        StoreNotices notices;
        char told[STORE_MESSAGE_MAX]; /* the last message about the missing connection */
} RedisStore;

/* One command of ours, from its start to its reply. */
typedef struct RedisRequest {
        RedisStore *store;
        StoreCallType type;
        StoreCall *call;            /* NULL once nobody waits */
        const char *tenant, *user;  /* in @names */
        char *place;                /* of failed logins */
        uint64_t now_sec;           /* of a list of lock-outs: the caller's clock */
        unsigned int n_lifted;      /* lock-outs, by the pages so far, */
        unsigned int n_pages;       /* of which there are so many */
        uint64_t believe_until_sec; /* a lock-out */
        unsigned int failures_max;
        RedisCommit *commit;
        UserState *before, *after; /* of a commit */
        uint64_t mark;             /* redis_watch_mark() before it was sent */
        bool settle;               /* it is to be with replicas */
        char *value; /* of a mark, while it is not with them yet; of a list: read last */
        char proof[REDIS_ECHO_SIZE]; /* the beginning of a script's answer; empty: none */
        bool script_sent;            /* the whole script was sent, so it cannot be missing */
        char names[];
} RedisRequest;

/**
 * redis_request_new() - prepare a request
 * @store:      borrowed; outlives the request
 * @type:       what for
 * @tenant:     copied
 * @user:       or what else it is about; copied
 * @ret_request: owned by the caller until it is started
 *
 * Return: 0; -ENOMEM.
 */
int redis_request_new(RedisStore *store, StoreCallType type, const char *tenant, const char *user,
        RedisRequest **ret_request);

/**
 * redis_request_free() - drop a request that was not started
 * @request:    NULL is fine
 *
 * Return: NULL.
 */
RedisRequest *redis_request_free(RedisRequest *request);
DEFINE_CLEANUP(RedisRequest, redis_request_free)

/**
 * redis_request_start() - send a request's command
 * @request:    gone when its command completes, or on failure
 * @call:       completed by redis_request_finish()
 * @command:    its userdata becomes @request
 *
 * Return: 0 started, or @call is completed from the loop; negative errno.
 */
int redis_request_start(RedisRequest *request, StoreCall *call, RedisCommand *command);

/**
 * redis_request_started() - the same for a command that was sent already
 * @request:    gone when its command completes, or unless @r is 0
 * @call:       as above
 * @r:          what redis_connection_send() said
 *
 * Return: as redis_request_start().
 */
int redis_request_started(RedisRequest *request, StoreCall *call, int r);

/**
 * redis_request_finish() - the last step of every request: complete its call
 * @request:    gone afterwards
 * @r:          0, STORE_E_* or negative errno
 * @result:     as for store_call_finish()
 */
void redis_request_finish(RedisRequest *request, int r, StoreResult *result);

/**
 * redis_request_refused() - report an error reply, or a senseless one: each has its own line
 * @request:    under way
 * @reply:      what came
 *
 * Return: STORE_E_REFUSED; STORE_E_CORRUPT the key holds something else.
 */
int redis_request_refused(RedisRequest *request, const redisReply *reply);

/**
 * redis_request_proof() - the text that a script answers with first, to prove which request it answers
 * @request:    not started yet, or about to ask once more
 *
 * Return: borrowed until the request is gone; no other request has the same.
 */
const char *redis_request_proof(RedisRequest *request);

/**
 * redis_request_check() - see whether an answer belongs to its request
 * @request:    under way, with a redis_request_proof()
 * @reply:      what came
 * @n_elements: of its answer, the proof among them
 *
 * Return: 0; else as redis_request_refused(), which is told.
 */
int redis_request_check(RedisRequest *request, const redisReply *reply, size_t n_elements);

/**
 * redis_request_read() - ask for a text; the answer is a proof and the text or nil
 * @request:    under way, or not started yet; stays the caller's unless it is asked
 * @key:        copied
 * @other:      likewise: what counts where there is no @key; NULL: nothing does
 * @done:       gets the request, and is to check it for two elements
 *
 * Return: 0; else as redis_connection_send().
 */
int redis_request_read(
        RedisRequest *request, const char *key, const char *other, RedisReplyDone done);

/**
 * redis_request_corrupt() - report a record that is no state
 * @request:    under way
 *
 * Return: STORE_E_CORRUPT.
 */
int redis_request_corrupt(RedisRequest *request);
