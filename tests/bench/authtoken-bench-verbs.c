/* SPDX-License-Identifier: MIT */

/*
 * Issue and refresh on the daemon's own verbs, without a bus in front: many users at once, each with the whole way from
 * the order to the signed pair whose session is stored. The floor signs with the same key and does nothing else.
 */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/secret.h"
#include "daemon/config/config.h"
#include "daemon/journal/journal.h"
#include "daemon/keys/signer.h"
#include "daemon/login/login-registry.h"
#include "daemon/operation/audit-meter.h"
#include "daemon/operation/clock-keeper.h"
#include "daemon/operation/context.h"
#include "daemon/operation/deadline.h"
#include "daemon/operation/metrics.h"
#include "daemon/operation/operation.h"
#include "daemon/operation/owner-cache.h"
#include "daemon/operation/user-queue.h"
#include "daemon/operation/user-rules.h"
#include "daemon/store-source.h"
#include "daemon/store/user-store.h"
#include "daemon/token/key-directory.h"
#include "daemon/token/token-cache.h"
#include "daemon/verb/refresh.h"
#include "daemon/verb/session-verbs.h"
#include "tests/bench/bench-clock.h"
#include "tests/bench/bench-key.h"
#include "tests/bench/bench-row.h"

#define N_USERS      1024u
#define N_IN_FLIGHT  256u
#define N_SIGNATURES 64u
#define TEXT_SIZE    330u /* what an access token's signature is over */
#define CONFIG_SIZE  1024u

/* One client: it waits for its answer, then asks again. */
typedef struct Client {
        Secret *refresh;
} Client;

typedef struct Bench {
        Context context;
        Metrics metrics;
        AuditMeter meter;
        Config *config;
        BenchKey *key;
        Client clients[N_USERS];
        uint64_t n_done, n_started, n_users;
        unsigned int n_in_flight;
        bool is_over; /* who has an answer asks for nothing more */
        bool refreshing;
} Bench;

static Bench bench;

static void start(Client *client);

static void on_done(Operation *op, const OperationResult *result, void *userdata) {
        Client *client = userdata;

        (void)op;
        if (result->reason != REASON_OK)
                errx(EXIT_FAILURE, "refused: %s", reason_code(result->reason));
        if (result->refresh) {
                client->refresh = secret_free(client->refresh);
                if (secret_new(result->refresh->data, result->refresh->size, &client->refresh) < 0)
                        errx(EXIT_FAILURE, "no memory");
        }
        bench.n_done++;
        bench.n_in_flight--;
        if (!bench.is_over)
                start(&bench.clients[bench.n_started % N_USERS]);
}

/* Each issue is another user's: what many sessions of one user cost is another question. */
static void start(Client *client) {
        char user[32];
        int r;

        snprintf(user, sizeof(user), "user%llu", (unsigned long long)bench.n_users);
        bench.n_users += !bench.refreshing;
        bench.n_started++;
        bench.n_in_flight++;
        r = bench.refreshing
                    ? refresh_start(&bench.context, &(RefreshOrder){ .token = client->refresh },
                              on_done, client, NULL)
                    : issue_start(
                              &bench.context, &(IssueOrder){ .user = user }, on_done, client, NULL);
        if (r < 0)
                errx(EXIT_FAILURE, "not started: %d", r);
}

static void turn(void) {
        if (sd_event_run(bench.context.event, UINT64_MAX) < 0)
                errx(EXIT_FAILURE, "the loop failed");
}

/* Until nobody waits any more. Nobody asks again. */
static void drain(void) {
        bench.is_over = true;
        while (bench.n_in_flight > 0)
                turn();
}

static void start_first(bool refreshing, uint64_t n_first) {
        bench.refreshing = refreshing;
        bench.n_done = 0;
        bench.is_over = false;
        for (uint64_t i = 0; i < n_first; i++)
                start(&bench.clients[bench.n_started % N_USERS]);
}

/* How many a second, while as many are under way as there may be: not from when the first is asked for until all of
 * those have been answered, nor while the last are. */
static double run(bool refreshing) {
        uint64_t begin_nsec, now_nsec, n_before;
        double rate;

        start_first(refreshing, N_IN_FLIGHT);
        while (bench.n_done < N_IN_FLIGHT)
                turn();
        n_before = bench.n_done;
        begin_nsec = bench_now_nsec();
        do {
                turn();
                now_nsec = bench_now_nsec();
        } while (now_nsec - begin_nsec < BENCH_ROUND_NSEC);
        rate = (double)(bench.n_done - n_before) * (double)NSEC_PER_SEC /
               (double)(now_nsec - begin_nsec);
        drain();
        return rate;
}

static double issue_rate(const BenchSetup *setup, BenchRow *row) {
        double rate = run(false);

        (void)setup;
        row->n_answers += bench.n_done;
        return rate;
}

static double refresh_rate(const BenchSetup *setup, BenchRow *row) {
        double rate = run(true);

        (void)setup;
        row->n_answers += bench.n_done;
        return rate;
}

