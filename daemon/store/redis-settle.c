/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "daemon/store/redis-request.h"
#include "daemon/store/redis-settle.h"

#define ROLES_PER_LOOK 5u /* 10 s */

static void tell_unreplicated(RedisStore *store, const char *fault) {
        store_notices_tell(&store->notices, &store->base, STORE_FAILURE_REPLICAS,
                "%s: a revocation is in force, but a failover may undo it: %s", store->address.text,
                fault);
}

/* The result of a mark request is its mark. */
static void on_settled(const char *fault, void *userdata) {
        RedisRequest *request = userdata;
        RedisStore *store = request->store;
        StoreResult result = { .mark = request->value };

        if (fault)
                tell_unreplicated(store, fault);
        /* The server that acknowledged is not the master now. */
        if (fault == redis_replicas_other)
                redis_connection_leave(store->connection, fault);
        redis_request_finish(request, fault ? STORE_E_UNREPLICATED : 0, &result);
}

/* Return: 0 on_settled() will finish the request. */
static int settle(RedisRequest *request) {
        RedisStore *store = request->store;

        return redis_replicas_settle(store->replicas, store->stream, on_settled, request);
}

void redis_settle_finish(RedisRequest *request, int r, StoreResult *result) {
        RedisStore *store = request->store;

        if (r != 0 || !request->settle || !store->replicas) {
                redis_request_finish(request, r, result);
                return;
        }
        if (result->mark) {
                request->value = strdup(result->mark);
                if (!request->value)
                        r = -ENOMEM;
        }
        if (r == 0 && settle(request) == 0)
                return;
        tell_unreplicated(store, "the replicas cannot be asked");
        redis_request_finish(request, STORE_E_UNREPLICATED, result);
}

int redis_settle_start(UserStore *base, StoreCall *call) {
        RedisStore *store = (RedisStore *)base;
        RedisRequest *request;
        int r;

        r = redis_request_new(store, STORE_CALL_SETTLE, "", "", &request);
        if (r < 0)
                return r;
        r = settle(request);
        if (r == 0)
                return redis_request_started(request, call, 0);
        tell_unreplicated(store, "the replicas cannot be asked");
        return redis_request_started(request, call, r < 0 ? r : STORE_E_UNREPLICATED);
}

static void count_replicas(RedisStore *store, unsigned int n) {
        StoreHealth *health = &store->base.health;
        bool few = n < health->n_replicas_wanted;

        health->n_replicas = n;
        if (store->replicas)
                redis_replicas_count(store->replicas, n);
        if (few == store->few_replicas)
                return;
        store->few_replicas = few;
        if (few)
                store_tell(&store->base, LOG_WARNING,
                        "%s: %u replicas are there, %u are wanted (WaitReplicas=): revocations are "
                        "in "
                        "force, but a failover may undo them",
                        store->address.text, n, health->n_replicas_wanted);
        else
                store_tell(&store->base, LOG_NOTICE,
                        "%s: %u replicas are there, as many as are wanted", store->address.text, n);
}

static void on_role(RedisRoleKind kind, unsigned int n_replicas, void *userdata) {
        RedisStore *store = userdata;

        if (kind == REDIS_ROLE_MASTER)
                count_replicas(store, n_replicas);
        else
                redis_connection_leave(store->connection, redis_role_fault(kind));
        if (++store->n_roles % ROLES_PER_LOOK == 0)
                redis_handshake_look_again(store->handshake);
}

static void on_master(const RedisAddress *address, void *userdata) {
        RedisStore *store = userdata;

        store->address = *address;
        /* The new master was announced already: do not report the end of the old connection as a
         * failure. */
        snprintf(store->told, sizeof(store->told), "%s", REDIS_CONNECTION_AIMED);
        redis_connection_aim(store->connection, address);
        if (store->watch)
                redis_watch_aim(store->watch, address);
        if (store->replicas)
                redis_replicas_aim(store->replicas, address);
}

static void on_tell(int priority, const char *text, void *userdata) {
        store_tell(userdata, priority, "%s", text);
}

static int open_sentinel(RedisStore *store, const StoreConfig *config) {
        const RedisSentinelEvents events = {
                .master = on_master, .tell = on_tell, .userdata = store
        };

        return redis_sentinel_new(config, store->base.event, &events, &store->sentinel);
}

int redis_settle_open(RedisStore *store, const StoreConfig *config) {
        int r;

        r = redis_role_new(store->base.event, store->connection, on_role, store, &store->role);
        if (r >= 0 && config->wait_replicas > 0)
                r = redis_replicas_new(config, store->login, store->base.event,
                        config->sentinels ? NULL : &store->address, &store->replicas);
        if (r >= 0 && config->sentinels)
                r = open_sentinel(store, config);
        store->base.settles = config->wait_replicas > 0;
        store->base.health.n_replicas_wanted = config->wait_replicas;
        return r;
}

void redis_settle_greeted(RedisStore *store, const RedisFindings *findings) {
        memcpy(store->stream, findings->stream, sizeof(store->stream));
        redis_role_watch(store->role, true);
        count_replicas(store, findings->n_replicas);
        if (store->sentinel)
                redis_sentinel_confirm(store->sentinel);
}

void redis_settle_lost(RedisStore *store) {
        store->stream[0] = '\0';
        redis_role_watch(store->role, false);
        if (store->sentinel)
                redis_sentinel_refute(store->sentinel);
}
