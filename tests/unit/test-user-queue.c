/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "daemon/operation/user-queue.h"
#include "daemon/session/user-state.h"
#include "daemon/store/user-store.h"
#include "folder-fixture.h"

/* On the real SQLite store: the queue's promise is about what is stored in the end. */
typedef struct Fixture {
        sd_event *event;
        UserStore *store;
        UserQueue *queue;
        char *directory;
        unsigned int n_done, n_ok, n_decided;
        uint64_t last;
        Reason reason;
} Fixture;

static void open_store(Fixture *fixture) {
        char path[96];

        snprintf(path, sizeof(path), "%s/state.db", fixture->directory);
        assert_int_equal(user_store_new(&(StoreConfig){ .type = STORE_SQLITE,
                                                .path = path,
                                                .timeout_usec = 10000000,
                                                .unsafe_no_sync = true },
                                 fixture->event, NULL, NULL, &fixture->store),
                0);
        assert_int_equal(user_queue_new(fixture->store, &fixture->queue), 0);
}

static int setup(void **state) {
        Fixture *fixture = calloc(1, sizeof(*fixture));

        assert_non_null(fixture);
        fixture->directory = fixture_folder();
        assert_true(sd_event_new(&fixture->event) >= 0);
        open_store(fixture);
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        Fixture *fixture = *state;

        user_queue_free(fixture->queue);
        user_store_free(fixture->store);
        sd_event_unref(fixture->event);
        fixture_folder_free(fixture->directory);
        free(fixture);
        return 0;
}

static void run_until(Fixture *fixture, unsigned int n_done) {
        while (fixture->n_done < n_done)
                assert_true(sd_event_run(fixture->event, 10000000) > 0);
}

/* Adds one to a number that is part of the state: a lost change would show. */
static Reason increase(UserState *state, uint64_t now_sec, bool *ret_changed, void *userdata) {
        Fixture *fixture = userdata;

        (void)now_sec;
        fixture->n_decided++;
        state->not_before_sec++;
        *ret_changed = true;
        return REASON_OK;
}

static Reason refuse(UserState *state, uint64_t now_sec, bool *ret_changed, void *userdata) {
        (void)now_sec;
        (void)userdata;
        state->not_before_sec = 9999;
        *ret_changed = true;
        return REASON_SESSION_LIMIT;
}

static void on_done(Reason reason, const UserState *state, void *userdata) {
        Fixture *fixture = userdata;

        fixture->n_done++;
        fixture->n_ok += reason == REASON_OK;
        assert_int_equal(state != NULL, reason == REASON_OK);
        if (state)
                fixture->last = state->not_before_sec;
}

static void change(Fixture *fixture, const char *user,
        Reason (*decide)(UserState *, uint64_t, bool *, void *)) {
        assert_int_equal(
                user_queue_change(fixture->queue, "default", user,
                        &(UserChange){ .decide = decide, .done = on_done, .userdata = fixture }),
                0);
}

static void test_200_changes_of_one_user(void **state) {
        Fixture *fixture = *state;

        for (unsigned int i = 0; i < 200; i++)
                change(fixture, "alice", increase);
        assert_int_equal(fixture->n_done, 0); /* no completion before the starter returned */
        run_until(fixture, 200);
        assert_int_equal(fixture->n_ok, 200);
        assert_int_equal(fixture->last, 200);
        assert_int_equal(fixture->n_decided, 200); /* in one queue nothing conflicts */
}

static void test_refusal_commits_nothing(void **state) {
        Fixture *fixture = *state;

        change(fixture, "alice", increase);
        change(fixture, "alice", refuse);
        change(fixture, "alice", increase);
        run_until(fixture, 3);
        assert_int_equal(fixture->n_ok, 2);
        assert_int_equal(fixture->last, 2);
}

static void test_users_do_not_mix(void **state) {
        Fixture *fixture = *state;

        for (unsigned int i = 0; i < 50; i++) {
                change(fixture, "alice", increase);
                change(fixture, "bob", increase);
        }
        run_until(fixture, 100);
        assert_int_equal(fixture->n_ok, 100);
        assert_int_equal(fixture->last, 50);
}

/* Nothing is known any more of what is stored. */
static void reopen(Fixture *fixture) {
        user_queue_free(fixture->queue);
        user_store_free(fixture->store);
        open_store(fixture);
}

static Reason refuse_nobody(UserState *state, uint64_t now_sec, bool *ret_changed, void *userdata) {
        if (state->not_before_sec == 0)
                return REASON_SESSION_UNKNOWN;
        return increase(state, now_sec, ret_changed, userdata);
}

static Reason refuse_anybody(
        UserState *state, uint64_t now_sec, bool *ret_changed, void *userdata) {
        if (state->not_before_sec != 0)
                return REASON_SESSION_LIMIT;
        return increase(state, now_sec, ret_changed, userdata);
}

static Reason leave_it(UserState *state, uint64_t now_sec, bool *ret_changed, void *userdata) {
        (void)state;
        (void)now_sec;
        (void)ret_changed;
        (void)userdata;
        return REASON_OK;
}

