/* SPDX-License-Identifier: MIT */

/*
 * What the SQLite store answers from memory, and what it does on a disk that fails or hangs.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fault-vfs.h"
#include "store-fixture.h"
#include "daemon/session/session-check.h"

static int setup(void **state) {
        store_fixture_new(STORE_SQLITE, (StoreFixture **)state);
        return 0;
}

static int teardown(void **state) {
        fault_vfs_release_syncs();
        store_fixture_free(*state);
        memset(&fault_vfs, 0, sizeof(fault_vfs));
        return 0;
}

static void test_memory_answers_only_what_was_loaded(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        StoreFixture *fixture = *test;
        const UserState *peeked = NULL;

        assert_int_equal(
                user_store_peek(fixture->store, "default", "alice", &peeked), STORE_E_NOT_FOUND);
        assert_int_equal(fixture_load(fixture, "alice", &state), 0);
        assert_int_equal(user_store_peek(fixture->store, "default", "alice", &peeked), 0);
        assert_int_equal(user_state_end_sec(peeked), 0);
        assert_int_equal(
                user_store_peek(fixture->store, "other", "alice", &peeked), STORE_E_NOT_FOUND);
}

typedef struct Commit {
        StoreFixture *fixture;
        bool done, done_in_memory;
        int r;
} Commit;

static Reason peek_session(StoreFixture *fixture) {
        const UserState *state;

        if (user_store_peek(fixture->store, "default", "alice", &state) != 0)
                return REASON_INTERNAL;
        return user_state_check(state, fixture_sid(1), fixture_now_sec());
}

static void on_committed(StoreCall *call, int r, UserState *state, void *userdata) {
        Commit *commit = userdata;

        (void)call;
        user_state_unref(state);
        commit->done = true;
        commit->r = r;
        commit->done_in_memory = peek_session(commit->fixture) == REASON_SESSION_REVOKED;
}

static void start_revoke(StoreFixture *fixture, Commit *commit) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        StoreCall *call;

        *commit = (Commit){ .fixture = fixture };
        assert_int_equal(fixture_load(fixture, "alice", &state), 0);
        assert_true(
                user_state_end(state, fixture_sid(1), REASON_SESSION_REVOKED, fixture_now_sec()));
        assert_int_equal(fixture_start_commit(fixture, state, on_committed, commit, &call), 0);
}

/* Until some sync of the disk hangs. */
static void wait_for_held_sync(StoreFixture *fixture) {
        while (atomic_load(&fault_vfs.n_held) == 0)
                store_fixture_turn(fixture, 1000);
}

static void test_memory_changes_when_the_disk_has_it_and_before_anybody_is_told(void **test) {
        StoreFixture *fixture = *test;
        Commit commit;

        fixture_store_user(fixture, "alice", 1);
        fault_vfs_hold_syncs();
        start_revoke(fixture, &commit);
        wait_for_held_sync(fixture);
        assert_false(commit.done);
        assert_int_equal(peek_session(fixture), REASON_OK);
        fault_vfs_release_syncs();
        store_fixture_run(fixture, &commit.done);
        assert_int_equal(commit.r, 0);
        assert_true(commit.done_in_memory);
}

static void test_a_hanging_disk_is_a_timeout_and_its_commit_is_seen_in_the_end(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        StoreFixture *fixture = *test;
        StoreHealth health;
        Commit commit;

        fixture_store_user(fixture, "alice", 1);
        fixture->config.timeout_usec = 100000;
        store_fixture_reopen(fixture);
        assert_int_equal(fixture_load(fixture, "alice", &state), 0);
        fault_vfs_hold_syncs();
        start_revoke(fixture, &commit);
        store_fixture_run(fixture, &commit.done);
        assert_int_equal(commit.r, STORE_E_TIMEOUT);
        assert_int_equal(peek_session(fixture), REASON_OK);
        assert_true(store_fixture_told(fixture, "no answer from the disk"));
        fault_vfs_release_syncs();
        while (peek_session(fixture) != REASON_SESSION_REVOKED)
                store_fixture_turn(fixture, 100000);
        user_store_health(fixture->store, &health);
        assert_int_equal(health.n_commits, 1);
        assert_int_equal(health.n_errors, 1);
}

static void test_a_sync_that_failed_is_unknown_and_out_of_memory(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        StoreFixture *fixture = *test;
        StoreHealth health;
        Commit commit;
        Reason reason;

        fixture_store_user(fixture, "alice", 1);
        atomic_store(&fault_vfs.fail_syncs, 1);
        start_revoke(fixture, &commit);
        store_fixture_run(fixture, &commit.done);
        assert_int_equal(commit.r, STORE_E_OFFLINE);
        assert_int_equal(peek_session(fixture), REASON_INTERNAL);
        assert_true(store_fixture_told(fixture, "disk I/O error"));
        user_store_health(fixture->store, &health);
        assert_false(health.online);
        assert_true(health.message[0] != '\0');
        /* Old or new, and whichever it is stays so. */
        store_fixture_reopen(fixture);
        assert_int_equal(fixture_load(fixture, "alice", &state), 0);
        reason = user_state_check(state, fixture_sid(1), fixture_now_sec());
        assert_true(reason == REASON_OK || reason == REASON_SESSION_REVOKED);
        if (reason == REASON_OK) {
                start_revoke(fixture, &commit);
                store_fixture_run(fixture, &commit.done);
                assert_int_equal(commit.r, 0);
        }
}

