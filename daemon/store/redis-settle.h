#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Which server the Redis store uses, and whether acknowledged writes outlive that server: the answers of the
 * sentinels, of the server itself, and of its replicas.
 */

#include "daemon/store/store-object.h"

typedef struct RedisFindings RedisFindings;
typedef struct RedisRequest RedisRequest;
typedef struct RedisStore RedisStore;

/**
 * redis_settle_open() - begin to follow the master
 * @store:      its connection is there
 * @config:     borrowed
 *
 * Return: 0; negative errno.
 */
int redis_settle_open(RedisStore *store, const StoreConfig *config);

/**
 * redis_settle_greeted() - a master has been greeted
 * @store:      any
 * @findings:   of it
 */
void redis_settle_greeted(RedisStore *store, const RedisFindings *findings);

/**
 * redis_settle_lost() - there is no master, or none that accepts us
 * @store:      any
 */
void redis_settle_lost(RedisStore *store);

/**
 * redis_settle_finish() - the last step of a request that writes: complete its call, if necessary after replicas have the
 * write
 * @request:    freed then
 * @r:          0, STORE_E_* or negative errno
 * @result:     as for redis_request_finish()
 */
void redis_settle_finish(RedisRequest *request, int r, StoreResult *result);

/**
 * redis_settle_start() - see user_store_settle()
 * @base:       of a Redis store
 * @call:       completed with 0 or STORE_E_UNREPLICATED
 *
 * Return: 0 started; negative errno.
 */
int redis_settle_start(UserStore *base, StoreCall *call);
