#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Knowing at once what changes in a Redis server: CLIENT TRACKING on the connection that commands go through, its
 * notices on a connection of their own. As long as both stand, a state that was read and not announced as changed
 * since is the stored one.
 *
 * Notices and replies come on two connections, in any order. So a reply only counts as the stored state if no
 * notice came since its command was sent: redis_watch_mark() then, redis_watch_is_fresh() now.
 */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "common/cleanup.h"

typedef struct RedisAddress RedisAddress;
typedef struct RedisConnection RedisConnection;
typedef struct RedisLogin RedisLogin;
typedef struct RedisWatch RedisWatch;

/* None may free the watch. */
typedef struct RedisWatchEvents {
        void (*changed)(const char *user, void *userdata);
        void (*lifted)(const char *user, void *userdata); /* lock-outs of the user */
        /* Notices begin, or everything was flushed, or a new connection will get no notices. */
        void (*missed)(void *userdata);
        /* Known states were read a while ago, and should be read again, whatever notices there were. */
        void (*aged)(void *userdata);
        /* @why: why notices do not come, as far as known; NULL: they come */
        void (*health)(const char *why, void *userdata);
        void *userdata;
} RedisWatchEvents;

/* Borrowed for redis_watch_new(), but for what outlives the watch. */
typedef struct RedisWatchPlace {
        sd_event *event;
        const RedisAddress *address; /* NULL: as in redis_connection_new() */
        const RedisLogin *login;     /* outlives the watch */
        const char *prefix; /* what the keys of users begin with; the user's name follows */
        RedisConnection *connection; /* for commands; borrowed, used from the loop only */
} RedisWatchPlace;

/**
 * redis_watch_new() - prepare, and connect the second connection
 * @place:      see there
 * @events:     copied
 * @ret_watch:  owned by the caller
 *
 * Return: 0; negative errno.
 */
int redis_watch_new(
        const RedisWatchPlace *place, const RedisWatchEvents *events, RedisWatch **ret_watch);

/**
 * redis_watch_free() - close the second connection
 * @watch:      NULL is fine; not inside an event
 *
 * Return: NULL.
 */
RedisWatch *redis_watch_free(RedisWatch *watch);
DEFINE_CLEANUP(RedisWatch, redis_watch_free)

/**
 * redis_watch_connected() - commands can be sent, or are about to
 * @watch:      changes
 */
void redis_watch_connected(RedisWatch *watch);

/**
 * redis_watch_disconnected() - the connection for commands is gone
 * @watch:      NULL is fine
 */
void redis_watch_disconnected(RedisWatch *watch);

/**
 * redis_watch_aim() - see redis_connection_aim(); for the second connection
 * @watch:      any
 * @address:    copied; NULL: none
 */
void redis_watch_aim(RedisWatch *watch, const RedisAddress *address);

/**
 * redis_watch_is_on() - whether changes are told of at once
 * @watch:      NULL: no
 */
bool redis_watch_is_on(const RedisWatch *watch);

/**
 * redis_watch_mark() - now, in terms of notices
 * @watch:      NULL is fine
 */
uint64_t redis_watch_mark(const RedisWatch *watch);

/**
 * redis_watch_is_fresh() - whether a reply that came now, to a command sent at @mark, is what is
 * stored now
 * @watch:      NULL: no
 * @user:       whose state it is, or lock-out
 * @mark:       from redis_watch_mark(), before the command was sent
 *
 * No is always a possible answer.
 */
bool redis_watch_is_fresh(const RedisWatch *watch, const char *user, uint64_t mark);