static void path_of(const StoreFixture *fixture, const char *suffix, char path[128]) {
        snprintf(path, 128, "%s%s", fixture->path, suffix);
}

static void remove_database(const StoreFixture *fixture) {
        assert_int_equal(unlink(fixture->path), 0);
}

static void remove_log(const StoreFixture *fixture) {
        char log[128];

        path_of(fixture, "-wal", log);
        assert_int_equal(unlink(log), 0);
}

/* As whoever restores a backup does: written beside it, and renamed. */
static void replace_database(const StoreFixture *fixture) {
        char backup[128];
        int fd;

        path_of(fixture, "-backup", backup);
        fd = open(backup, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        close(fd);
        assert_int_equal(rename(backup, fixture->path), 0);
}

static void test_files_that_were_taken_away_acknowledge_nothing(void **unused) {
        static void (*const spoils[])(
                const StoreFixture *) = { remove_database, remove_log, replace_database };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(spoils); i++) {
                _cleanup_(user_state_unrefp) UserState *state = NULL;
                StoreFixture *fixture;
                StoreHealth health;
                Commit commit;

                store_fixture_new(STORE_SQLITE, &fixture);
                fixture_store_user(fixture, "alice", 1);
                fixture_store_user(fixture, "bob", 2);
                spoils[i](fixture);
                start_revoke(fixture, &commit);
                store_fixture_run(fixture, &commit.done);
                assert_int_equal(commit.r, STORE_E_OFFLINE);
                assert_int_equal(fixture_load(fixture, "alice", &state), STORE_E_OFFLINE);
                assert_int_equal(fixture_load(fixture, "bob", &state), STORE_E_OFFLINE);
                assert_true(store_fixture_told(fixture, "replaced under the running daemon"));
                user_store_health(fixture->store, &health);
                assert_false(health.online);
                store_fixture_free(fixture);
        }
}

/* Looked at in vain, which may be over in a moment, is not taken away. */
static void test_files_that_cannot_be_looked_at_refuse_for_so_long(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        StoreFixture *fixture = *test;
        char away[128];
        Commit commit;

        fixture_store_user(fixture, "alice", 1);
        snprintf(away, sizeof(away), "%s-away", fixture->directory);
        assert_int_equal(rename(fixture->directory, away), 0);
        /* Of links to itself, which stops root, too. */
        assert_int_equal(symlink(fixture->directory, fixture->directory), 0);
        start_revoke(fixture, &commit);
        store_fixture_run(fixture, &commit.done);
        assert_int_equal(commit.r, STORE_E_OFFLINE);
        assert_int_equal(unlink(fixture->directory), 0);
        assert_int_equal(rename(away, fixture->directory), 0);
        assert_int_equal(fixture_load(fixture, "alice", &state), 0);
        start_revoke(fixture, &commit);
        store_fixture_run(fixture, &commit.done);
        assert_int_equal(commit.r, 0);
}

static void test_a_full_disk_refuses_and_leaves_nothing_half(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        StoreFixture *fixture = *test;
        StoreHealth health;
        Commit commit;

        fixture_store_user(fixture, "alice", 1);
        atomic_store(&fault_vfs.write_code, SQLITE_FULL);
        atomic_store(&fault_vfs.fail_writes, 1000);
        start_revoke(fixture, &commit);
        store_fixture_run(fixture, &commit.done);
        assert_int_equal(commit.r, STORE_E_REFUSED);
        assert_true(store_fixture_told(fixture, "full"));
        assert_int_equal(fixture_load(fixture, "alice", &state), 0);
        assert_int_equal(state->version.counter, 1);
        atomic_store(&fault_vfs.fail_writes, 0);
        start_revoke(fixture, &commit);
        store_fixture_run(fixture, &commit.done);
        assert_int_equal(commit.r, 0);
        user_store_health(fixture->store, &health);
        assert_true(health.online);
        assert_string_equal(health.message, "");
}

