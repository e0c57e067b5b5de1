#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The role of a server: only a master is used. A master that became a replica goes on answering reads,
 * with the data that it has got so far.
 */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include <hiredis/hiredis.h>

#include "common/cleanup.h"

typedef struct RedisConnection RedisConnection;
typedef struct RedisRole RedisRole;

typedef enum RedisRoleKind {
        REDIS_ROLE_UNKNOWN, /* not an answer */
        REDIS_ROLE_MASTER,
        REDIS_ROLE_REPLICA,
        REDIS_ROLE_SENTINEL,
} RedisRoleKind;

#define REDIS_ROLE_REPLY_MAX 65536u

/* @n_replicas: that a master feeds at the moment. */
typedef void (*RedisRoleDone)(RedisRoleKind kind, unsigned int n_replicas, void *userdata);

/**
 * redis_role_read() - read the answer to ROLE
 * @reply:      whatever came
 * @ret_n_replicas: of a master; else 0
 */
RedisRoleKind redis_role_read(const redisReply *reply, unsigned int *ret_n_replicas);

/**
 * redis_role_fault() - why a server of this kind is not used
 * @kind:       not a master
 *
 * Return: static text.
 */
const char *redis_role_fault(RedisRoleKind kind);

/**
 * redis_role_new() - ask a server what it is, every two seconds
 * @event:      referenced
 * @connection: borrowed; freed before the role
 * @done:       for each answer that came while redis_role_watch() is on
 * @userdata:   for @done
 * @ret_role:   owned by the caller; asks nothing yet
 *
 * Return: 0; negative errno.
 */
int redis_role_new(sd_event *event, RedisConnection *connection, RedisRoleDone done, void *userdata,
        RedisRole **ret_role);

/**
 * redis_role_free() - stop asking
 * @role:       NULL is fine; its connection is gone, or sends nothing more
 *
 * Return: NULL.
 */
RedisRole *redis_role_free(RedisRole *role);
DEFINE_CLEANUP(RedisRole, redis_role_free)

/**
 * redis_role_watch() - begin or stop asking
 * @role:       any
 * @online:     whether its connection is ready
 */
void redis_role_watch(RedisRole *role, bool online);
