/* SPDX-License-Identifier: MIT */

/*
 * What only looks like writing to the SQLite store's files, and is none: nobody is refused for it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "meddle.h"

#define N_BUSY_COMMITS 2000u
#define N_BUSY_USERS   200u

static void touch(const StoreFixture *fixture, const char *database, const char *log) {
        (void)fixture;
        assert_int_equal(utimensat(AT_FDCWD, database, NULL, 0), 0);
        assert_int_equal(utimensat(AT_FDCWD, log, NULL, 0), 0);
}

/* As programs for backups do, lest their reading show. */
static void set_times_back(const StoreFixture *fixture, const char *database, const char *log) {
        const struct timespec times[] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

        (void)fixture;
        assert_int_equal(utimensat(AT_FDCWD, database, times, 0), 0);
        assert_int_equal(utimensat(AT_FDCWD, log, times, 0), 0);
}

static void change_rights(const StoreFixture *fixture, const char *database, const char *log) {
        (void)fixture;
        assert_int_equal(chmod(database, 0640), 0);
        assert_int_equal(chmod(log, 0400), 0);
        assert_int_equal(chown(database, geteuid(), getegid()), 0);
}

/* As snapshots do that share files. */
static void add_name(const StoreFixture *fixture, const char *database, const char *log) {
        char other[128];

        (void)log;
        meddle_path(fixture, "-other", other);
        (void)unlink(other);
        assert_int_equal(link(database, other), 0);
}

static void copy_away(const StoreFixture *fixture, const char *database, const char *log) {
        char other[128];

        meddle_path(fixture, "-other", other);
        meddle_copy(database, other);
        meddle_copy(log, other);
}

static void write_the_same(const StoreFixture *fixture, const char *database, const char *log) {
        char other[128];

        meddle_path(fixture, "-other", other);
        meddle_copy(database, other);
        meddle_copy(other, database);
        meddle_copy(log, other);
        meddle_copy(other, log);
}

static void test_what_only_looks_like_writing_is_none(void **unused) {
        static const Meddle deeds[] = { touch, set_times_back, change_rights, add_name, copy_away,
                write_the_same };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(deeds); i++) {
                _cleanup_(user_state_unrefp) UserState *state = NULL;
                StoreFixture *fixture;
                char other[128];

                meddle_setup((void **)&fixture);
                assert_int_equal(fixture_load(fixture, "user1", &state), 0);
                assert_true(user_state_end(
                        state, fixture_sid(101), REASON_SESSION_REVOKED, fixture_now_sec()));
                meddle_do(deeds[i], fixture);
                assert_int_equal(fixture_commit(fixture, state), 0);
                meddle_do(deeds[i], fixture);
                assert_int_equal(meddle_look_up(fixture, "bob", 2), REASON_SESSION_REVOKED);
                assert_int_equal(meddle_end_session(fixture, "user2", 102), 0);
                meddle_path(fixture, "-other", other);
                (void)unlink(other);
                store_fixture_reopen(fixture);
                assert_int_equal(meddle_look_up(fixture, "user1", 101), REASON_SESSION_REVOKED);
                assert_int_equal(meddle_look_up(fixture, "user2", 102), REASON_SESSION_REVOKED);
                store_fixture_free(fixture);
        }
}

static pid_t start_meddling(const StoreFixture *fixture) {
        const pid_t parent = getpid();
        char log[128];
        pid_t pid;

        meddle_path(fixture, "-wal", log);
        pid = fork();
        assert_true(pid >= 0);
        if (pid)
                return pid;
        for (unsigned int i = 0; getppid() == parent; i++) {
                const char *path = i % 2 ? log : fixture->path;
                struct timespec times[2];
                char data[4096];
                struct stat st;
                int fd = open(path, O_RDONLY | O_CLOEXEC);

                if (fd < 0 || fstat(fd, &st) < 0)
                        continue;
                while (read(fd, data, sizeof(data)) > 0)
                        ;
                times[0] = st.st_atim;
                times[1] = st.st_mtim;
                if (futimens(fd, times) < 0 || fchmod(fd, i % 3 ? 0600 : 0640) < 0)
                        continue;
                close(fd);
                sched_yield();
        }
        _exit(0);
}

static void check_under_load(StoreFixture *fixture, unsigned int first, unsigned int n_commits) {
        pid_t meddler = start_meddling(fixture);

        for (unsigned int i = first; i < first + n_commits; i++) {
                _cleanup_(user_state_unrefp) UserState *state = NULL;
                char user[16];
                int r;

                snprintf(user, sizeof(user), "busy%u", i % N_BUSY_USERS);
                assert_int_equal(fixture_load(fixture, user, &state), 0);
                if (state->n_sessions == 0)
                        assert_int_equal(user_state_add(state, fixture_session(i)), 0);
                else
                        assert_true(user_state_end(state, state->sessions[0]->sid,
                                REASON_SESSION_REVOKED, fixture_now_sec()));
                r = fixture_commit(fixture, state);
                if (r)
                        kill(meddler, SIGKILL);
                assert_int_equal(r, 0);
        }
        kill(meddler, SIGKILL);
        assert_int_equal(waitpid(meddler, NULL, 0), meddler);
        assert_string_equal(fixture->notices, "");
        store_fixture_reopen(fixture);
        assert_int_equal(meddle_look_up(fixture, "bob", 2), REASON_SESSION_REVOKED);
}

static void test_under_load_reading_and_touching_are_no_writing(void **test) {
        StoreFixture *fixture = *test;

        check_under_load(fixture, 1000, N_BUSY_COMMITS / 8);
        fixture->config.unsafe_no_sync = true;
        store_fixture_reopen(fixture);
        check_under_load(fixture, 5000, N_BUSY_COMMITS);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_only_looks_like_writing_is_none),
                cmocka_unit_test_setup_teardown(test_under_load_reading_and_touching_are_no_writing,
                        meddle_setup, meddle_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