static void test_a_read_error_is_offline_and_passes(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL, *again = NULL;
        StoreFixture *fixture = *test;

        /* More than SQLite's own memory holds, so that it has to read. */
        for (unsigned int i = 0; i < 8; i++) {
                _cleanup_(user_state_unrefp) UserState *large = NULL;
                char user[16];

                snprintf(user, sizeof(user), "large%u", i);
                assert_int_equal(user_state_new("default", user, &large), 0);
                for (unsigned int j = 0; j < 10; j++) {
                        Session *session = fixture_session(i * 10 + j + 10);

                        session->name = calloc(1, 16000);
                        assert_non_null(session->name);
                        memset(session->name, 'x', 15999);
                        assert_int_equal(user_state_add(large, session), 0);
                }
                assert_int_equal(fixture_commit(fixture, large), 0);
        }
        store_fixture_reopen(fixture);
        atomic_store(&fault_vfs.fail_reads, 1);
        assert_int_equal(fixture_load(fixture, "large0", &state), STORE_E_OFFLINE);
        assert_int_equal(fixture_load(fixture, "large0", &again), 0);
        assert_int_equal(again->n_sessions, 10);
}

static void on_counted(StoreCall *call, int r, UserState *state, void *userdata) {
        unsigned int *n_done = userdata;

        (void)call;
        user_state_unref(state);
        assert_int_equal(r, 0);
        ++*n_done;
}

static void start_commit(
        StoreFixture *fixture, const char *user, unsigned int number, unsigned int *n_done) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        StoreCall *call;

        assert_int_equal(user_state_new("default", user, &state), 0);
        assert_int_equal(user_state_add(state, fixture_session(number)), 0);
        assert_int_equal(fixture_start_commit(fixture, state, on_counted, n_done, &call), 0);
}

static void test_what_waits_for_the_disk_shares_one_write(void **test) {
        StoreFixture *fixture = *test;
        unsigned int n_done = 0;
        int n_syncs;

        fault_vfs_hold_syncs();
        start_commit(fixture, "first", 1, &n_done);
        wait_for_held_sync(fixture);
        for (unsigned int i = 2; i < 52; i++) {
                char user[16];

                snprintf(user, sizeof(user), "user%u", i);
                start_commit(fixture, user, i, &n_done);
        }
        fault_vfs_release_syncs();
        n_syncs = atomic_load(&fault_vfs.n_syncs);
        while (n_done < 51)
                store_fixture_turn(fixture, 100000);
        assert_true(atomic_load(&fault_vfs.n_syncs) - n_syncs <= 3);
}

static void test_after_a_failed_write_each_commit_has_its_own_try(void **test) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        StoreFixture *fixture = *test;
        unsigned int n_done = 0;
        char names[128];

        fault_vfs_hold_syncs();
        start_commit(fixture, "first", 1, &n_done);
        wait_for_held_sync(fixture);
        start_commit(fixture, "second", 2, &n_done);
        start_commit(fixture, "third", 3, &n_done);
        atomic_store(&fault_vfs.write_code, SQLITE_FULL);
        atomic_store(&fault_vfs.fail_writes, 1);
        fault_vfs_release_syncs();
        while (n_done < 3)
                store_fixture_turn(fixture, 100000);
        assert_int_equal(atomic_load(&fault_vfs.fail_writes), 0);
        store_fixture_reopen(fixture);
        assert_int_equal(fixture_list(fixture, "default", names, sizeof(names)), 0);
        assert_string_equal(names, "first,second,third,");
}

static void test_a_state_whose_end_is_not_settled_stays(void **test) {
        const uint64_t far_sec = fixture_now_sec() + UINT64_C(10) * 366 * 86400;
        const Moment moment = { far_sec, far_sec, fixture_now_sec() };
        _cleanup_(user_state_unrefp) UserState *state = NULL, *again = NULL;
        StoreFixture *fixture = *test;

        assert_int_equal(user_state_new("default", "alice", &state), 0);
        state->ban_until_sec = fixture_now_sec() + 60;
        assert_int_equal(fixture_commit(fixture, state), 0);
        user_store_expire(fixture->store, &moment);
        store_fixture_reopen(fixture);
        assert_int_equal(fixture_load(fixture, "alice", &again), 0);
        assert_int_equal(again->ban_until_sec, state->ban_until_sec);
}

int main(void) {
        const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
                CASE(test_memory_answers_only_what_was_loaded),
                CASE(test_memory_changes_when_the_disk_has_it_and_before_anybody_is_told),
                CASE(test_a_hanging_disk_is_a_timeout_and_its_commit_is_seen_in_the_end),
                CASE(test_a_sync_that_failed_is_unknown_and_out_of_memory),
                cmocka_unit_test(test_files_that_were_taken_away_acknowledge_nothing),
                CASE(test_files_that_cannot_be_looked_at_refuse_for_so_long),
                CASE(test_a_full_disk_refuses_and_leaves_nothing_half),
                CASE(test_a_read_error_is_offline_and_passes),
                CASE(test_what_waits_for_the_disk_shares_one_write),
                CASE(test_after_a_failed_write_each_commit_has_its_own_try),
                CASE(test_a_state_whose_end_is_not_settled_stays),
#undef CASE
        };

        fault_vfs_install();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
