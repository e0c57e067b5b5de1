/* SPDX-License-Identifier: MIT */

/*
 * How soon a host knows of a change: from a write of a user's record on another connection until the store has told its
 * watcher and the load that a reconcile begins with has been started. The floor is what Redis itself takes to tell a
 * subscriber that does nothing but wait.
 */

#include <err.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "common/cleanup.h"
#include "daemon/config/config.h"
#include "daemon/session/state-fields.h"
#include "daemon/session/user-state.h"
#include "daemon/store-source.h"
#include "daemon/store/redis-keys.h"
#include "daemon/store/store-watch.h"
#include "daemon/store/user-store.h"
#include "tests/bench/bench-clock.h"
#include "tests/bench/bench-row.h"

#define USER        "alice"
#define CHANNEL     "authtoken-bench"
#define N_SAMPLES   400u
#define CONFIG_SIZE 512u

typedef struct Bench {
        sd_event *event;
        Config *config;
        UserStore *store;
        redisContext *writer, *subscriber;
        char *key;
        char version[STATE_VERSION_SIZE + 1]; /* of the user */
        bool waits, loading;
        uint64_t told_nsec;
} Bench;

static Bench bench;

static void on_notice(int priority, const char *message, void *userdata) {
        (void)userdata;
        if (priority <= LOG_ERR)
                fprintf(stderr, "%s\n", message);
}

static void turn(void) {
        if (sd_event_run(bench.event, UINT64_MAX) < 0)
                errx(EXIT_FAILURE, "the loop failed");
}

static void on_loaded(StoreCall *call, int r, UserState *state, void *userdata) {
        (void)call;
        (void)userdata;
        if (r != 0)
                errx(EXIT_FAILURE, "no state: %d", r);
        user_state_unref(state);
        bench.loading = false;
}

static void load(void) {
        StoreCall *call;

        if (user_store_load(bench.store, (StoreName){ bench.config->tenant, USER }, on_loaded, NULL,
                    &call) < 0)
                errx(EXIT_FAILURE, "no load");
        bench.loading = true;
}

static void on_changed(const char *tenant, const char *user, void *userdata) {
        (void)tenant;
        (void)userdata;
        if (!bench.waits || strcmp(user, USER) != 0)
                return;
        load();
        bench.told_nsec = bench_now_nsec();
        bench.waits = false;
}

static void on_missed(void *userdata) {
        (void)userdata;
}

static redisContext *connect_to(const char *path) {
        redisContext *redis = redisConnectUnix(path);

        if (!redis || redis->err)
                errx(EXIT_FAILURE, "%s: cannot connect", path);
        return redis;
}

static void send_now(redisContext *redis, int n, const char **arguments) {
        int done = 0;

        if (redisAppendCommandArgv(redis, n, arguments, NULL) != REDIS_OK)
                errx(EXIT_FAILURE, "Redis: %s", redis->errstr);
        while (!done)
                if (redisBufferWrite(redis, &done) != REDIS_OK)
                        errx(EXIT_FAILURE, "Redis: %s", redis->errstr);
}

static void take_reply(redisContext *redis) {
        redisReply *reply = NULL;

        if (redisGetReply(redis, (void **)&reply) != REDIS_OK || !reply ||
                reply->type == REDIS_REPLY_ERROR)
                errx(EXIT_FAILURE, "Redis: %s", reply ? reply->str : redis->errstr);
        freeReplyObject(reply);
}

/* What is written is what was there, so that it can be read again: to Redis it is a change all the same. */
static uint64_t notice_nsec(void) {
        const char *arguments[] = { "HSET", bench.key, "v", bench.version };
        uint64_t begin_nsec = bench_now_nsec();

        bench.waits = true;
        send_now(bench.writer, ARRAY_SIZE(arguments), arguments);
        while (bench.waits)
                turn();
        while (bench.loading)
                turn();
        take_reply(bench.writer);
        return bench.told_nsec - begin_nsec;
}

static uint64_t publish_nsec(void) {
        const char *arguments[] = { "PUBLISH", CHANNEL, "x" };
        uint64_t begin_nsec = bench_now_nsec(), nsec;

        send_now(bench.writer, ARRAY_SIZE(arguments), arguments);
        take_reply(bench.subscriber);
        nsec = bench_now_nsec() - begin_nsec;
        take_reply(bench.writer);
        return nsec;
}

static double middle_of(uint64_t (*measure)(void), BenchRow *row) {
        double seconds[N_SAMPLES];

        for (size_t i = 0; i < N_SAMPLES; i++)
                seconds[i] = (double)measure() / (double)NSEC_PER_SEC;
        row->n_answers += N_SAMPLES;
        return bench_median(seconds, N_SAMPLES);
}

static double notice_time(const BenchSetup *setup, BenchRow *row) {
        (void)setup;
        return middle_of(notice_nsec, row);
}

static double publish_time(const BenchSetup *setup, BenchRow *row) {
        BenchRow aside = { .name = "publish" };

        (void)setup;
        (void)row;
        return middle_of(publish_nsec, &aside);
}

static void open_store(const char *redis) {
        static const StoreWatcher watcher = { .changed = on_changed, .missed = on_missed };
        char text[CONFIG_SIZE], message[CONFIG_MESSAGE_MAX];
        StoreHealth health;

        snprintf(text, sizeof(text), "[Store]\nType=redis\nAddress=unix:%s\n", redis);
        if (config_parse(text, strlen(text), message, sizeof(message), &bench.config))
                errx(EXIT_FAILURE, "%s", message);
        if (sd_event_new(&bench.event) < 0 ||
                store_source_open(bench.config, bench.event, on_notice, NULL, &bench.store))
                errx(EXIT_FAILURE, "no store");
        user_store_watch(bench.store, &watcher);
        for (user_store_health(bench.store, &health); !health.watching;
                user_store_health(bench.store, &health))
                turn();
}

/* A user of whom nothing is known but that tokens of before the year 2001 are not taken. */
static void write_user(void) {
        const char *arguments[] = { "HSET", bench.key, "v", bench.version, "nb", "978307200" };

        send_now(bench.writer, ARRAY_SIZE(arguments), arguments);
        take_reply(bench.writer);
}

static void open_all(const char *redis) {
        const char *arguments[] = { "SUBSCRIBE", CHANNEL };
        StateVersion version;

        open_store(redis);
        bench.key = redis_key_user(bench.config->store_prefix, bench.config->tenant, USER);
        state_version_make(&(StateVersion){ 0 }, bench.config->tenant, USER, 1, &version);
        state_version_format(&version, bench.version);
        if (!bench.key)
                errx(EXIT_FAILURE, "no memory");
        bench.writer = connect_to(redis);
        bench.subscriber = connect_to(redis);
        send_now(bench.subscriber, ARRAY_SIZE(arguments), arguments);
        take_reply(bench.subscriber);
        write_user();
}

static void close_all(void) {
        user_store_free(bench.store);
        redisFree(bench.writer);
        redisFree(bench.subscriber);
        sd_event_unref(bench.event);
        config_free(bench.config);
        free(bench.key);
}

int main(int argc, char **argv) {
        const BenchSetup setup = { 0 };
        BenchRow row = {
                .name = "notice", .unit = "s", .ours = notice_time, .floor = publish_time
        };

        if (argc != 2)
                errx(2, "usage: %s REDIS-SOCKET", argv[0]);
        open_all(argv[1]);
        bench_row_run(&setup, &row);
        close_all();
        return EXIT_SUCCESS;
}
