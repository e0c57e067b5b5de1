/* SPDX-License-Identifier: MIT */

/*
 * Hosts that count one store's sessions: `test-census sqlite`, where there is but one, and `test-census redis`.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/config/config.h"
#include "daemon/journal/journal.h"
#include "daemon/login/login-registry.h"
#include "daemon/operation/census.h"
#include "daemon/operation/clock-keeper.h"
#include "daemon/operation/login-report.h"
#include "daemon/operation/metrics.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/user-queue.h"
#include "daemon/store/store-mark.h"
#include "daemon/store/store-stats.h"
#include "store-case.h"

#define USERS_KEY  "authtoken:default:users"
#define MARK_KEY   "authtoken:default:census"
#define TURN_USEC  20000
#define TURNS_MAX  20000u
#define DEAD_MARK  "c1 AAAAAAAAAAAAAAAAAAAAAA 7 1732204800 12 4 0"
#define OTHER_MARK "c1 BBBBBBBBBBBBBBBBBBBBBA 1 1732204800 12 4 0"

/* One daemon, as far as it counts. */
typedef struct Host {
        StoreFixture *fixture;
        char directory[96];
        char tenant[8];
        Config config;
        Context context;
        Metrics metrics;
} Host;

static void host_start(Host *host, StoreFixture *fixture, const char *name) {
        Context *context = &host->context;

        *host = (Host){ .fixture = fixture, .tenant = "default" };
        snprintf(host->directory, sizeof(host->directory), "%s/%s", fixture->directory, name);
        (void)mkdir(host->directory, 0700);
        host->config.tenant = host->tenant;
        host->config.store_type = store_case_type;
        host->config.runtime_directory = host->config.state_directory = host->directory;
        snprintf(context->host, sizeof(context->host), "%s", name);
        context->config = &host->config;
        context->event = fixture->event;
        context->store = fixture->store;
        context->metrics = &host->metrics;
        assert_int_equal(journal_new(NULL, JOURNAL_STDERR, LOG_CRIT, &context->journal), 0);
        assert_int_equal(clock_keeper_new(context, &context->clock), 0);
        assert_int_equal(user_queue_new(fixture->store, &context->queue), 0);
        assert_int_equal(census_view_new(&context->census_view), 0);
        assert_int_equal(login_registry_open(host->directory, &context->logins), 0);
        assert_int_equal(login_report_new(context, &context->report), 0);
}

static void host_stop(Host *host) {
        operation_free_all(&host->context);
        census_view_free(host->context.census_view);
        login_report_free(host->context.report);
        login_registry_free(host->context.logins);
        user_queue_free(host->context.queue);
        clock_keeper_free(host->context.clock);
        journal_free(host->context.journal);
}

static void wait_until_done(Host *host) {
        for (unsigned int i = 0; census_is_busy(host->context.census_view) && i < TURNS_MAX; i++)
                store_fixture_turn(host->fixture, TURN_USEC);
        assert_false(census_is_busy(host->context.census_view));
}

static void do_round(Host *host) {
        census_start(&host->context);
        wait_until_done(host);
}

static uint64_t count_loads(const Host *host) {
        return user_store_stats(host->fixture->store)->n_outcomes[STORE_LOAD][STORE_OUTCOME_OK];
}

static void test_sessions_and_users_are_counted(void **test) {
        Host host;

        host_start(&host, *test, "one");
        do_round(&host);
        assert_int_equal(host.metrics.n_users, 0);
        assert_true(host.metrics.counted_at_sec > 0);
        fixture_store_user(*test, "alice", 1);
        fixture_store_user(*test, "bob", 2);
        do_round(&host);
        assert_int_equal(host.metrics.n_users, 2);
        assert_int_equal(host.metrics.n_live_sessions, 2);
        assert_false(host.metrics.users_lost);
        host_stop(&host);
}

static void test_a_large_store_is_counted_page_by_page(void **test) {
        Host host;
        char user[16];

        for (unsigned int i = 0; i < 1100; i++) {
                snprintf(user, sizeof(user), "u%u", i);
                fixture_store_user(*test, user, i);
        }
        host_start(&host, *test, "one");
        do_round(&host);
        assert_int_equal(host.metrics.n_users, 1100);
        assert_int_equal(host.metrics.n_live_sessions, 1100);
        host_stop(&host);
}

static void test_one_host_counts_and_all_know(void **test) {
        Host hosts[3];
        uint64_t n_loads;

        fixture_store_user(*test, "alice", 1);
        for (unsigned int i = 0; i < 3; i++)
                host_start(&hosts[i], *test, i == 0 ? "one" : i == 1 ? "two" : "three");
        /* Each of them once, whatever others have counted. */
        for (unsigned int i = 0; i < 3; i++)
                do_round(&hosts[i]);
        n_loads = count_loads(&hosts[0]);
        assert_int_equal(n_loads, 3);
        /* Then one of them in each round, and only one. */
        for (unsigned int round = 0; round < 3; round++) {
                for (unsigned int i = 0; i < 3; i++)
                        do_round(&hosts[i]);
                assert_int_equal(count_loads(&hosts[0]), n_loads + round + 1);
        }
        for (unsigned int i = 0; i < 3; i++)
                assert_int_equal(hosts[i].metrics.n_live_sessions, 1);
        for (unsigned int i = 0; i < 3; i++)
                host_stop(&hosts[i]);
}

