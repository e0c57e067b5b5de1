/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fault-vfs.h"
#include "meddle.h"
#include "daemon/session/session-check.h"

#define FILE_SIZE_MAX (1u << 20)

void meddle_path(const StoreFixture *fixture, const char *suffix, char path[128]) {
        snprintf(path, 128, "%s%s", fixture->path, suffix);
}

/* Into the file that there is, as cp(1) does it. */
void meddle_copy(const char *from, const char *to) {
        _cleanup_(freep) char *data = malloc(FILE_SIZE_MAX);
        int fd = open(from, O_RDONLY | O_CLOEXEC);
        ssize_t n;

        assert_non_null(data);
        assert_true(fd >= 0);
        n = read(fd, data, FILE_SIZE_MAX);
        assert_in_range(n, 1, FILE_SIZE_MAX - 1);
        close(fd);
        fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, data, (size_t)n), n);
        close(fd);
}

void meddle_change_byte(const char *path, off_t offset) {
        int fd = open(path, O_RDWR | O_CLOEXEC);
        char byte;

        assert_true(fd >= 0);
        assert_int_equal(pread(fd, &byte, 1, offset), 1);
        byte ^= 1;
        assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
        close(fd);
}

/* Whoever writes now does so after the last tick of the clock that our own write has. */
void meddle_wait_for_a_tick(const char *path) {
        struct timespec now;
        struct stat st;

        assert_int_equal(stat(path, &st), 0);
        do
                clock_gettime(CLOCK_REALTIME_COARSE, &now);
        while (now.tv_sec < st.st_ctim.tv_sec ||
                (now.tv_sec == st.st_ctim.tv_sec && now.tv_nsec <= st.st_ctim.tv_nsec));
}

Reason meddle_look_up(StoreFixture *fixture, const char *user, unsigned int number) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;

        assert_int_equal(fixture_load(fixture, user, &state), 0);
        return user_state_check(state, fixture_sid(number), fixture_now_sec());
}

int meddle_end_session(StoreFixture *fixture, const char *user, unsigned int number) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        int r = fixture_load(fixture, user, &state);

        if (r)
                return r;
        assert_true(user_state_end(
                state, fixture_sid(number), REASON_SESSION_REVOKED, fixture_now_sec()));
        return fixture_commit(fixture, state);
}

/* Alice is revoked since the backup, and that is in the database; bob is since then, and that is in the log. */
int meddle_setup(void **state) {
        char backup[128], log[128];
        StoreFixture *fixture;

        store_fixture_new(STORE_SQLITE, &fixture);
        fixture->config.timeout_usec = 60000000;
        for (unsigned int i = 0; i < 40; i++) {
                char user[16];

                snprintf(user, sizeof(user), "user%u", i);
                fixture_store_user(fixture, user, 100 + i);
        }
        fixture_store_user(fixture, "alice", 1);
        fixture_store_user(fixture, "bob", 2);
        store_fixture_reopen(fixture);
        meddle_path(fixture, "-backup", backup);
        meddle_path(fixture, "-wal", log);
        meddle_copy(fixture->path, backup);
        assert_int_equal(meddle_end_session(fixture, "alice", 1), 0);
        store_fixture_reopen(fixture);
        assert_int_equal(meddle_end_session(fixture, "bob", 2), 0);
        meddle_wait_for_a_tick(log);
        *state = fixture;
        return 0;
}

int meddle_teardown(void **state) {
        fault_vfs_release_syncs();
        store_fixture_free(*state);
        return 0;
}

void meddle_do(Meddle deed, const StoreFixture *fixture) {
        char log[128];

        meddle_path(fixture, "-wal", log);
        deed(fixture, fixture->path, log);
}
