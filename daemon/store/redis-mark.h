#pragma once
/* SPDX-License-Identifier: MIT */

#include "daemon/store/redis-request.h"

/**
 * redis_mark_change() - StoreOps.mark
 * @base:       a RedisStore
 * @call:       to be completed
 * @change:     which mark, and what it is to become
 *
 * Return: 0; negative errno.
 */
int redis_mark_change(UserStore *base, StoreCall *call, const StoreMarkChange *change);
