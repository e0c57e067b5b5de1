#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Keeps up with who is the master: asks every sentinel every second, and tells when the answer changes. While
 * none of them answers, the present master stays the master.
 */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "common/cleanup.h"
#include "daemon/store/redis-address.h"

typedef struct RedisSentinel RedisSentinel;
typedef struct StoreConfig StoreConfig;

typedef struct RedisSentinelEvents {
        /* This one is the master from now on. */
        void (*master)(const RedisAddress *address, void *userdata);
        /* Something that an administrator should read. @priority: syslog priority. */
        void (*tell)(int priority, const char *text, void *userdata);
        void *userdata;
} RedisSentinelEvents;

/**
 * redis_sentinel_new() - begin to ask as soon as the loop runs
 * @config:     its sentinels, their login and the time-out of the store; borrowed
 * @event:      referenced
 * @events:     copied; neither is called before this returns, nor may free the sentinel
 * @ret_sentinel: owned by the caller
 *
 * Return: 0; -EINVAL addresses that are none; negative errno.
 */
int redis_sentinel_new(const StoreConfig *config, sd_event *event,
        const RedisSentinelEvents *events, RedisSentinel **ret_sentinel);

/**
 * redis_sentinel_free() - stop asking
 * @sentinel:   NULL is fine; not inside an event
 *
 * Return: NULL.
 */
RedisSentinel *redis_sentinel_free(RedisSentinel *sentinel);
DEFINE_CLEANUP(RedisSentinel, redis_sentinel_free)

/**
 * redis_sentinel_refute() - the master does not answer, or says that it is none
 * @sentinel:   any
 *
 * Where the sentinels disagree, this master counts last for a while. They are asked more often until
 * redis_sentinel_confirm().
 */
void redis_sentinel_refute(RedisSentinel *sentinel);

/**
 * redis_sentinel_confirm() - the master answers, and says that it is the master
 * @sentinel:   any
 */
void redis_sentinel_confirm(RedisSentinel *sentinel);
