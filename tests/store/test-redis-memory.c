/* SPDX-License-Identifier: MIT */

/*
 * What a user takes of Redis' memory, over all keys: a fleet has many, and their sessions last for days.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/session/session-logins.h"
#include "store-case.h"

#define FIRST_MAX   (700 - LISTED_MAX)
#define LISTED      1000u
#define LISTED_MAX  120
#define FURTHER_MAX 250
#define WEEK        604800u
#define USER        "alice"

typedef struct Case {
        const char *name;
        unsigned int n_further;
        const char *platform, *device;
        bool used, no_refresh, open;
} Case;

static const Case cases[] = {
        { .name = "just issued", .n_further = 9 },
        { .name = "just issued, two of them", .n_further = 1 },
        { .name = "just issued, many", .n_further = 29 },
        { .name = "for one login only", .n_further = 9, .no_refresh = true },
        { .name = "logged in with and refreshed", .n_further = 9, .used = true },
        { .name = "with platform and device", .n_further = 9, .platform = "ssh", .device = "pc" },
        { .name = "with platform and device, logged in with and refreshed",
                .n_further = 9,
                .platform = "ssh",
                .device = "laptop",
                .used = true },
        { .name = "with a login open", .n_further = 9, .used = true, .open = true },
        { .name = "with platform and device, and a login open",
                .n_further = 9,
                .platform = "ssh",
                .device = "laptop",
                .used = true,
                .open = true },
};

static void open_login(Session *session) {
        SessionLogin login = { .opened_at_sec = session->last_seen_sec };

        session_host_set(&login.host, "web1", "0123456789abcdef", "0123456789abcdef");
        session_login_word("sshd", login.service);
        session_login_word("pts/0", login.tty);
        session_login_word("192.0.2.17", login.rhost);
        assert_int_equal(session_logins_replace(session, &login.host, &login, 1), 1);
}

static Session *make_session(const Case *c) {
        Session *session = calloc(1, sizeof(*session));
        uint64_t now_sec = (uint64_t)time(NULL);

        assert_non_null(session);
        fixture_name_session(session, USER);
        session->generation = c->used ? 12 : 1;
        session->created_at_sec = now_sec;
        session->rotated_at_sec = session->issued_at_sec = now_sec + (c->used ? 9000 : 0);
        session->last_seen_sec = c->used ? now_sec + 8000 : 0;
        session->token_end_sec = session->issued_at_sec + 900;
        session->expires_at_sec = session->rotated_at_sec + WEEK;
        session->audience_json = strdup("[\"authtoken\"]");
        session->refresh_kid = c->no_refresh ? NULL : strdup("AbCdEf");
        session->platform = c->platform ? strdup(c->platform) : NULL;
        session->device = c->device ? strdup(c->device) : NULL;
        if (c->open)
                open_login(session);
        return session;
}

static long long usage_of(StoreFixture *fixture, const char *key) {
        redisReply *reply = redis_server_do(&fixture->server, "MEMORY USAGE %s SAMPLES 0", key);
        long long bytes = reply->integer;

        assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
        freeReplyObject(reply);
        return bytes;
}

/* All keys but the list of users, which has a case of its own. */
static long long usage(StoreFixture *fixture) {
        redisReply *keys = redis_server_do(&fixture->server, "KEYS authtoken:default:[ui]:*");
        long long bytes = 0;

        for (size_t i = 0; i < keys->elements; i++)
                bytes += usage_of(fixture, keys->element[i]->str);
        freeReplyObject(keys);
        return bytes;
}

static long long commit_and_measure(StoreFixture *fixture, const Case *c, unsigned int n) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;

        redis_server_run(&fixture->server, "FLUSHALL");
        assert_int_equal(user_state_new("default", USER, &state), 0);
        for (unsigned int i = 0; i < n; i++)
                assert_int_equal(user_state_add(state, make_session(c)), 0);
        assert_int_equal(fixture_commit(fixture, state), 0);
        return usage(fixture);
}

static void assert_small(StoreFixture *fixture) {
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                long long first = commit_and_measure(fixture, &cases[i], 1);
                long long all = commit_and_measure(fixture, &cases[i], 1 + cases[i].n_further);
                long long further = (all - first) / cases[i].n_further;

                print_message(
                        "# %s: %lld bytes, %lld each further\n", cases[i].name, first, further);
                assert_true(first > 0 && first <= FIRST_MAX);
                assert_true(further > 0 && further <= FURTHER_MAX);
        }
}

static void test_memory(void **state) {
        assert_small(*state);
}

/* Sessions with longer texts stay packed with it. */
static void test_memory_as_the_manual_advises(void **state) {
        StoreFixture *fixture = *state;

        redis_server_run(&fixture->server, "CONFIG SET hash-max-listpack-value 256");
        assert_small(fixture);
}

/* A list of few is packed, and takes less. */
static void test_the_share_of_a_user_in_the_list_of_all(void **state) {
        StoreFixture *fixture = *state;
        char user[16];
        long long share;

        for (unsigned int i = 0; i < LISTED; i++) {
                snprintf(user, sizeof(user), "user%u", i);
                fixture_store_user(fixture, user, i);
        }
        share = usage_of(fixture, "authtoken:default:users") / LISTED;
        print_message("# in the list of users: %lld bytes\n", share);
        assert_true(share > 0 && share <= LISTED_MAX);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                REDIS_CASE(test_the_share_of_a_user_in_the_list_of_all),
                REDIS_CASE(test_memory),
                REDIS_CASE(test_memory_as_the_manual_advises),
        };
        int r;

        r = store_case_need_redis();
        if (r)
                return r;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
