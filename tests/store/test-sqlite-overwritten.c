/* SPDX-License-Identifier: MIT */

/*
 * What somebody else writes to the SQLite store's files while it is open counts as files taken away.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault-vfs.h"
#include "meddle.h"

#define LARGE_SIZE 16000u

static void restore(const StoreFixture *fixture, const char *database, const char *log) {
        char backup[128];

        (void)log;
        meddle_path(fixture, "-backup", backup);
        meddle_copy(backup, database);
}

/* As cp -p, and rsync -t --inplace. */
static void restore_with_its_times(
        const StoreFixture *fixture, const char *database, const char *log) {
        struct stat st;

        assert_int_equal(stat(database, &st), 0);
        restore(fixture, database, log);
        assert_int_equal(utimensat(AT_FDCWD, database,
                                 (const struct timespec[]){ st.st_atim, st.st_mtim }, 0),
                0);
}

static void write_to_database(const StoreFixture *fixture, const char *database, const char *log) {
        (void)fixture;
        (void)log;
        meddle_change_byte(database, 9000);
}

static void cut_database(const StoreFixture *fixture, const char *database, const char *log) {
        (void)fixture;
        (void)log;
        assert_int_equal(truncate(database, 4096), 0);
}

static void grow_database(const StoreFixture *fixture, const char *database, const char *log) {
        struct stat st;

        (void)fixture;
        (void)log;
        assert_int_equal(stat(database, &st), 0);
        assert_int_equal(truncate(database, st.st_size + 4096), 0);
}

static void write_to_log(const StoreFixture *fixture, const char *database, const char *log) {
        (void)fixture;
        (void)database;
        meddle_change_byte(log, 100);
}

static void cut_log(const StoreFixture *fixture, const char *database, const char *log) {
        (void)fixture;
        (void)database;
        assert_int_equal(truncate(log, 0), 0);
}

static void test_files_that_were_overwritten_acknowledge_nothing(void **unused) {
        static const Meddle deeds[] = { restore, restore_with_its_times, write_to_database,
                cut_database, grow_database, write_to_log, cut_log };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(deeds); i++) {
                _cleanup_(user_state_unrefp) UserState *state = NULL;
                StoreFixture *fixture;
                StoreHealth health;

                meddle_setup((void **)&fixture);
                assert_int_equal(fixture_load(fixture, "user1", &state), 0);
                assert_true(user_state_end(
                        state, fixture_sid(101), REASON_SESSION_REVOKED, fixture_now_sec()));
                meddle_do(deeds[i], fixture);
                assert_int_equal(fixture_commit(fixture, state), STORE_E_OFFLINE);
                assert_int_equal(meddle_end_session(fixture, "user2", 102), STORE_E_OFFLINE);
                assert_true(store_fixture_told(fixture, "under the running daemon"));
                user_store_health(fixture->store, &health);
                assert_false(health.online);
                store_fixture_free(fixture);
        }
}

static void on_committed(StoreCall *call, int r, UserState *state, void *userdata) {
        int *result = userdata;

        (void)call;
        user_state_unref(state);
        *result = r;
}

/* Our writes are over when it begins, so that the times tell. */
static void test_what_is_overwritten_while_the_disk_takes_its_time_acknowledges_nothing(
        void **unused) {
        static const Meddle deeds[] = { restore, write_to_database, write_to_log };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(deeds); i++) {
                _cleanup_(user_state_unrefp) UserState *state = NULL;
                StoreFixture *fixture;
                StoreCall *call;
                char log[128];
                int r = 1;

                meddle_setup((void **)&fixture);
                meddle_path(fixture, "-wal", log);
                assert_int_equal(fixture_load(fixture, "user1", &state), 0);
                assert_true(user_state_end(
                        state, fixture_sid(101), REASON_SESSION_REVOKED, fixture_now_sec()));
                fault_vfs_hold_syncs();
                assert_int_equal(fixture_start_commit(fixture, state, on_committed, &r, &call), 0);
                while (atomic_load(&fault_vfs.n_held) == 0)
                        store_fixture_turn(fixture, 1000);
                meddle_wait_for_a_tick(log);
                meddle_do(deeds[i], fixture);
                fault_vfs_release_syncs();
                while (r == 1)
                        store_fixture_turn(fixture, 1000);
                assert_int_equal(r, STORE_E_OFFLINE);
                assert_true(store_fixture_told(fixture, "under the running daemon"));
                store_fixture_free(fixture);
        }
}

static char meddled_path[128];

/* In each page that is in the log. */
static void change_all_frames(void) {
        struct stat st;

        assert_int_equal(stat(meddled_path, &st), 0);
        for (off_t offset = 32 + 24 + 4000; offset < st.st_size; offset += 24 + 4096)
                meddle_change_byte(meddled_path, offset);
}

