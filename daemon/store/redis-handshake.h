#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The commands on each new connection to a Redis server, before any of our own: log in, ask whether
 * its clock agrees with ours, and whether acknowledged writes survive a crash.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "daemon/store/redis-replicas.h"
#include "daemon/store/user-store.h"

typedef struct RedisConnection RedisConnection;
typedef struct RedisHandshake RedisHandshake;
typedef struct RedisLogin RedisLogin;

#define REDIS_SCRIPT_SHA_SIZE 40u

typedef struct RedisFindings {
        bool durable;
        bool forgetful;                  /* it may evict: its maxmemory-policy is not noeviction */
        char message[STORE_MESSAGE_MAX]; /* why it is not durable, or not quite; else empty */
        int64_t clock_ahead_sec;         /* the server's clock before ours; 0 if unknown, too */
        char script_sha[REDIS_SCRIPT_SHA_SIZE + 1]; /* empty: we may not load scripts */
        unsigned int n_replicas;                    /* that it feeds */
        char stream[REDIS_STREAM_ID_SIZE + 1];      /* of replication; empty: unknown */
} RedisFindings;

/* The server can be used. Called before redis_connection_ready(). */
typedef void (*RedisHandshakeDone)(const RedisFindings *findings, void *userdata);

/* @done:       for each connection that is of use
 * @changed:    the server's durability has changed; not called for a connection that cannot be used any more */
typedef struct RedisHandshakeEvents {
        RedisHandshakeDone done, changed;
        void *userdata;
} RedisHandshakeEvents;

/**
 * redis_handshake_new() - prepare what is said on each connection
 * @config:     its demand for durability is copied
 * @login:      borrowed; outlives the handshake
 * @events:     copied
 * @ret_handshake: owned by the caller; outlives the connections it greets
 *
 * Return: 0; -ENOMEM.
 */
int redis_handshake_new(const StoreConfig *config, const RedisLogin *login,
        const RedisHandshakeEvents *events, RedisHandshake **ret_handshake);

/**
 * redis_handshake_free() - free what is said
 * @handshake:  NULL is fine; no connection uses it any more
 *
 * Return: NULL.
 */
RedisHandshake *redis_handshake_free(RedisHandshake *handshake);
DEFINE_CLEANUP(RedisHandshake, redis_handshake_free)

/**
 * redis_handshake_start() - greet; ends in redis_connection_ready() or redis_connection_refuse()
 * @handshake:  not in use by another connection
 * @connection: just connected
 */
void redis_handshake_start(RedisHandshake *handshake, RedisConnection *connection);

/**
 * redis_handshake_look_again() - ask anew whether the server keeps what it acknowledges
 * @handshake:  of a connection that is ready
 *
 * It may be changed by CONFIG SET, without a restart. If the server is not durable but has to be,
 * the connection is given up.
 */
void redis_handshake_look_again(RedisHandshake *handshake);
