#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Whether enough replicas have what the master has acknowledged. On a connection of its own, because commands after
 * WAIT wait, too.
 *
 * WAIT counts the replicas that have the last write of its own connection. So this connection writes a key that
 * nobody reads. Everything that the master acknowledged before is earlier in the replication stream, so every replica
 * that has this write has all of it. The ids of the stream are compared: after a failover between commit and WAIT, a
 * lost commit would otherwise look safe. One WAIT settles many commits.
 */

#include <systemd/sd-event.h>

#include "common/cleanup.h"
#include "daemon/store/redis-address.h"

typedef struct RedisLogin RedisLogin;
typedef struct RedisReplicas RedisReplicas;
typedef struct StoreConfig StoreConfig;

#define REDIS_STREAM_ID_SIZE 40u

/* The fault if another master was asked than the one that acknowledged. */
extern const char redis_replicas_other[];

/* @fault: why not enough replicas are known to have it; NULL: they have it. */
typedef void (*RedisReplicasDone)(const char *fault, void *userdata);

/**
 * redis_replicas_new() - begin to connect as soon as the loop runs
 * @config:     how many replicas, and how long to wait for them
 * @login:      borrowed; outlives the object
 * @event:      referenced
 * @address:    of the master; NULL: not known yet
 * @ret_replicas: owned by the caller
 *
 * Return: 0; negative errno.
 */
int redis_replicas_new(const StoreConfig *config, const RedisLogin *login, sd_event *event,
        const RedisAddress *address, RedisReplicas **ret_replicas);

/**
 * redis_replicas_free() - give up; waiting entries fail
 * @replicas:   NULL is fine; not inside a completion
 *
 * Return: NULL.
 */
RedisReplicas *redis_replicas_free(RedisReplicas *replicas);
DEFINE_CLEANUP(RedisReplicas, redis_replicas_free)

/**
 * redis_replicas_aim() - which server is the master from now on
 * @replicas:   any
 * @address:    copied
 */
void redis_replicas_aim(RedisReplicas *replicas, const RedisAddress *address);

/**
 * redis_replicas_count() - how many replicas the master feeds
 * @replicas:   any
 * @n:          as it said last; if they are too few, waiting is cut short
 */
void redis_replicas_count(RedisReplicas *replicas, unsigned int n);

/**
 * redis_replicas_settle() - wait until replicas have what a master has acknowledged by now
 * @replicas:   any
 * @stream:     id of the stream of replication of that master; "": not known
 * @done:       called exactly once, never before this returns
 * @userdata:   for @done
 *
 * Return: 0; -ENOMEM; STORE_E_OFFLINE, STORE_E_REFUSED there is no connection, and @done is not called.
 */
int redis_replicas_settle(
        RedisReplicas *replicas, const char *stream, RedisReplicasDone done, void *userdata);

/**
 * redis_replicas_read_stream() - find the id of the stream in the answer to INFO replication
 * @text:       NUL-terminated
 * @ret_stream: "" if it is not there, or the server is not a master
 */
void redis_replicas_read_stream(const char *text, char ret_stream[REDIS_STREAM_ID_SIZE + 1]);
