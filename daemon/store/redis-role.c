/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>
#include <time.h>

#include "daemon/store/redis-connection.h"
#include "daemon/store/redis-role.h"

#define ASK_EVERY_USEC      UINT64_C(2000000)
#define TIMER_ACCURACY_USEC UINT64_C(100000)

struct RedisRole {
        RedisConnection *connection;
        RedisRoleDone done;
        void *userdata;
        sd_event_source *timer_source;
        bool online, asking;
};

RedisRoleKind redis_role_read(const redisReply *reply, unsigned int *ret_n_replicas) {
        const char *name;

        *ret_n_replicas = 0;
        if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0 ||
                reply->element[0]->type != REDIS_REPLY_STRING)
                return REDIS_ROLE_UNKNOWN;
        name = reply->element[0]->str;
        if (strcmp(name, "slave") == 0)
                return REDIS_ROLE_REPLICA;
        if (strcmp(name, "sentinel") == 0)
                return REDIS_ROLE_SENTINEL;
        if (strcmp(name, "master") != 0)
                return REDIS_ROLE_UNKNOWN;
        if (reply->elements >= 3 && reply->element[2]->type == REDIS_REPLY_ARRAY)
                *ret_n_replicas = (unsigned int)reply->element[2]->elements;
        return REDIS_ROLE_MASTER;
}

const char *redis_role_fault(RedisRoleKind kind) {
        switch (kind) {
        case REDIS_ROLE_REPLICA:
                return "the server is a replica, and not the master";
        case REDIS_ROLE_SENTINEL:
                return "the server is a sentinel: it belongs into Sentinels=";
        case REDIS_ROLE_UNKNOWN:
        case REDIS_ROLE_MASTER:
                break;
        }
        return "the server does not say whether it is the master (ROLE)";
}

static void on_role(int r, const redisReply *reply, void *userdata) {
        RedisRole *role = userdata;
        unsigned int n_replicas;
        RedisRoleKind kind;

        role->asking = false;
        if (r != 0 || !role->online)
                return;
        kind = redis_role_read(reply, &n_replicas);
        role->done(kind, n_replicas, role->userdata);
}

static void ask(RedisRole *role) {
        const char *argv[] = { "ROLE" };
        const RedisCommand command = {
                .argc = ARRAY_SIZE(argv),
                .argv = argv,
                .reply_max = REDIS_ROLE_REPLY_MAX,
                .done = on_role,
                .userdata = role,
        };

        if (role->asking || !role->online)
                return;
        role->asking = redis_connection_send(role->connection, &command) == 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)usec;
        ask(userdata);
        (void)sd_event_source_set_time_relative(source, ASK_EVERY_USEC);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int redis_role_new(sd_event *event, RedisConnection *connection, RedisRoleDone done, void *userdata,
        RedisRole **ret_role) {
        _cleanup_(redis_role_freep) RedisRole *role = calloc(1, sizeof(*role));
        int r;

        if (!role)
                return -ENOMEM;
        role->connection = connection;
        role->done = done;
        role->userdata = userdata;
        r = sd_event_add_time_relative(event, &role->timer_source, CLOCK_MONOTONIC, ASK_EVERY_USEC,
                TIMER_ACCURACY_USEC, on_timer, role);
        if (r < 0)
                return r;
        (void)sd_event_source_set_description(role->timer_source, "redis-role");
        *ret_role = TAKE_PTR(role);
        return 0;
}

RedisRole *redis_role_free(RedisRole *role) {
        if (!role)
                return NULL;
        sd_event_source_disable_unref(role->timer_source);
        free(role);
        return NULL;
}

void redis_role_watch(RedisRole *role, bool online) {
        role->online = online;
}