static void test_a_wrong_guess_decides_nothing(void **state) {
        Fixture *fixture = *state;

        change(fixture, "alice", increase);
        run_until(fixture, 1);
        /* It is first supposed that nothing is stored, which is taken back. */
        reopen(fixture);
        change(fixture, "alice", increase);
        run_until(fixture, 2);
        assert_int_equal(fixture->last, 2);
        assert_int_equal(fixture->n_ok, 2);
        /* Of the guess it would be refused; of what is stored it is not. */
        reopen(fixture);
        change(fixture, "alice", refuse_nobody);
        run_until(fixture, 3);
        assert_int_equal(fixture->last, 3);
        assert_int_equal(fixture->n_ok, 3);
        /* And the other way round. */
        reopen(fixture);
        change(fixture, "alice", refuse_anybody);
        run_until(fixture, 4);
        assert_int_equal(fixture->n_ok, 3);
        /* That there is nothing to do is told with what is stored. */
        reopen(fixture);
        fixture->last = 0;
        change(fixture, "alice", leave_it);
        run_until(fixture, 5);
        assert_int_equal(fixture->last, 3);
        assert_int_equal(fixture->n_ok, 4);
}

/* @sql: what somebody does to the file. */
static void damage(Fixture *fixture, const char *sql) {
        sqlite3 *handle;
        char path[96];

        snprintf(path, sizeof(path), "%s/state.db", fixture->directory);
        user_queue_free(fixture->queue);
        user_store_free(fixture->store);
        assert_int_equal(sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_close(handle), SQLITE_OK);
        open_store(fixture);
}

#define DAMAGE "INSERT INTO field SELECT id, 'x', '' FROM state"

static void on_done_with(Reason reason, const UserState *state, void *userdata) {
        ((Fixture *)userdata)->reason = reason;
        on_done(reason, state, userdata);
}

static void replace(UserState *state, uint64_t now_sec, void *userdata) {
        (void)now_sec;
        (void)userdata;
        state->forgotten_sec = 1000;
}

static Reason change_and_wait(Fixture *fixture, UserChange change) {
        change.done = on_done_with;
        change.userdata = fixture;
        assert_int_equal(user_queue_change(fixture->queue, "default", "alice", &change), 0);
        run_until(fixture, fixture->n_done + 1);
        return fixture->reason;
}

static void test_what_cannot_be_read_is_replaced_only_by_who_wants_it(void **state) {
        const UserChange plain = { .decide = increase };
        const UserChange refused = { .decide = refuse, .replace = replace };
        const UserChange replacing = { .decide = increase, .replace = replace };
        Fixture *fixture = *state;

        change(fixture, "alice", increase);
        run_until(fixture, 1);
        damage(fixture, DAMAGE);
        assert_int_equal(change_and_wait(fixture, plain), REASON_STORE_CORRUPT);
        assert_int_equal(change_and_wait(fixture, refused), REASON_SESSION_LIMIT);
        assert_int_equal(change_and_wait(fixture, plain), REASON_STORE_CORRUPT);
        /* The not-before time is left of it. */
        assert_int_equal(change_and_wait(fixture, replacing), REASON_OK);
        assert_int_equal(fixture->last, 2);
        assert_int_equal(change_and_wait(fixture, plain), REASON_OK);
        assert_int_equal(fixture->last, 3);
}

/* What finds nothing to do in what is left replaces it all the same; who waits behind it meets the new one. */
static void test_a_replaced_record_is_there_for_the_next(void **state) {
        Fixture *fixture = *state;
        const UserChange order = {
                .decide = leave_it, .replace = replace, .done = on_done, .userdata = fixture
        };

        change(fixture, "alice", increase);
        run_until(fixture, 1);
        damage(fixture, DAMAGE);
        assert_int_equal(user_queue_change(fixture->queue, "default", "alice", &order), 0);
        change(fixture, "alice", increase);
        assert_int_equal(user_queue_change(fixture->queue, "default", "alice", &order), 0);
        run_until(fixture, 4);
        assert_int_equal(fixture->n_ok, 4);
        assert_int_equal(fixture->last, 2);
}

static void forget(void *userdata) {
        unsigned int *n_forgotten = userdata;

        (*n_forgotten)++;
}

static void never(Reason reason, const UserState *state, void *userdata) {
        (void)reason;
        (void)state;
        (void)userdata;
        fail_msg("completed after the queue was freed");
}

static Reason change_anything(
        UserState *state, uint64_t now_sec, bool *ret_changed, void *userdata) {
        (void)now_sec;
        (void)userdata;
        state->not_before_sec++;
        *ret_changed = true;
        return REASON_OK;
}

static void test_freed_queue_forgets(void **state) {
        Fixture *fixture = *state;
        unsigned int n_forgotten = 0;

        for (unsigned int i = 0; i < 3; i++)
                assert_int_equal(user_queue_change(fixture->queue, "default", "alice",
                                         &(UserChange){ .decide = change_anything,
                                                 .done = never,
                                                 .forget = forget,
                                                 .userdata = &n_forgotten }),
                        0);
        fixture->queue = user_queue_free(fixture->queue);
        assert_int_equal(n_forgotten, 3);
        while (sd_event_run(fixture->event, 0) > 0)
                ;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        test_what_cannot_be_read_is_replaced_only_by_who_wants_it, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        test_a_replaced_record_is_there_for_the_next, setup, teardown),
                cmocka_unit_test_setup_teardown(test_200_changes_of_one_user, setup, teardown),
                cmocka_unit_test_setup_teardown(test_refusal_commits_nothing, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        test_a_wrong_guess_decides_nothing, setup, teardown),
                cmocka_unit_test_setup_teardown(test_users_do_not_mix, setup, teardown),
                cmocka_unit_test_setup_teardown(test_freed_queue_forgets, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
