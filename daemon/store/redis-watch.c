/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/text-hash.h"
#include "common/text.h"
#include "daemon/store/redis-connection.h"
#include "daemon/store/redis-keys.h"
#include "daemon/store/redis-server-id.h"
#include "daemon/store/redis-subscription.h"
#include "daemon/store/redis-watch.h"
#include "daemon/store/user-store.h"

#define REPLY_MAX           65536u
#define N_BUCKETS           1024u
#define CHECK_INTERVAL_USEC UINT64_C(2000000)
#define UNNAMED             "the server does not say by INFO which one it is"
#define APART               "it leads to another server"
#define CHECKS_PER_AGE      30u /* a minute */
#define CHECK_ACCURACY_USEC UINT64_C(500000)

struct RedisWatch {
        sd_event *event;
        RedisWatchEvents events;
        RedisSubscription *subscription;
        RedisConnection *connection; /* for commands; borrowed */
        sd_event_source *begin_source, *check_timer;
        char *prefix;
        char client_id[REDIS_CLIENT_ID_SIZE]; /* of the subscription; empty: there is none */
        char asked_id[REDIS_CLIENT_ID_SIZE];  /* that notices were asked for */
        char told_by[REDIS_SERVER_ID_SIZE];   /* the server of the subscription, */
        char asked_of[REDIS_SERVER_ID_SIZE];  /* and that of the commands */
        unsigned int n_checks;
        bool connected; /* for commands */
        bool on;
        bool unlooked; /* nobody was told yet to look, since commands can be sent again */
        bool apart;    /* at the last check the connections may have led to two servers */
        uint64_t n_changes, all_changed_at;
        uint64_t changed_at[N_BUCKETS]; /* by the hash of the user */
};

/* Two users who share a bucket cost a load. */
static size_t bucket_of(const char *user) {
        return text_hash_add(text_hash_begin(), user) % N_BUCKETS;
}

static void all_changed(RedisWatch *watch) {
        watch->all_changed_at = ++watch->n_changes;
        watch->unlooked = false;
        watch->events.missed(watch->events.userdata);
}

static void turn_off(RedisWatch *watch, const char *why) {
        watch->on = false;
        watch->asked_id[0] = '\0';
        watch->events.health(why, watch->events.userdata);
        /* Even without notices the others have to look once after a reconnect. */
        if (watch->connected && watch->unlooked)
                all_changed(watch);
}

static void say(RedisWatch *watch, const char **argv, RedisReplyDone done) {
        RedisCommand command = {
                .argv = argv, .reply_max = REPLY_MAX, .done = done, .userdata = watch
        };

        while (argv[command.argc])
                command.argc++;
        /* Without a connection its owner tells us so. */
        if (redis_connection_send(watch->connection, &command) < 0)
                redis_connection_leave(watch->connection, strerror(ENOMEM));
}

static void on_info(int r, const redisReply *reply, void *userdata) {
        if (r == 0)
                redis_server_id_read(reply, ((RedisWatch *)userdata)->asked_of);
}

/* Tracking is turned off first: if it is still on, asking again fails, as the prefixes would
 * overlap. */
static void on_tracking_off(int r, const redisReply *reply, void *userdata) {
        (void)r;
        (void)reply;
        (void)userdata;
}

/* The first time at once. If it stays like that, only with each check. */
static void leave_other_server(RedisWatch *watch) {
        const char *why = watch->told_by[0] && watch->asked_of[0] ? APART : UNNAMED;

        turn_off(watch, why);
        if (!watch->apart)
                redis_subscription_leave(watch->subscription, why);
        watch->apart = true;
}

static void on_tracking_on(int r, const redisReply *reply, void *userdata) {
        RedisWatch *watch = userdata;

        /* The answer for a subscription that has ended meanwhile; the next question is under
         * way. */
        if (r != 0 || !watch->asked_id[0] || strcmp(watch->asked_id, watch->client_id) != 0)
                return;
        if (reply->type != REDIS_REPLY_STATUS || strcmp(reply->str, "OK") != 0) {
                turn_off(watch, "the server refuses CLIENT TRACKING");
                return;
        }
        /* Client ids are numbers from 1, so another server may well have a client with this id. */
        if (!watch->told_by[0] || strcmp(watch->told_by, watch->asked_of) != 0) {
                leave_other_server(watch);
                return;
        }
        watch->apart = false;
        watch->on = true;
        watch->events.health(NULL, watch->events.userdata);
        all_changed(watch);
}

