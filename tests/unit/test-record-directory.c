/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/login/record-directory.h"
#include "login-fixture.h"

/* What a visit saw, as "name=text;". */
static char seen[256];

static void see(const char *name, const char *text, size_t size, void *userdata) {
        size_t used = strlen(seen);

        (void)userdata;
        snprintf(seen + used, sizeof(seen) - used, "%s=%.*s;", name, (int)size, text);
}

static const char *read_all(int fd) {
        *seen = '\0';
        assert_int_equal(record_directory_read_all(fd, see, NULL), 0);
        return seen;
}

static int open_fixture(void) {
        int fd = -1;

        assert_int_equal(record_directory_open(login_fixture_directory(), &fd), 0);
        return fd;
}

static void test_write_and_remove(void **unused) {
        _cleanup_(closep) int fd = open_fixture();
        struct stat info;

        (void)unused;
        assert_int_equal(record_directory_write(fd, "a", "one"), 0);
        assert_string_equal(read_all(fd), "a=one;");
        assert_int_equal(record_directory_write(fd, "a", "two"), 0);
        assert_string_equal(read_all(fd), "a=two;");
        assert_int_equal(fstatat(fd, "a", &info, AT_SYMLINK_NOFOLLOW), 0);
        assert_int_equal(info.st_mode & 07777, 0600);
        record_directory_remove(fd, "a");
        record_directory_remove(fd, "a");
        assert_string_equal(read_all(fd), "");
}

static void test_names_that_lead_elsewhere(void **unused) {
        static const char *const names[] = { ".a", "..", "a/b", "/a",
                "01234567890123456789012345678901234567890123456789012345678901234" };
        _cleanup_(closep) int fd = open_fixture();

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                assert_int_equal(record_directory_write(fd, names[i], "x"), -EINVAL);
        assert_string_equal(read_all(fd), "");
}

static void test_size(void **unused) {
        _cleanup_(freep) char *text = calloc(1, RECORD_SIZE_MAX + 2);
        _cleanup_(closep) int fd = open_fixture();

        (void)unused;
        assert_non_null(text);
        memset(text, 'x', RECORD_SIZE_MAX + 1);
        assert_int_equal(record_directory_write(fd, "a", text), -E2BIG);
        assert_false(login_fixture_has("a"));
        login_fixture_write("b", text);
        assert_string_equal(read_all(fd), "");
        assert_false(login_fixture_has("b"));
        text[RECORD_SIZE_MAX] = '\0';
        assert_int_equal(record_directory_write(fd, "a", text), 0);
        assert_memory_equal(read_all(fd), "a=xxx", 5);
}

static void test_what_a_crash_left(void **unused) {
        _cleanup_(closep) int fd = open_fixture();

        (void)unused;
        login_fixture_write(".new-a", "half");
        assert_int_equal(record_directory_write(fd, "a", "whole"), 0);
        login_fixture_write(".new-b", "half");
        assert_string_equal(read_all(fd), "a=whole;");
        assert_false(login_fixture_has(".new-a"));
        assert_false(login_fixture_has(".new-b"));
}

static void test_links_are_not_followed(void **unused) {
        _cleanup_(closep) int fd = open_fixture();
        char target[64];
        int link_fd = -1;

        (void)unused;
        snprintf(target, sizeof(target), "%s/target", login_fixture_directory());
        login_fixture_write("target", "kept");
        assert_int_equal(symlinkat("target", fd, "link"), 0);
        assert_int_equal(symlinkat("target", fd, ".new-a"), 0);
        assert_int_equal(record_directory_write(fd, "a", "x"), 0);
        assert_non_null(strstr(read_all(fd), "target=kept;"));
        assert_null(strstr(seen, "link"));
        assert_false(login_fixture_has("link"));
        assert_int_equal(symlinkat(login_fixture_directory(), fd, "link"), 0);
        snprintf(target, sizeof(target), "%s/link", login_fixture_directory());
        assert_true(record_directory_open(target, &link_fd) < 0);
}

static void test_what_is_no_file(void **unused) {
        _cleanup_(closep) int fd = open_fixture();

        (void)unused;
        assert_int_equal(mkfifoat(fd, "fifo", 0600), 0);
        assert_int_equal(mkdirat(fd, "directory", 0700), 0);
        assert_string_equal(read_all(fd), "");
        assert_false(login_fixture_has("fifo"));
}

/* Such as a copy that root made. Root itself may read everything. */
static void test_what_may_not_be_read(void **unused) {
        _cleanup_(closep) int fd = open_fixture();
        uid_t uid = geteuid();

        (void)unused;
        if (uid == 0 && (fchown(fd, 65534, (gid_t)-1) < 0 || seteuid(65534) < 0))
                skip();
        login_fixture_write("a", "kept");
        login_fixture_write("b", "gone");
        assert_int_equal(fchmodat(fd, "b", 0, 0), 0);
        assert_string_equal(read_all(fd), "a=kept;");
        assert_false(login_fixture_has("b"));
        assert_int_equal(seteuid(uid), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        test_what_may_not_be_read, login_fixture_setup, login_fixture_teardown),
                cmocka_unit_test_setup_teardown(
                        test_write_and_remove, login_fixture_setup, login_fixture_teardown),
                cmocka_unit_test_setup_teardown(test_names_that_lead_elsewhere, login_fixture_setup,
                        login_fixture_teardown),
                cmocka_unit_test_setup_teardown(
                        test_size, login_fixture_setup, login_fixture_teardown),
                cmocka_unit_test_setup_teardown(
                        test_what_a_crash_left, login_fixture_setup, login_fixture_teardown),
                cmocka_unit_test_setup_teardown(
                        test_links_are_not_followed, login_fixture_setup, login_fixture_teardown),
                cmocka_unit_test_setup_teardown(
                        test_what_is_no_file, login_fixture_setup, login_fixture_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
