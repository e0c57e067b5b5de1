#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One connection to a Redis server, kept up with back-off: commands go out pipelined, each reply goes to
 * the command that asked for it.
 *
 * It uses the parser and the formatter of hiredis, and not its asynchronous layer: that one has no
 * deadlines, and it aborts the process when a server sends a reply too many (an assertion in
 * redisProcessCallbacks()). Here every command has a deadline, and a connection on which one passed, or
 * on which anything unexpected arrived, is closed and never used again: a late reply would go to the
 * next command.
 */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include <hiredis/hiredis.h>

#include "common/cleanup.h"
#include "daemon/store/redis-address.h"

typedef struct RedisConnection RedisConnection;

/* @r: 0 with a reply, which may be an error reply; else without one:
 * STORE_E_TIMEOUT, STORE_E_OFFLINE whether the command took effect is unknown;
 * STORE_E_CORRUPT the same, and its reply was larger than @reply_max, which ended the connection;
 * STORE_E_REFUSED it was never sent, because the server refused us. */
typedef void (*RedisReplyDone)(int r, const redisReply *reply, void *userdata);

/* Borrowed for the call of the function only. */
typedef struct RedisCommand {
        int argc;
        const char **argv;
        const size_t *sizes; /* NULL: all end with NUL */
        size_t reply_max;    /* bytes of memory that the reply may take */
        RedisReplyDone done;
        void *userdata;
} RedisCommand;

/* Neither may free the connection. */
typedef struct RedisConnectionEvents {
        /* Introduce us by redis_connection_greet(), then say _ready() or _refuse(). */
        void (*connected)(RedisConnection *connection, void *userdata);
        /* A connection, or an attempt at one, has failed; the next attempt is planned. */
        void (*lost)(bool was_ready, const char *why, void *userdata);
        /* Called for a message that may be no reply. Returns whether it was none, and has been handled. NULL:
         * all are replies. */
        bool (*pushed)(const redisReply *reply, void *userdata);
        size_t pushed_max; /* bytes of memory that it may take */
        void *userdata;
} RedisConnectionEvents;

/**
 * redis_connection_new() - begin to connect as soon as the loop runs
 * @event:      referenced
 * @address:    copied; NULL: there is no server until redis_connection_aim()
 * @timeout_usec: of an attempt to connect and of every command
 * @events:     copied
 * @ret_connection: owned by the caller
 *
 * Return: 0; negative errno.
 */
int redis_connection_new(sd_event *event, const RedisAddress *address, uint64_t timeout_usec,
        const RedisConnectionEvents *events, RedisConnection **ret_connection);

/**
 * redis_connection_free() - complete the commands under way with STORE_E_OFFLINE, and close
 * @connection: NULL is fine; not inside a completion
 *
 * Return: NULL.
 */
RedisConnection *redis_connection_free(RedisConnection *connection);
DEFINE_CLEANUP(RedisConnection, redis_connection_free)

/**
 * redis_connection_send() - send a command; its completion comes exactly once, from the loop
 * @connection: in any state; while a first attempt to connect is under way the command waits for it
 * @command:    copied
 *
 * Return: 0 started; -ENOMEM; not started: STORE_E_OFFLINE there is no connection, STORE_E_REFUSED the
 * server does not take us.
 */
int redis_connection_send(RedisConnection *connection, const RedisCommand *command);

/**
 * redis_connection_greet() - send a command before all that waits
 * @connection: between the events "connected" and "lost"
 * @command:    copied
 *
 * Return: 0 started; -ENOMEM.
 */
int redis_connection_greet(RedisConnection *connection, const RedisCommand *command);

/**
 * redis_connection_ready() - the server has accepted us: send what waits
 * @connection: greeting
 */
void redis_connection_ready(RedisConnection *connection);

/**
 * redis_connection_refuse() - this server cannot be used: close when the current event is over
 * @connection: connected
 * @why:        for the event "lost"; copied
 *
 * It is tried again with back-off. Waiting commands fail with STORE_E_REFUSED.
 */
void redis_connection_refuse(RedisConnection *connection, const char *why);

/**
 * redis_connection_leave() - give a connection up, as if it had failed
 * @connection: in any state; without a connection nothing happens
 * @why:        for the event "lost"; copied
 *
 * It happens from the loop, so that completions may ask for it. The same server is tried again.
 */
void redis_connection_leave(RedisConnection *connection, const char *why);

/* Why the connection to the previous server is lost then. */
#define REDIS_CONNECTION_AIMED "another server is in charge now"

/**
 * redis_connection_aim() - which server it is from now on
 * @connection: in any state; one to another server is given up
 * @address:    copied; NULL: none, stay away from all
 */
void redis_connection_aim(RedisConnection *connection, const RedisAddress *address);

/**
 * redis_connection_try_now() - do not wait any longer before the next attempt
 * @connection: in any state; one that is there, or begun, goes on
 */
void redis_connection_try_now(RedisConnection *connection);

/**
 * redis_connection_is_refused() - why there is no connection
 * @connection: any
 *
 * Return: true if we, or the server, refused it; false if there is one, or the server cannot be
 * reached.
 */
bool redis_connection_is_refused(const RedisConnection *connection);

/**
 * redis_connection_latency_usec() - how long the last command took
 * @connection: any
 */
uint64_t redis_connection_latency_usec(const RedisConnection *connection);