static void test_all_at_once_and_still_one_counts(void **test) {
        Host hosts[8];
        char name[8];

        fixture_store_user(*test, "alice", 1);
        for (unsigned int i = 0; i < 8; i++) {
                snprintf(name, sizeof(name), "h%u", i);
                host_start(&hosts[i], *test, name);
                census_start(&hosts[i].context);
        }
        for (unsigned int i = 0; i < 8; i++)
                wait_until_done(&hosts[i]);
        assert_int_equal(count_loads(&hosts[0]), 1);
        for (unsigned int i = 0; i < 8; i++)
                do_round(&hosts[i]);
        for (unsigned int i = 0; i < 8; i++) {
                do_round(&hosts[i]);
                assert_int_equal(hosts[i].metrics.n_users, 1);
                host_stop(&hosts[i]);
        }
}

static void test_who_died_counting_is_followed(void **test) {
        StoreFixture *fixture = *test;
        Host host;

        fixture_store_user(fixture, "alice", 1);
        redis_server_run(&fixture->server, "SET " MARK_KEY " %s", DEAD_MARK);
        host_start(&host, fixture, "one");
        do_round(&host);
        /* What was counted last holds meanwhile. */
        assert_int_equal(host.metrics.n_live_sessions, 12);
        do_round(&host);
        assert_int_equal(host.metrics.n_live_sessions, 12);
        do_round(&host);
        assert_int_equal(host.metrics.n_live_sessions, 1);
        host_stop(&host);
}

static void test_who_was_taken_for_dead_gives_up(void **test) {
        StoreFixture *fixture = *test;
        redisReply *reply;
        Host host;
        char user[16];

        for (unsigned int i = 0; i < 1100; i++) {
                snprintf(user, sizeof(user), "u%u", i);
                fixture_store_user(fixture, user, i);
        }
        host_start(&host, fixture, "one");
        census_start(&host.context);
        for (unsigned int i = 0; count_loads(&host) < 1000 && i < TURNS_MAX; i++)
                store_fixture_turn(fixture, TURN_USEC);
        redis_server_run(&fixture->server, "SET " MARK_KEY " %s", OTHER_MARK);
        wait_until_done(&host);
        assert_int_equal(host.metrics.counted_at_sec, 0);
        reply = redis_server_do(&fixture->server, "GET " MARK_KEY);
        assert_string_equal(reply->str, OTHER_MARK);
        freeReplyObject(reply);
        host_stop(&host);
}

static void test_a_mark_that_is_none_is_replaced(void **test) {
        StoreFixture *fixture = *test;
        Host host;

        fixture_store_user(fixture, "alice", 1);
        redis_server_run(&fixture->server, "SET " MARK_KEY " %s", "nonsense");
        host_start(&host, fixture, "one");
        do_round(&host);
        assert_int_equal(host.metrics.n_users, 1);
        host_stop(&host);
}

static void test_names_without_a_record_are_swept(void **test) {
        StoreFixture *fixture = *test;
        char names[64];
        Host host;

        fixture_store_user(fixture, "alice", 1);
        fixture_store_user(fixture, "bob", 2);
        fixture_store_user(fixture, "carol", 3);
        redis_server_run(
                &fixture->server, "DEL authtoken:default:u:alice authtoken:default:u:carol");
        host_start(&host, fixture, "one");
        do_round(&host);
        assert_int_equal(host.metrics.n_users, 1);
        assert_int_equal(fixture_list(fixture, "default", names, sizeof(names)), 0);
        assert_string_equal(names, "bob,");
        host_stop(&host);
}

static void test_a_lost_list_is_known_to_all(void **test) {
        StoreFixture *fixture = *test;
        Host one, two;

        fixture_store_user(fixture, "alice", 1);
        redis_server_run(&fixture->server, "DEL " USERS_KEY);
        host_start(&one, fixture, "one");
        host_start(&two, fixture, "two");
        do_round(&one);
        do_round(&two);
        assert_true(one.metrics.users_lost);
        assert_true(two.metrics.users_lost);
        redis_server_run(&fixture->server, "ZADD " USERS_KEY " 0 alice 0 ~");
        do_round(&two);
        do_round(&one);
        assert_false(one.metrics.users_lost);
        assert_false(two.metrics.users_lost);
        host_stop(&one);
        host_stop(&two);
}

static void test_without_the_store_nothing_is_known(void **test) {
        StoreFixture *fixture = *test;
        Host host;

        host_start(&host, fixture, "one");
        redis_server_kill(&fixture->server);
        store_fixture_wait_online(fixture, false);
        do_round(&host);
        assert_int_equal(host.metrics.counted_at_sec, 0);
        redis_server_start(&fixture->server);
        store_fixture_wait_online(fixture, true);
        do_round(&host);
        assert_true(host.metrics.counted_at_sec > 0);
        host_stop(&host);
}

int main(int argc, char **argv) {
        const struct CMUnitTest any[] = {
                STORE_CASE(test_sessions_and_users_are_counted),
                STORE_CASE(test_a_large_store_is_counted_page_by_page),
        };
        const struct CMUnitTest shared[] = {
                STORE_CASE(test_one_host_counts_and_all_know),
                STORE_CASE(test_all_at_once_and_still_one_counts),
                STORE_CASE(test_who_died_counting_is_followed),
                STORE_CASE(test_who_was_taken_for_dead_gives_up),
                STORE_CASE(test_a_mark_that_is_none_is_replaced),
                STORE_CASE(test_names_without_a_record_are_swept),
                STORE_CASE(test_a_lost_list_is_known_to_all),
                STORE_CASE(test_without_the_store_nothing_is_known),
        };
        int r;

        r = store_case_choose(argc, argv);
        if (r)
                return r;
        r = cmocka_run_group_tests_name(argv[1], any, NULL, NULL);
        if (r == 0 && store_case_type == STORE_REDIS)
                r = cmocka_run_group_tests_name("fleet", shared, NULL, NULL);
        return r;
}