static double sign_rate(const BenchSetup *setup, BenchRow *row) {
        uint8_t signature[BENCH_SIGNATURE_SIZE];
        uint64_t begin_nsec = bench_now_nsec(), elapsed_nsec, n = 0;
        char text[TEXT_SIZE];

        (void)setup;
        (void)row;
        memset(text, 'x', sizeof(text));
        do {
                for (unsigned int i = 0; i < N_SIGNATURES; i++) {
                        memcpy(text, &n, sizeof(n));
                        bench_key_sign(bench.key, text, sizeof(text), signature);
                        n++;
                }
                elapsed_nsec = bench_now_nsec() - begin_nsec;
        } while (elapsed_nsec < BENCH_ROUND_NSEC);
        return (double)n * (double)NSEC_PER_SEC / (double)elapsed_nsec;
}

static void on_notice(int priority, const char *message, void *userdata) {
        (void)priority;
        (void)userdata;
        fprintf(stderr, "%s\n", message);
}

static void open_config(const char *directory, const char *redis) {
        char text[CONFIG_SIZE], message[CONFIG_MESSAGE_MAX], store[CONFIG_SIZE / 2];

        if (redis)
                snprintf(store, sizeof(store), "Type=redis\nAddress=unix:%s\n", redis);
        else
                snprintf(store, sizeof(store), "Synchronous=off\nPath=%s/verbs.db\n", directory);
        snprintf(text, sizeof(text),
                "[Daemon]\nStateDirectory=%s\nRuntimeDirectory=%s\n[Keys]\nDirectory=%s/keys\n"
                "[Store]\n%s",
                directory, directory, directory, store);
        if (config_parse(text, strlen(text), message, sizeof(message), &bench.config))
                errx(EXIT_FAILURE, "%s", message);
        bench.context.config = bench.config;
}

static void open_keys(const char *directory) {
        char path[CONFIG_SIZE];
        KeyDirectoryRules rules = { .directory = bench.config->key_directory,
                .generate_refresh = true };
        KeyFault fault = { "" };

        if (key_directory_load(&rules, &bench.context.keyring, &fault))
                errx(EXIT_FAILURE, "%s", fault.text);
        snprintf(path, sizeof(path), "%s/keys/bench.pem", directory);
        bench.key = bench_key_load(path);
}

static void wait_until_online(void) {
        StoreHealth health;

        for (user_store_health(bench.context.store, &health); !health.online;
                user_store_health(bench.context.store, &health))
                turn();
}

static void open_all(const char *directory, const char *redis) {
        Context *context = &bench.context;

        context->metrics = &bench.metrics;
        context->meter = &bench.meter;
        open_config(directory, redis);
        open_keys(directory);
        if (sd_event_new(&context->event) < 0 ||
                journal_new(context->event, JOURNAL_STDERR, LOG_INFO, &context->journal) < 0 ||
                clock_keeper_new(context, &context->clock) < 0 ||
                store_source_open(bench.config, context->event, on_notice, NULL, &context->store) ||
                token_cache_new(TOKEN_CACHE_ENTRIES_DEFAULT, TOKEN_CACHE_BYTES_DEFAULT,
                        &context->cache) < 0 ||
                signer_new(context->event, &context->signer) < 0 ||
                user_queue_new(context->store, &context->queue) < 0 ||
                owner_cache_new(&context->owners) < 0 ||
                login_registry_open(bench.config->runtime_directory, &context->logins) < 0 ||
                deadline_timer_new(context, &context->deadlines) < 0 ||
                user_rules_new(context, &context->user_rules) < 0)
                errx(EXIT_FAILURE, "the parts cannot be put together");
        wait_until_online();
}

static void close_all(void) {
        Context *context = &bench.context;

        for (size_t i = 0; i < N_USERS; i++)
                secret_free(bench.clients[i].refresh);
        deadline_timer_free(context->deadlines);
        user_queue_free(context->queue);
        signer_free(context->signer);
        owner_cache_free(context->owners);
        user_rules_free(context->user_rules);
        login_registry_free(context->logins);
        user_store_free(context->store);
        token_cache_free(context->cache);
        keyring_unref(context->keyring);
        bench_key_free(bench.key);
        clock_keeper_free(context->clock);
        journal_free(context->journal);
        sd_event_unref(context->event);
        config_free(bench.config);
}

static void bench_issue(void) {
        const BenchSetup setup = { 0 };
        BenchRow row = { .name = "issue", .unit = "1/s", .ours = issue_rate, .floor = sign_rate };

        bench_row_run(&setup, &row);
}

/* A session for each client, whose tokens are then refreshed. */
static void bench_refresh(void) {
        const BenchSetup setup = { 0 };
        BenchRow row = {
                .name = "refresh", .unit = "1/s", .ours = refresh_rate, .floor = sign_rate
        };

        start_first(false, N_USERS);
        drain();
        bench_row_run(&setup, &row);
}

int main(int argc, char **argv) {
        if (argc < 3 || argc > 4)
                errx(2, "usage: %s ROW DIRECTORY [REDIS-SOCKET]; the key is keys/bench.pem in it",
                        argv[0]);
        open_all(argv[2], argc > 3 ? argv[3] : NULL);
        if (strcmp(argv[1], "issue") == 0)
                bench_issue();
        else if (strcmp(argv[1], "refresh") == 0)
                bench_refresh();
        else
                errx(2, "%s: no such row", argv[1]);
        close_all();
        return EXIT_SUCCESS;
}
