/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/store/redis-connection.h"
#include "daemon/store/redis-login.h"
#include "daemon/store/redis-server-id.h"
#include "daemon/store/redis-subscription.h"
#include "daemon/store/user-store.h"

#define CHANNEL            "__redis__:invalidate"
#define REPLY_MAX          65536u
#define NOTICE_MAX         ((size_t)8 * 1024 * 1024)
#define PING_INTERVAL_USEC UINT64_C(1000000)
#define PING_ACCURACY_USEC UINT64_C(100000)
/* The time-out of all commands, PING included: then the connection is given up. */
#define TIMEOUT_USEC UINT64_C(1000000)
/* How long an answered PING counts: both of the above, and the delay of a busy loop. */
#define BELIEVED_USEC UINT64_C(2500000)

struct RedisSubscription {
        RedisConnection *connection;
        const RedisLogin *login;
        RedisSubscriptionEvents events;
        sd_event_source *ping_timer;
        /* CLOCK_BOOTTIME, which goes on while the host sleeps */
        uint64_t asked_usec; /* when the PING was sent that is not answered; 0: none is */
        uint64_t alive_usec; /* when the last one was sent that is */
        char client_id[REDIS_CLIENT_ID_SIZE], server_id[REDIS_SERVER_ID_SIZE];
};

/* Not the loop's time: this turn of the loop may have begun before the daemon was stopped. */
static uint64_t now_usec(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_BOOTTIME, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void on_client_id(int r, const redisReply *reply, void *userdata) {
        RedisSubscription *subscription = userdata;

        if (r != 0)
                return;
        if (reply->type == REDIS_REPLY_INTEGER && reply->integer > 0)
                snprintf(subscription->client_id, sizeof(subscription->client_id), "%lld",
                        reply->integer);
        else
                redis_connection_refuse(subscription->connection, "the server refuses CLIENT ID");
}

static void on_info(int r, const redisReply *reply, void *userdata) {
        if (r == 0)
                redis_server_id_read(reply, ((RedisSubscription *)userdata)->server_id);
}

static bool is_subscribed(const redisReply *reply) {
        return reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
               reply->element[0]->type == REDIS_REPLY_STRING &&
               strcmp(reply->element[0]->str, "subscribe") == 0;
}

/* The last answer of the greeting. */
static void on_subscribed(int r, const redisReply *reply, void *userdata) {
        RedisSubscription *subscription = userdata;

        if (r != 0)
                return;
        if (!is_subscribed(reply)) {
                redis_connection_refuse(subscription->connection, "the server refuses SUBSCRIBE");
                return;
        }
        redis_connection_ready(subscription->connection);
        (void)sd_event_source_set_time_relative(subscription->ping_timer, PING_INTERVAL_USEC);
        (void)sd_event_source_set_enabled(subscription->ping_timer, SD_EVENT_ON);
        subscription->events.begun(
                subscription->client_id, subscription->server_id, subscription->events.userdata);
}

static void ask(RedisSubscription *subscription, const char *const words[2], RedisReplyDone done) {
        RedisCommand command = { .argc = 2,
                .argv = (const char **)words,
                .reply_max = REPLY_MAX,
                .done = done,
                .userdata = subscription };

        if (redis_connection_greet(subscription->connection, &command) < 0)
                redis_connection_refuse(subscription->connection, strerror(ENOMEM));
}

static void on_connected(RedisConnection *connection, void *userdata) {
        RedisSubscription *subscription = userdata;

        subscription->client_id[0] = '\0';
        subscription->asked_usec = 0;
        subscription->alive_usec = now_usec();
        redis_login_start(subscription->login, connection, "authtokend-notices");
        ask(subscription, (const char *const[]){ "CLIENT", "ID" }, on_client_id);
        ask(subscription, (const char *const[]){ "INFO", "server" }, on_info);
        ask(subscription, (const char *const[]){ "SUBSCRIBE", CHANNEL }, on_subscribed);
}

static void on_lost(bool was_ready, const char *why, void *userdata) {
        RedisSubscription *subscription = userdata;

        (void)was_ready;
        (void)sd_event_source_set_enabled(subscription->ping_timer, SD_EVENT_OFF);
        subscription->events.ended(why, subscription->events.userdata);
}

static bool is_message(const redisReply *reply) {
        return reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
               reply->element[0]->type == REDIS_REPLY_STRING &&
               strcmp(reply->element[0]->str, "message") == 0;
}

static bool on_pushed(const redisReply *reply, void *userdata) {
        RedisSubscription *subscription = userdata;
        const RedisSubscriptionEvents *events = &subscription->events;
        const redisReply *keys;

        if (!is_message(reply))
                return false;
        keys = reply->element[2];
        /* Without ACLs anybody may PUBLISH to the channel. Ignore messages that are no notices, and keep the
         * connection. */
        if (keys->type == REDIS_REPLY_NIL)
                events->flushed(events->userdata);
        for (size_t i = 0; keys->type == REDIS_REPLY_ARRAY && i < keys->elements; i++)
                if (keys->element[i]->type == REDIS_REPLY_STRING)
                        events->changed(
                                keys->element[i]->str, keys->element[i]->len, events->userdata);
        return true;
}

/* A PING without an answer ends the connection anyway. */
static void on_pong(int r, const redisReply *reply, void *userdata) {
        RedisSubscription *subscription = userdata;

        if (r != 0)
                return;
        if (reply->type == REDIS_REPLY_ERROR) {
                redis_connection_refuse(subscription->connection, "the server refuses PING");
                return;
        }
        if (subscription->asked_usec)
                subscription->alive_usec = subscription->asked_usec;
        subscription->asked_usec = 0;
}

static int on_ping_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        RedisSubscription *subscription = userdata;
        const char *argv[] = { "PING" };
        const RedisCommand command = { .argc = 1,
                .argv = argv,
                .reply_max = REPLY_MAX,
                .done = on_pong,
                .userdata = userdata };

        (void)usec;
        if (!subscription->asked_usec)
                subscription->asked_usec = now_usec();
        if (redis_connection_send(subscription->connection, &command) < 0)
                redis_connection_leave(subscription->connection, strerror(ENOMEM));
        return sd_event_source_set_time_relative(source, PING_INTERVAL_USEC);
}