static int on_begin(sd_event_source *source, void *userdata) {
        RedisWatch *watch = userdata;
        const char *info[] = { "INFO", "server", NULL };
        const char *off[] = { "CLIENT", "TRACKING", "OFF", NULL };
        const char *on[] = { "CLIENT", "TRACKING", "ON", "REDIRECT", watch->asked_id, "BCAST",
                "PREFIX", watch->prefix, NULL };

        (void)source;
        if (!watch->connected || !watch->client_id[0])
                return 0;
        memcpy(watch->asked_id, watch->client_id, sizeof(watch->asked_id));
        say(watch, info, on_info);
        say(watch, off, on_tracking_off);
        say(watch, on, on_tracking_on);
        return 0;
}

/* From the loop, because a connection that has just been greeted takes no commands yet. */
static void begin(RedisWatch *watch) {
        if (watch->connected && watch->client_id[0])
                (void)sd_event_source_set_enabled(watch->begin_source, SD_EVENT_ONESHOT);
}

static const redisReply *find_value(const redisReply *reply, const char *name) {
        for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements; i += 2)
                if (reply->element[i]->type == REDIS_REPLY_STRING &&
                        strcmp(reply->element[i]->str, name) == 0)
                        return reply->element[i + 1];
        return NULL;
}

static bool has_word(const redisReply *reply, const char *word) {
        for (size_t i = 0; reply && reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
                if (reply->element[i]->type == REDIS_REPLY_STRING &&
                        strcmp(reply->element[i]->str, word) == 0)
                        return true;
        return false;
}

static bool is_tracking(const RedisWatch *watch, const redisReply *reply) {
        const redisReply *flags = find_value(reply, "flags");
        const redisReply *redirect = find_value(reply, "redirect");

        return has_word(flags, "bcast") && !has_word(flags, "broken_redirect") &&
               has_word(find_value(reply, "prefixes"), watch->prefix) && redirect &&
               redirect->type == REDIS_REPLY_INTEGER &&
               redirect->integer == strtoll(watch->client_id, NULL, 10);
}

static void on_tracking_info(int r, const redisReply *reply, void *userdata) {
        RedisWatch *watch = userdata;

        /* A server without TRACKINGINFO is trusted as long as it answers PING. */
        if (r != 0 || !watch->on || reply->type == REDIS_REPLY_ERROR || is_tracking(watch, reply))
                return;
        turn_off(watch, "the server has stopped sending notices");
        begin(watch);
}

static void check(RedisWatch *watch) {
        const char *info[] = { "CLIENT", "TRACKINGINFO", NULL };

        if (watch->connected)
                say(watch, info, on_tracking_info);
}

static int on_check_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        RedisWatch *watch = userdata;

        (void)usec;
        if (++watch->n_checks % CHECKS_PER_AGE == 0) {
                watch->all_changed_at = ++watch->n_changes;
                watch->events.aged(watch->events.userdata);
        }
        if (watch->on)
                check(watch);
        else if (watch->apart && watch->client_id[0])
                redis_subscription_leave(watch->subscription, APART);
        else
                begin(watch);
        return sd_event_source_set_time_relative(source, CHECK_INTERVAL_USEC);
}

/* The connection that is back first makes the other one try: until both are, sessions that ended
 * meanwhile go on here. */
static void on_subscription_begun(const char *client_id, const char *server_id, void *userdata) {
        RedisWatch *watch = userdata;

        memcpy(watch->client_id, client_id, sizeof(watch->client_id));
        memcpy(watch->told_by, server_id, sizeof(watch->told_by));
        redis_connection_try_now(watch->connection);
        begin(watch);
}

static void on_subscription_ended(const char *why, void *userdata) {
        RedisWatch *watch = userdata;
        bool had_begun = watch->client_id[0] != '\0';

        watch->client_id[0] = '\0';
        turn_off(watch, why);
        /* The same cause may have cut the other connection, which nobody has used since. */
        if (had_begun)
                check(watch);
}

