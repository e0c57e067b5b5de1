/* SPDX-License-Identifier: MIT */

/*
 * A tenant's users page by page, while others commit: the same cases on `sqlite` and on `redis`.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/store-scan.h"
#include "store-case.h"
#include "tests/edit-session.h"

#define USERS      2100u
#define ROUNDS     4u
#define COMMITS    40u /* beside each page */
#define NAME_SIZE  16u
#define SEED_FIRST 20261121u

typedef struct Walk {
        bool done;
        int r;
        unsigned int n_seen[USERS];
        unsigned int n_strange;
        char last[NAME_SIZE]; /* the greatest name so far */
        char *next;
        bool lost;
} Walk;

static void see(Walk *walk, const char *user) {
        unsigned long number = strtoul(user + 1, NULL, 10);

        assert_true(strcmp(walk->last, user) < 0);
        snprintf(walk->last, sizeof(walk->last), "%s", user);
        if (*user == 'u' && number < USERS)
                walk->n_seen[number]++;
        else
                walk->n_strange++;
}

static void on_page(StoreCall *call, int r, const StorePage *page, void *userdata) {
        Walk *walk = userdata;

        (void)call;
        walk->done = true;
        walk->r = r;
        assert_true(page->n_users <= STORE_PAGE_MAX);
        for (size_t i = 0; i < page->n_users; i++)
                see(walk, page->users[i]);
        walk->next = page->next ? strdup(page->next) : NULL;
        walk->lost = page->lost;
}

static void ask(StoreFixture *fixture, Walk *walk, const char *from) {
        StoreCall *call = NULL;

        walk->done = false;
        assert_int_equal(
                user_store_scan(fixture->store, &(StoreScan){ .tenant = "default", .from = from },
                        on_page, walk, &call),
                0);
        assert_false(walk->done);
}

/* @beside: NULL, or what happens between the question for a page and its answer. */
static unsigned int walk_all(StoreFixture *fixture, Walk *walk,
        void (*beside)(StoreFixture *fixture, void *userdata), void *userdata) {
        _cleanup_(freep) char *from = NULL;
        unsigned int n_pages = 0;

        do {
                ask(fixture, walk, from);
                if (beside)
                        beside(fixture, userdata);
                store_fixture_run(fixture, &walk->done);
                assert_int_equal(walk->r, 0);
                assert_true(!walk->next || !walk->lost);
                free(from);
                from = TAKE_PTR(walk->next);
                n_pages++;
        } while (from);
        return n_pages;
}

static const char *name_of(unsigned int number) {
        static char name[NAME_SIZE];

        snprintf(name, sizeof(name), "u%u", number);
        return name;
}

static void store_all(StoreFixture *fixture) {
        for (unsigned int i = 0; i < USERS; i++)
                fixture_store_user(fixture, name_of(i), i);
}

static void test_all_users_are_found_page_by_page(void **test) {
        _cleanup_(user_state_unrefp) UserState *foreign = NULL;
        Walk walk = { 0 };

        store_all(*test);
        assert_int_equal(user_state_new("default2", "stranger", &foreign), 0);
        foreign->ban_until_sec = UINT64_MAX;
        assert_int_equal(fixture_commit(*test, foreign), 0);
        assert_int_equal(walk_all(*test, &walk, NULL, NULL), 3);
        assert_false(walk.lost);
        for (unsigned int i = 0; i < USERS; i++)
                assert_int_equal(walk.n_seen[i], 1);
        assert_int_equal(walk.n_strange, 0);
}

static void test_nobody_is_one_empty_page(void **test) {
        Walk walk = { 0 };

        assert_int_equal(walk_all(*test, &walk, NULL, NULL), 1);
        assert_int_equal(walk.n_strange, 0);
        assert_false(walk.lost);
}

/* Every third user comes and goes; the others stay, and are committed now and then. */
typedef struct Traffic {
        uint64_t seed;
        bool stored[USERS];
} Traffic;

static unsigned int draw(Traffic *traffic) {
        traffic->seed = traffic->seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        return (unsigned int)(traffic->seed >> 33) % USERS;
}

static void change_one(StoreFixture *fixture, Traffic *traffic, unsigned int number) {
        _cleanup_(user_state_unrefp) UserState *state = NULL, *empty = NULL;
        bool goes = number % 3 == 0 && traffic->stored[number];

        assert_int_equal(fixture_load(fixture, name_of(number), &state), 0);
        if (goes) {
                assert_int_equal(user_state_new("default", name_of(number), &empty), 0);
                empty->version = state->version;
        } else if (traffic->stored[number]) {
                edit_session(state, fixture_sid(number))->last_seen_sec++;
        } else {
                assert_int_equal(user_state_add(state, fixture_session(number)), 0);
        }
        assert_int_equal(fixture_commit(fixture, goes ? empty : state), 0);
        traffic->stored[number] = !goes;
}

static void make_traffic(StoreFixture *fixture, void *userdata) {
        Traffic *traffic = userdata;

        for (unsigned int i = 0; i < COMMITS; i++)
                change_one(fixture, traffic, draw(traffic));
}

static void test_who_stays_is_on_one_page_whoever_comes_and_goes(void **test) {
        Traffic traffic = { .seed = SEED_FIRST };

        store_all(*test);
        memset(traffic.stored, true, sizeof(traffic.stored));
        for (unsigned int round = 0; round < ROUNDS; round++) {
                Walk walk = { 0 };

                print_message("# seed %llu\n", (unsigned long long)traffic.seed);
                walk_all(*test, &walk, make_traffic, &traffic);
                assert_false(walk.lost);
                assert_int_equal(walk.n_strange, 0);
                for (unsigned int i = 0; i < USERS; i++)
                        assert_true(walk.n_seen[i] == 1 || (i % 3 == 0 && walk.n_seen[i] == 0));
        }
}

/* Whoever finds nothing stored of a name commits just that. */
static void test_nothing_over_nothing_leaves_nothing(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        StoreFixture *fixture = *test;
        char names[64];

        fixture_store_user(fixture, "bob", 1);
        assert_int_equal(user_state_new("default", "alice", &state), 0);
        assert_int_equal(fixture_commit(fixture, state), 0);
        assert_int_equal(fixture_list(fixture, "default", names, sizeof(names)), 0);
        assert_string_equal(names, "bob,");
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                STORE_CASE(test_all_users_are_found_page_by_page),
                STORE_CASE(test_nobody_is_one_empty_page),
                STORE_CASE(test_who_stays_is_on_one_page_whoever_comes_and_goes),
                STORE_CASE(test_nothing_over_nothing_leaves_nothing),
        };
        int r;

        r = store_case_choose(argc, argv);
        if (r)
                return r;
        return cmocka_run_group_tests_name(argv[1], tests, NULL, NULL);
}