int redis_subscription_new(sd_event *event, const RedisAddress *address, const RedisLogin *login,
        const RedisSubscriptionEvents *events, RedisSubscription **ret_subscription) {
        _cleanup_(redis_subscription_freep) RedisSubscription *subscription =
                calloc(1, sizeof(*subscription));
        const RedisConnectionEvents connection_events = {
                .connected = on_connected,
                .lost = on_lost,
                .pushed = on_pushed,
                .pushed_max = NOTICE_MAX,
                .userdata = subscription,
        };
        int r;

        if (!subscription)
                return -ENOMEM;
        subscription->login = login;
        subscription->events = *events;
        r = sd_event_add_time(event, &subscription->ping_timer, CLOCK_MONOTONIC, 0,
                PING_ACCURACY_USEC, on_ping_timer, subscription);
        if (r >= 0)
                r = sd_event_source_set_enabled(subscription->ping_timer, SD_EVENT_OFF);
        if (r >= 0)
                r = redis_connection_new(event, address, TIMEOUT_USEC, &connection_events,
                        &subscription->connection);
        if (r < 0)
                return r;
        *ret_subscription = TAKE_PTR(subscription);
        return 0;
}

RedisSubscription *redis_subscription_free(RedisSubscription *subscription) {
        if (!subscription)
                return NULL;
        redis_connection_free(subscription->connection);
        sd_event_source_disable_unref(subscription->ping_timer);
        free(subscription);
        return NULL;
}

bool redis_subscription_is_alive(const RedisSubscription *subscription) {
        return now_usec() - subscription->alive_usec <= BELIEVED_USEC;
}

void redis_subscription_leave(RedisSubscription *subscription, const char *why) {
        redis_connection_leave(subscription->connection, why);
}

void redis_subscription_try_now(RedisSubscription *subscription) {
        redis_connection_try_now(subscription->connection);
}

void redis_subscription_aim(RedisSubscription *subscription, const RedisAddress *address) {
        redis_connection_aim(subscription->connection, address);
}