static bool ends_with(const char *text, size_t size, const char *end) {
        size_t end_size = strlen(end);

        return size > end_size && memcmp(text + size - end_size, end, end_size) == 0;
}

static void on_key_changed(const char *key, size_t size, void *userdata) {
        RedisWatch *watch = userdata;
        size_t prefix_size = strlen(watch->prefix), user_size;
        char user[USER_NAME_MAX + 1];
        bool lifted;

        if (size <= prefix_size || memcmp(key, watch->prefix, prefix_size) != 0)
                return;
        key += prefix_size;
        size -= prefix_size;
        lifted = ends_with(key, size, REDIS_KEY_LIFTED);
        user_size = lifted ? size - strlen(REDIS_KEY_LIFTED) : size;
        if (!text_is_user_name(key, user_size))
                return;
        memcpy(user, key, user_size);
        user[user_size] = '\0';
        watch->changed_at[bucket_of(user)] = ++watch->n_changes;
        if (lifted)
                watch->events.lifted(user, watch->events.userdata);
        else
                watch->events.changed(user, watch->events.userdata);
}

static void on_flushed(void *userdata) {
        all_changed(userdata);
}

static int add_sources(RedisWatch *watch) {
        int r;

        r = sd_event_add_defer(watch->event, &watch->begin_source, on_begin, watch);
        if (r >= 0)
                r = sd_event_source_set_enabled(watch->begin_source, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_time_relative(watch->event, &watch->check_timer, CLOCK_MONOTONIC,
                        CHECK_INTERVAL_USEC, CHECK_ACCURACY_USEC, on_check_timer, watch);
        return r < 0 ? r : sd_event_source_set_enabled(watch->check_timer, SD_EVENT_ON);
}

int redis_watch_new(
        const RedisWatchPlace *place, const RedisWatchEvents *events, RedisWatch **ret_watch) {
        _cleanup_(redis_watch_freep) RedisWatch *watch = calloc(1, sizeof(*watch));
        const RedisSubscriptionEvents subscription_events = {
                .begun = on_subscription_begun,
                .ended = on_subscription_ended,
                .changed = on_key_changed,
                .flushed = on_flushed,
                .userdata = watch,
        };
        int r;

        if (!watch)
                return -ENOMEM;
        watch->event = sd_event_ref(place->event);
        watch->events = *events;
        watch->connection = place->connection;
        watch->prefix = strdup(place->prefix);
        if (!watch->prefix)
                return -ENOMEM;
        r = add_sources(watch);
        if (r >= 0)
                r = redis_subscription_new(place->event, place->address, place->login,
                        &subscription_events, &watch->subscription);
        if (r < 0)
                return r;
        *ret_watch = TAKE_PTR(watch);
        return 0;
}

RedisWatch *redis_watch_free(RedisWatch *watch) {
        if (!watch)
                return NULL;
        redis_subscription_free(watch->subscription);
        sd_event_source_disable_unref(watch->begin_source);
        sd_event_source_disable_unref(watch->check_timer);
        sd_event_unref(watch->event);
        free(watch->prefix);
        free(watch);
        return NULL;
}

void redis_watch_connected(RedisWatch *watch) {
        watch->connected = true;
        watch->unlooked = true;
        redis_subscription_try_now(watch->subscription);
        begin(watch);
}

void redis_watch_disconnected(RedisWatch *watch) {
        if (!watch || !watch->connected)
                return;
        watch->connected = false;
        turn_off(watch, "no connection");
}

void redis_watch_aim(RedisWatch *watch, const RedisAddress *address) {
        redis_subscription_aim(watch->subscription, address);
}

bool redis_watch_is_on(const RedisWatch *watch) {
        return watch && watch->on && redis_subscription_is_alive(watch->subscription);
}

uint64_t redis_watch_mark(const RedisWatch *watch) {
        return watch ? watch->n_changes : 0;
}

bool redis_watch_is_fresh(const RedisWatch *watch, const char *user, uint64_t mark) {
        return redis_watch_is_on(watch) && watch->all_changed_at <= mark &&
               watch->changed_at[bucket_of(user)] <= mark;
}