/* With pages of its own. */
static void store_large_user(StoreFixture *fixture) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        Session *session = fixture_session(3);

        session->name = calloc(1, LARGE_SIZE);
        assert_non_null(session->name);
        memset(session->name, 'x', LARGE_SIZE - 1);
        assert_int_equal(user_state_new("default", "large", &state), 0);
        assert_int_equal(user_state_add(state, session), 0);
        assert_int_equal(fixture_commit(fixture, state), 0);
}

/* Between two writes of ours the times do not tell, but nothing of it gets into the database. */
static void test_what_is_overwritten_while_we_write_is_found_when_it_is_read(void **test) {
        StoreFixture *fixture = *test;
        int r = 0;

        store_large_user(fixture);
        meddle_path(fixture, "-wal", meddled_path);
        atomic_store(&fault_vfs.meddle, change_all_frames);
        /* The large one's pages in the log stay as they are until they are written back. */
        for (unsigned int i = 1; r == 0; i++) {
                _cleanup_(user_state_unrefp) UserState *state = NULL;

                assert_in_range(i, 1, 999);
                assert_int_equal(fixture_load(fixture, "user0", &state), 0);
                state->ban_until_sec = fixture_now_sec() + 1000 + i;
                r = fixture_commit(fixture, state);
        }
        assert_int_equal(r, STORE_E_OFFLINE);
        assert_true(store_fixture_told(fixture, "under the running daemon"));
}

/* Nothing of our log is mixed into it. */
static void assert_is_the_backup(StoreFixture *fixture) {
        char backup[128], stray[128];
        struct stat st;

        meddle_path(fixture, "-backup", backup);
        meddle_path(fixture, "-wal-stray", stray);
        assert_int_equal(meddle_look_up(fixture, "alice", 1), REASON_OK);
        assert_int_equal(meddle_look_up(fixture, "bob", 2), REASON_OK);
        assert_true(store_fixture_told(fixture, "is put aside"));
        assert_int_equal(stat(stray, &st), 0);
        assert_true(st.st_size > 0);
        assert_int_equal(meddle_end_session(fixture, "bob", 2), 0);
}

static void test_after_a_restart_the_backup_is_what_there_is(void **test) {
        StoreFixture *fixture = *test;

        meddle_do(restore, fixture);
        store_fixture_reopen(fixture);
        assert_is_the_backup(fixture);
}

static void test_what_was_refused_meanwhile_is_not_in_the_backup(void **test) {
        StoreFixture *fixture = *test;

        meddle_do(restore, fixture);
        assert_int_equal(meddle_end_session(fixture, "user3", 103), STORE_E_OFFLINE);
        store_fixture_reopen(fixture);
        assert_int_equal(meddle_look_up(fixture, "user3", 103), REASON_OK);
        assert_is_the_backup(fixture);
}

static void test_a_backup_that_was_renamed_there_is_not_mixed_either(void **test) {
        StoreFixture *fixture = *test;
        char backup[128];

        meddle_path(fixture, "-backup", backup);
        assert_int_equal(rename(backup, fixture->path), 0);
        store_fixture_reopen(fixture);
        assert_is_the_backup(fixture);
}

/* The one who removed it may put it back, and needs the log then. */
static void test_a_log_without_a_database_stays(void **test) {
        StoreFixture *fixture = *test;
        char away[128];

        meddle_path(fixture, "-away", away);
        assert_int_equal(rename(fixture->path, away), 0);
        assert_int_equal(meddle_end_session(fixture, "user3", 103), STORE_E_OFFLINE);
        fixture->store = user_store_free(fixture->store);
        assert_int_equal(rename(away, fixture->path), 0);
        assert_int_equal(store_fixture_open(fixture), 0);
        assert_int_equal(meddle_look_up(fixture, "alice", 1), REASON_SESSION_REVOKED);
        assert_int_equal(meddle_look_up(fixture, "bob", 2), REASON_SESSION_REVOKED);
}

int main(void) {
        const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, meddle_setup, meddle_teardown)
                cmocka_unit_test(test_files_that_were_overwritten_acknowledge_nothing),
                cmocka_unit_test(
                        test_what_is_overwritten_while_the_disk_takes_its_time_acknowledges_nothing),
                CASE(test_what_is_overwritten_while_we_write_is_found_when_it_is_read),
                CASE(test_after_a_restart_the_backup_is_what_there_is),
                CASE(test_what_was_refused_meanwhile_is_not_in_the_backup),
                CASE(test_a_backup_that_was_renamed_there_is_not_mixed_either),
                CASE(test_a_log_without_a_database_stays),
#undef CASE
        };

        fault_vfs_install();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
