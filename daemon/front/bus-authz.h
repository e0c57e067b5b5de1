#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Who may call which method: one table, and a method without a row is not allowed.
 */

#include <stdbool.h>
#include <sys/types.h>

/* Instead of a polkit action: no action is needed. */
#define BUS_AUTHZ_FREE ""

/* A polkit action (or BUS_AUTHZ_FREE) for the caller's own sessions, and one for everything
 * else. */
typedef struct BusPermission {
        const char *method;
        const char *own;
        const char *others;
} BusPermission;

/**
 * bus_authz_find() - the row of a method
 * @method:     member name
 *
 * Return: static row; NULL: nobody may call it, not even root.
 */
const BusPermission *bus_authz_find(const char *method);

/**
 * bus_authz_is_privileged() - whether a caller passes without any question
 * @uid:        as the bus tells it; any 32-bit value
 *
 * root, and the daemon's own user, who can read the signing keys anyway.
 */
bool bus_authz_is_privileged(uid_t uid);

/**
 * bus_authz_is_free() - whether a permission needs no action
 * @action:     a member of a row
 */
bool bus_authz_is_free(const char *action);
