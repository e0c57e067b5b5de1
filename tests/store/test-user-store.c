/* SPDX-License-Identifier: MIT */

/*
 * What every store must do, whichever it is: `test-user-store sqlite` and `test-user-store redis` run the
 * same cases.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store-case.h"
#include "tests/edit-session.h"
#include "tests/moment-at.h"

#define WRITERS 200u
#define USERS   300u

static void test_an_unknown_user_has_the_empty_state(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;

        assert_int_equal(fixture_load(*test, "alice", &state), 0);
        assert_string_equal(state->user, "alice");
        assert_int_equal(state->version.incarnation, 0);
        assert_int_equal(user_state_end_sec(state), 0);
}

static void test_what_was_committed_is_loaded_also_after_reopening(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL, *before = NULL, *after = NULL;
        Session *session = fixture_session(1);

        session->data_json = strdup("{\"a\":[1,\"\\u00e9\"]}");
        session->name = strdup("J\xc3\xbcrgen \"\n");
        assert_int_equal(user_state_new("default", "alice", &state), 0);
        assert_int_equal(user_state_add(state, session), 0);
        state->ban_until_sec = UINT64_MAX;
        assert_int_equal(fixture_commit(*test, state), 0);
        assert_int_equal(fixture_load(*test, "alice", &before), 0);
        store_fixture_reopen(*test);
        assert_int_equal(fixture_load(*test, "alice", &after), 0);
        assert_int_not_equal(after->version.incarnation, 0);
        assert_int_equal(after->version.counter, 1);
        assert_true(before->version.incarnation == after->version.incarnation);
        assert_int_equal(after->n_sessions, 1);
        assert_string_equal(after->sessions[0]->data_json, session->data_json);
        assert_string_equal(after->sessions[0]->name, session->name);
        assert_true(after->ban_until_sec == UINT64_MAX);
        assert_int_equal(user_state_size(before), user_state_size(after));
}

static void test_of_two_commits_on_one_version_the_second_conflicts(void **test) {
        _cleanup_(user_state_unrefp) UserState *first = NULL, *second = NULL, *now = NULL;

        fixture_store_user(*test, "alice", 1);
        assert_int_equal(fixture_load(*test, "alice", &first), 0);
        assert_int_equal(fixture_load(*test, "alice", &second), 0);
        first->not_before_sec = fixture_now_sec();
        assert_int_equal(fixture_commit(*test, first), 0);
        assert_int_equal(user_state_add(second, fixture_session(2)), 0);
        assert_int_equal(fixture_commit(*test, second), STORE_E_CONFLICT);
        assert_int_equal(fixture_load(*test, "alice", &now), 0);
        assert_int_equal(now->version.counter, 2);
        assert_true(now->version.incarnation != first->version.incarnation);
        assert_int_equal(now->n_sessions, 1);
        assert_int_equal(now->not_before_sec, first->not_before_sec);
}

static void test_a_new_user_conflicts_with_one_that_is_there(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;

        fixture_store_user(*test, "alice", 1);
        assert_int_equal(user_state_new("default", "alice", &state), 0);
        assert_int_equal(user_state_add(state, fixture_session(2)), 0);
        assert_int_equal(fixture_commit(*test, state), STORE_E_CONFLICT);
}

static void test_a_version_of_nothing_conflicts(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL, *now = NULL;

        assert_int_equal(user_state_new("default", "alice", &state), 0);
        assert_int_equal(user_state_add(state, fixture_session(1)), 0);
        state->version = (StateVersion){ .incarnation = 1, .counter = 1 };
        assert_int_equal(fixture_commit(*test, state), STORE_E_CONFLICT);
        assert_int_equal(fixture_load(*test, "alice", &now), 0);
        assert_int_equal(user_state_end_sec(now), 0);
}

static void test_an_empty_state_is_deleted_and_made_again_another(void **test) {
        _cleanup_(user_state_unrefp) UserState *old = NULL, *empty = NULL, *now = NULL;
        char names[64];

        fixture_store_user(*test, "alice", 1);
        assert_int_equal(fixture_load(*test, "alice", &old), 0);
        assert_int_equal(user_state_new("default", "alice", &empty), 0);
        empty->version = old->version;
        assert_int_equal(fixture_commit(*test, empty), 0);
        assert_int_equal(fixture_list(*test, "default", names, sizeof(names)), 0);
        assert_string_equal(names, "");
        fixture_store_user(*test, "alice", 2);
        assert_int_equal(fixture_commit(*test, old), STORE_E_CONFLICT);
        assert_int_equal(fixture_load(*test, "alice", &now), 0);
        assert_int_equal(now->version.counter, 1);
        assert_true(now->version.incarnation != old->version.incarnation);
        assert_non_null(user_state_find(now, fixture_sid(2)));
}

typedef struct Writer {
        StoreFixture *fixture;
        UserState *state;
        unsigned int number, *n_done, *n_conflicts;
        bool *all_done;
} Writer;

static void writer_start(Writer *writer);

static void on_written(StoreCall *call, int r, UserState *state, void *userdata) {
        Writer *writer = userdata;

        (void)call;
        user_state_unref(state);
        writer->state = user_state_unref(writer->state);
        if (r == STORE_E_CONFLICT) {
                ++*writer->n_conflicts;
                writer_start(writer);
                return;
        }
        assert_int_equal(r, 0);
        *writer->all_done = ++*writer->n_done == WRITERS;
}

static void on_read(StoreCall *call, int r, UserState *state, void *userdata) {
        Writer *writer = userdata;

        (void)call;
        assert_int_equal(r, 0);
        fixture_own(writer->fixture, &state);
        writer->state = state;
        state->not_before_sec++;
        /* A few also bring a session; if all did, the test would spend its time on a long list. */
        if (writer->number % 8 == 0)
                assert_int_equal(user_state_add(state, fixture_session(writer->number)), 0);
        assert_int_equal(
                fixture_start_commit(writer->fixture, state, on_written, writer, &call), 0);
}

