/* SPDX-License-Identifier: MIT */

/*
 * The file of the SQLite store: who may use it, and what is not taken for one.
 * `test-sqlite-file open PATH` is a second daemon: it says by its exit status whether it got in.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store-case.h"

static int open_elsewhere(const char *path) {
        StoreConfig config = { .type = STORE_SQLITE, .path = path, .timeout_usec = 1000000 };
        _cleanup_(user_store_freep) UserStore *store = NULL;
        sd_event *event;
        int r;

        if (sd_event_new(&event) < 0)
                return 99;
        r = user_store_new(&config, event, NULL, NULL, &store);
        store = user_store_free(store);
        sd_event_unref(event);
        return r < 0 ? 98 : r;
}

static int run_second_daemon(const char *path) {
        pid_t pid = fork();
        int status;

        assert_true(pid >= 0);
        if (pid == 0) {
                execl("/proc/self/exe", "test-sqlite-file", "open", path, NULL);
                _exit(127);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void test_a_second_daemon_is_refused(void **test) {
        StoreFixture *fixture = *test;

        assert_int_equal(run_second_daemon(fixture->path), STORE_E_REFUSED);
        fixture->store = user_store_free(fixture->store);
        assert_int_equal(run_second_daemon(fixture->path), 0);
}

static void assert_mode(const char *path, mode_t mode) {
        struct stat st;

        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, mode);
}

static void test_all_files_are_private(void **test) {
        StoreFixture *fixture = *test;
        char wal[128];

        fixture_store_user(fixture, "alice", 1);
        snprintf(wal, sizeof(wal), "%s-wal", fixture->path);
        assert_mode(fixture->path, 0600);
        assert_mode(wal, 0600);
        fixture->store = user_store_free(fixture->store);
        assert_int_equal(chmod(fixture->path, 0644), 0);
        assert_int_equal(store_fixture_open(fixture), 0);
        assert_mode(fixture->path, 0600);
}

static void spoil_directory(StoreFixture *fixture) {
        assert_int_equal(chmod(fixture->directory, 0770), 0);
}

static void spoil_by_link(StoreFixture *fixture) {
        char target[128];

        snprintf(target, sizeof(target), "%s.real", fixture->path);
        assert_int_equal(rename(fixture->path, target), 0);
        assert_int_equal(symlink(target, fixture->path), 0);
}

static void spoil_by_second_name(StoreFixture *fixture) {
        char name[128];

        snprintf(name, sizeof(name), "%s.second", fixture->path);
        assert_int_equal(link(fixture->path, name), 0);
}

static void spoil_by_fifo(StoreFixture *fixture) {
        assert_int_equal(unlink(fixture->path), 0);
        assert_int_equal(mkfifo(fixture->path, 0600), 0);
}

static void spoil_by_missing_directory(StoreFixture *fixture) {
        snprintf(fixture->path, sizeof(fixture->path), "%s/state.db/state.db", fixture->directory);
}

static void overwrite(const char *path, off_t offset, const char *data, size_t size) {
        int fd = open(path, O_WRONLY | O_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, data, size, offset), size);
        close(fd);
}

static void spoil_header(StoreFixture *fixture) {
        overwrite(fixture->path, 0, "This is not SQLite", 18);
}

static void spoil_pages(StoreFixture *fixture) {
        char garbage[4096];

        memset(garbage, 0x5a, sizeof(garbage));
        for (off_t page = 1; page < 8; page++)
                overwrite(fixture->path, page * 4096, garbage, sizeof(garbage));
}

static void spoil_length(StoreFixture *fixture) {
        assert_int_equal(truncate(fixture->path, 4096 + 100), 0);
}

static void run_sql(StoreFixture *fixture, const char *sql) {
        sqlite3 *handle;

        assert_int_equal(
                sqlite3_open_v2(fixture->path, &handle, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_close(handle), SQLITE_OK);
}

static void spoil_by_other_program(StoreFixture *fixture) {
        run_sql(fixture, "PRAGMA application_id = 7");
}

static void spoil_by_newer_version(StoreFixture *fixture) {
        run_sql(fixture, "PRAGMA user_version = 3");
}

static const struct {
        const char *name;
        void (*spoil)(StoreFixture *fixture);
        const char *notice;
} unusable[] = {
        { "a directory where others write", spoil_directory, "others may write" },
        { "a link", spoil_by_link, "symbolic link" },
        { "a file with a second name", spoil_by_second_name, "another name" },
        { "a FIFO", spoil_by_fifo, "not a regular file" },
        { "no directory", spoil_by_missing_directory, "Not a directory" },
        { "something else than a database", spoil_header, "not a database" },
        { "damaged pages", spoil_pages, "" },
        { "a file that was cut", spoil_length, "" },
        { "another program's database", spoil_by_other_program, "not a session store" },
        { "a newer version's database", spoil_by_newer_version, "another version" },
};

static void test_an_unusable_file_is_refused_with_its_reason(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(unusable); i++) {
                StoreFixture *fixture;

                store_fixture_new(STORE_SQLITE, &fixture);
                fixture_store_user(fixture, "alice", 1);
                fixture->store = user_store_free(fixture->store);
                unusable[i].spoil(fixture);
                if (store_fixture_open(fixture) != STORE_E_REFUSED)
                        fail_msg("taken: %s", unusable[i].name);
                if (!store_fixture_told(fixture, fixture->path) ||
                        !store_fixture_told(fixture, unusable[i].notice))
                        fail_msg("%s: told %s", unusable[i].name, fixture->notices);
                chmod(fixture->directory, 0700);
                store_fixture_free(fixture);
        }
}

static void test_a_record_that_is_no_state_is_corrupt_for_its_user_only(void **test) {
        static const char *const spoils[] = {
                "UPDATE state SET version = 'x'",
                "UPDATE state SET version = ''",
                "DELETE FROM field",
                "UPDATE field SET value = '{}' WHERE name LIKE 's:%'",
                "INSERT INTO field SELECT id, 'new', 'x' FROM state",
                "INSERT INTO field SELECT id, 'v', version FROM state",
        };

        (void)test;
        for (size_t i = 0; i < ARRAY_SIZE(spoils); i++) {
                _cleanup_(user_state_unrefp) UserState *state = NULL, *other = NULL;
                StoreFixture *fixture;

                store_fixture_new(STORE_SQLITE, &fixture);
                fixture_store_user(fixture, "alice", 1);
                fixture->store = user_store_free(fixture->store);
                run_sql(fixture, spoils[i]);
                assert_int_equal(store_fixture_open(fixture), 0);
                assert_int_equal(fixture_load(fixture, "alice", &state), STORE_E_CORRUPT);
                assert_true(store_fixture_told(fixture, "alice"));
                assert_int_equal(fixture_load(fixture, "bob", &other), 0);
                store_fixture_free(fixture);
        }
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                SQLITE_CASE(test_a_second_daemon_is_refused),
                SQLITE_CASE(test_all_files_are_private),
                cmocka_unit_test(test_an_unusable_file_is_refused_with_its_reason),
                cmocka_unit_test(test_a_record_that_is_no_state_is_corrupt_for_its_user_only),
        };

        if (argc == 3 && strcmp(argv[1], "open") == 0)
                return open_elsewhere(argv[2]);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
