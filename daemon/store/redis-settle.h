#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Which server the Redis store works with, and whether what it acknowledges outlives that server: the sentinels' word, the
 * server's own, and that of its replicas.
 */

#include "daemon/store/store-object.h"

typedef struct RedisFindings RedisFindings;
typedef struct RedisRequest RedisRequest;
typedef struct RedisStore RedisStore;

/**
 * redis_settle_open() - begin to look after it
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
 * redis_settle_lost() - there is no master, or none that takes us
 * @store:      any
 */
void redis_settle_lost(RedisStore *store);

/**
 * redis_settle_finish() - the last step of a request that writes: complete its call, when replicas have it if they are to
 * @request:    gone afterwards, or when they have it
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
