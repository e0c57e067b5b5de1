#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The second connection to a Redis server, on which it says which keys have changed: subscribed to the channel that
 * CLIENT TRACKING … REDIRECT writes to, and asked every second whether it is still there.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "common/cleanup.h"

typedef struct RedisAddress RedisAddress;
typedef struct RedisLogin RedisLogin;
typedef struct RedisSubscription RedisSubscription;

#define REDIS_CLIENT_ID_SIZE 21u

/* None may free the subscription. */
typedef struct RedisSubscriptionEvents {
        /* @client_id: digits, for REDIRECT on the server @server_id, which may be unknown: empty */
        void (*begun)(const char *client_id, const char *server_id, void *userdata);
        /* An attempt has failed, or the subscription; the next attempt is planned. */
        void (*ended)(const char *why, void *userdata);
        /* @key: @size bytes, whatever they are */
        void (*changed)(const char *key, size_t size, void *userdata);
        void (*flushed)(void *userdata); /* every key, perhaps */
        void *userdata;
} RedisSubscriptionEvents;

/**
 * redis_subscription_new() - begin to connect as soon as the loop runs
 * @event:      referenced
 * @address:    copied; NULL: there is no server until redis_subscription_aim()
 * @login:      borrowed; outlives the subscription
 * @events:     copied
 * @ret_subscription: owned by the caller
 *
 * Return: 0; negative errno.
 */
int redis_subscription_new(sd_event *event, const RedisAddress *address, const RedisLogin *login,
        const RedisSubscriptionEvents *events, RedisSubscription **ret_subscription);

/**
 * redis_subscription_free() - close
 * @subscription: NULL is fine; not inside an event
 *
 * Return: NULL.
 */
RedisSubscription *redis_subscription_free(RedisSubscription *subscription);
DEFINE_CLEANUP(RedisSubscription, redis_subscription_free)

/**
 * redis_subscription_is_alive() - whether the server has lately answered on it
 * @subscription: that has begun
 *
 * After the host slept, or the daemon was stopped, a question may come before the daemon sees that the connection is
 * dead, or has read its notices.
 */
bool redis_subscription_is_alive(const RedisSubscription *subscription);

/**
 * redis_subscription_leave() - see redis_connection_leave()
 * @subscription: any
 * @why:        for the event "ended"; copied
 */
void redis_subscription_leave(RedisSubscription *subscription, const char *why);

/**
 * redis_subscription_try_now() - see redis_connection_try_now()
 * @subscription: any
 */
void redis_subscription_try_now(RedisSubscription *subscription);

/**
 * redis_subscription_aim() - see redis_connection_aim()
 * @subscription: any
 * @address:    copied; NULL: none
 */
void redis_subscription_aim(RedisSubscription *subscription, const RedisAddress *address);