static void writer_start(Writer *writer) {
        StoreCall *call;

        assert_int_equal(user_store_load(writer->fixture->store, (StoreName){ "default", "alice" },
                                 on_read, writer, &call),
                0);
}

static void test_of_200_parallel_commits_every_effect_is_there(void **test) {
        unsigned int n_done = 0, n_conflicts = 0;
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        uint64_t start_sec = fixture_now_sec();
        Writer writers[WRITERS];
        bool all_done = false;
        StoreHealth health;

        assert_int_equal(user_state_new("default", "alice", &state), 0);
        state->not_before_sec = start_sec;
        assert_int_equal(fixture_commit(*test, state), 0);
        for (unsigned int i = 0; i < WRITERS; i++) {
                writers[i] = (Writer){ *test, NULL, i, &n_done, &n_conflicts, &all_done };
                writer_start(&writers[i]);
        }
        store_fixture_run(*test, &all_done);
        state = user_state_unref(state);
        assert_int_equal(fixture_load(*test, "alice", &state), 0);
        assert_int_equal(state->not_before_sec, start_sec + WRITERS);
        assert_int_equal(state->version.counter, 1 + WRITERS);
        assert_true(n_conflicts > 0);
        for (unsigned int i = 0; i < WRITERS; i += 8)
                assert_non_null(user_state_find(state, fixture_sid(i)));
        user_store_health(((StoreFixture *)*test)->store, &health);
        assert_int_equal(health.n_commits, 1 + WRITERS);
        assert_int_equal(health.n_conflicts, n_conflicts);
        assert_int_equal(health.n_errors, 0);
}

static void test_a_session_leads_to_its_user_live_or_ended(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        char user[64];

        fixture_store_user(*test, "alice", 1);
        fixture_store_user(*test, "bob", 2);
        assert_int_equal(fixture_load(*test, "bob", &state), 0);
        assert_true(
                user_state_end(state, fixture_sid(2), REASON_SESSION_REVOKED, fixture_now_sec()));
        assert_int_equal(fixture_commit(*test, state), 0);
        assert_int_equal(fixture_find(*test, fixture_sid(2), user), 0);
        assert_string_equal(user, "bob");
        assert_int_equal(fixture_find(*test, fixture_sid(3), user), STORE_E_NOT_FOUND);
        assert_int_equal(fixture_find(*test, "", user), STORE_E_NOT_FOUND);
        assert_int_equal(fixture_find(*test, "' OR 1=1 --", user), STORE_E_NOT_FOUND);
}

static void test_users_are_listed_by_tenant(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        char names[64];

        fixture_store_user(*test, "bob", 1);
        fixture_store_user(*test, "alice", 2);
        assert_int_equal(user_state_new("other", "carol", &state), 0);
        assert_int_equal(user_state_add(state, fixture_session(3)), 0);
        assert_int_equal(fixture_commit(*test, state), 0);
        assert_int_equal(fixture_list(*test, "default", names, sizeof(names)), 0);
        assert_string_equal(names, "alice,bob,");
        assert_int_equal(fixture_list(*test, "other", names, sizeof(names)), 0);
        assert_string_equal(names, "carol,");
        assert_int_equal(fixture_list(*test, "third", names, sizeof(names)), 0);
        assert_string_equal(names, "");
}

static void test_a_state_past_its_end_goes_and_stands_in_nobodys_way(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL, *now = NULL;
        const EndedSession entry = { "AAAAAAAAAAAAAAAAAAAAAA", REASON_SESSION_REVOKED, 1, 1, 0 };
        StoreFixture *fixture = *test;
        char names[64];

        assert_int_equal(user_state_new("default", "alice", &state), 0);
        assert_int_equal(user_state_insert_ended(state, &entry), 0);
        assert_int_equal(fixture_commit(fixture, state), 0);
        user_store_expire(fixture->store, MOMENT_AT(fixture_now_sec()));
        /* In Redis a name outlives its record until somebody walks by. */
        assert_int_equal(fixture_list(fixture, "default", names, sizeof(names)), 0);
        assert_string_equal(names, store_case_type == STORE_REDIS ? "alice," : "");
        assert_int_equal(fixture_load(fixture, "alice", &now), 0);
        assert_int_equal(now->version.incarnation, 0);
        assert_int_equal(user_state_add(now, fixture_session(1)), 0);
        assert_int_equal(fixture_commit(fixture, now), 0);
}

static void test_a_state_within_its_end_stays(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        StoreFixture *fixture = *test;

        fixture_store_user(fixture, "alice", 1);
        user_store_expire(fixture->store, MOMENT_AT(fixture_now_sec()));
        store_fixture_reopen(fixture);
        assert_int_equal(fixture_load(fixture, "alice", &state), 0);
        assert_int_equal(state->n_sessions, 1);
}

static void test_the_largest_state_fits(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL, *again = NULL;
        unsigned int number = 0;

        assert_int_equal(user_state_new("default", "alice", &state), 0);
        for (size_t i = 0; i < USER_STATE_ENDED_MAX; i++, number++) {
                assert_int_equal(user_state_add(state, fixture_session(number)), 0);
                assert_true(user_state_end(
                        state, fixture_sid(number), REASON_SESSION_REVOKED, fixture_now_sec()));
        }
        for (size_t i = 0; i < USER_STATE_SESSIONS_MAX; i++, number++) {
                Session *session = fixture_session(number);

                session->data_json = calloc(1, 8192);
                assert_non_null(session->data_json);
                memset(session->data_json, 'x', 8191);
                memcpy(session->data_json, "{\"a\":\"", 6);
                memcpy(session->data_json + 8189, "\"}", 2);
                assert_int_equal(user_state_add(state, session), 0);
        }
        assert_int_equal(fixture_commit(*test, state), 0);
        store_fixture_reopen(*test);
        assert_int_equal(fixture_load(*test, "alice", &again), 0);
        assert_int_equal(user_state_size(again), user_state_size(state));
}

static void test_a_state_that_cannot_be_read_again_is_not_stored(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL, *now = NULL;

        fixture_store_user(*test, "alice", 1);
        assert_int_equal(fixture_load(*test, "alice", &state), 0);
        edit_session(state, fixture_sid(1))->name = strdup("\xff");
        assert_int_equal(fixture_commit(*test, state), -EINVAL);
        assert_int_equal(fixture_load(*test, "alice", &now), 0);
        assert_int_equal(now->version.counter, 1);
        assert_null(now->sessions[0]->name);
}

static void fail_loaded(StoreCall *call, int r, UserState *state, void *userdata) {
        user_state_unref(state);
        fail_msg("a completion of what should be silent: %p %d %p", (void *)call, r, userdata);
}

static void fail_committed(StoreCall *call, int r, UserState *state, void *userdata) {
        fail_loaded(call, r, state, userdata);
}

static void test_names_that_cannot_be_are_not_asked_for(void **test) {
        static const StoreName names[] = { { "default", "" }, { "default", "a:b" },
                { "default", "a b" }, { "default", "a\n" }, { "default", "-a" }, { "", "alice" },
                { "a:u", "alice" }, { "a\n", "alice" }, { "\xff", "alice" } };
        StoreFixture *fixture = *test;
        StoreCall *call;

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                _cleanup_(user_state_unrefp) UserState *state = NULL;

                assert_int_equal(
                        user_store_load(fixture->store, names[i], fail_loaded, NULL, &call),
                        -EINVAL);
                assert_int_equal(user_state_new(names[i].tenant, names[i].name, &state), 0);
                assert_int_equal(
                        fixture_start_commit(fixture, state, fail_committed, NULL, &call), -EINVAL);
        }
}

static void test_a_call_that_was_freed_is_silent_and_its_commit_takes_place(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL, *now = NULL;
        StoreFixture *fixture = *test;
        StoreCall *call;

        assert_int_equal(user_state_new("default", "alice", &state), 0);
        assert_int_equal(user_state_add(state, fixture_session(1)), 0);
        assert_int_equal(fixture_start_commit(fixture, state, fail_committed, NULL, &call), 0);
        store_call_free(call);
        assert_int_equal(user_store_load(fixture->store, (StoreName){ "default", "alice" },
                                 fail_loaded, NULL, &call),
                0);
        store_call_free(call);
        assert_int_equal(fixture_load(fixture, "alice", &now), 0);
        assert_int_equal(now->n_sessions, 1);
}

static void test_calls_outlive_the_store(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL, *now = NULL;
        _cleanup_(store_call_freep) StoreCall *load = NULL, *commit = NULL;
        StoreFixture *fixture = *test;

        store_fixture_wait_online(fixture, true);
        assert_int_equal(user_state_new("default", "alice", &state), 0);
        assert_int_equal(user_state_add(state, fixture_session(1)), 0);
        assert_int_equal(fixture_start_commit(fixture, state, fail_committed, NULL, &commit), 0);
        assert_int_equal(user_store_load(fixture->store, (StoreName){ "default", "alice" },
                                 fail_loaded, NULL, &load),
                0);
        store_fixture_reopen(fixture);
        assert_int_equal(fixture_load(fixture, "alice", &now), 0);
        /* What was handed to SQLite is finished; on the way to Redis it may be lost. */
        if (fixture->config.type == STORE_SQLITE)
                assert_int_equal(now->n_sessions, 1);
}

static void on_freed_inside(StoreCall *call, int r, UserState *state, void *userdata) {
        assert_int_equal(r, 0);
        user_state_unref(state);
        assert_null(store_call_free(call));
        *(bool *)userdata = true;
}

static void test_a_completion_may_free_its_call(void **test) {
        StoreFixture *fixture = *test;
        bool done = false;
        StoreCall *call;

        /* The second time SQLite answers from memory. */
        for (int i = 0; i < 2; i++, done = false) {
                assert_int_equal(user_store_load(fixture->store, (StoreName){ "default", "alice" },
                                         on_freed_inside, &done, &call),
                        0);
                store_fixture_run(fixture, &done);
        }
}

static void on_many(StoreCall *call, int r, UserState *state, void *userdata) {
        (void)call;
        user_state_unref(state);
        assert_int_equal(r, 0);
        ++*(unsigned int *)userdata;
}

static void test_many_users_at_once(void **test) {
        StoreFixture *fixture = *test;
        unsigned int n_done = 0;
        char user[16], found[64];

        for (unsigned int i = 0; i < USERS; i++) {
                _cleanup_(user_state_unrefp) UserState *state = NULL;
                StoreCall *call;

                snprintf(user, sizeof(user), "user%u", i);
                assert_int_equal(user_state_new("default", user, &state), 0);
                assert_int_equal(user_state_add(state, fixture_session(i)), 0);
                assert_int_equal(fixture_start_commit(fixture, state, on_many, &n_done, &call), 0);
        }
        while (n_done < USERS)
                store_fixture_turn(fixture, 1000000);
        for (unsigned int i = 0; i < USERS; i++) {
                snprintf(user, sizeof(user), "user%u", i);
                assert_int_equal(fixture_find(fixture, fixture_sid(i), found), 0);
                assert_string_equal(found, user);
        }
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                STORE_CASE(test_an_unknown_user_has_the_empty_state),
                STORE_CASE(test_what_was_committed_is_loaded_also_after_reopening),
                STORE_CASE(test_of_two_commits_on_one_version_the_second_conflicts),
                STORE_CASE(test_a_new_user_conflicts_with_one_that_is_there),
                STORE_CASE(test_a_version_of_nothing_conflicts),
                STORE_CASE(test_an_empty_state_is_deleted_and_made_again_another),
                STORE_CASE(test_of_200_parallel_commits_every_effect_is_there),
                STORE_CASE(test_a_session_leads_to_its_user_live_or_ended),
                STORE_CASE(test_users_are_listed_by_tenant),
                STORE_CASE(test_a_state_past_its_end_goes_and_stands_in_nobodys_way),
                STORE_CASE(test_a_state_within_its_end_stays),
                STORE_CASE(test_the_largest_state_fits),
                STORE_CASE(test_a_state_that_cannot_be_read_again_is_not_stored),
                STORE_CASE(test_names_that_cannot_be_are_not_asked_for),
                STORE_CASE(test_a_call_that_was_freed_is_silent_and_its_commit_takes_place),
                STORE_CASE(test_calls_outlive_the_store),
                STORE_CASE(test_a_completion_may_free_its_call),
                STORE_CASE(test_many_users_at_once),
        };
        int r;

        r = store_case_choose(argc, argv);
        if (r)
                return r;
        return cmocka_run_group_tests_name(argv[1], tests, NULL, NULL);
}
