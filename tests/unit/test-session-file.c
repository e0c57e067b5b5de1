/* SPDX-License-Identifier: MIT */

#include <errno.h>
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

#include "common/cleanup.h"
#include "daemon/logind/session-file.h"

static const struct {
        const char *name, *text;
        int r;
        pid_t leader;
} files[] = {
        { "the leader is found among the rest", "# private\nUID=1000\nLEADER=42\nTYPE=tty\n", 0,
                42 },
        { "the leader may come first", "LEADER=42\nUID=1000\n", 0, 42 },
        { "the last line needs no newline", "UID=1000\nLEADER=42", 0, 42 },
        { "a name that only ends alike is another", "OLD_LEADER=7\nLEADER=42\n", 0, 42 },
        { "a file without a leader is refused", "UID=1000\nTYPE=tty\n", -EBADMSG, 0 },
        { "an empty file is refused", "", -EBADMSG, 0 },
        { "a leader that is no number is refused", "LEADER=x\n", -EBADMSG, 0 },
        { "a leader without a number is refused", "LEADER=\n", -EBADMSG, 0 },
        { "nobody is not a leader", "LEADER=0\n", -EBADMSG, 0 },
        { "a negative leader is refused", "LEADER=-1\n", -EBADMSG, 0 },
        { "a leader beyond any pid is refused", "LEADER=2147483648\n", -EBADMSG, 0 },
};

static char directory[] = "/tmp/test-session-file-XXXXXX";

static void test_leader(void **unused) {
        char path[64];

        (void)unused;
        snprintf(path, sizeof(path), "%s/c1", directory);
        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
                FILE *file = fopen(path, "we");
                pid_t leader = 0;

                print_message("# %s\n", files[i].name);
                assert_non_null(file);
                assert_true(fputs(files[i].text, file) >= 0);
                assert_int_equal(fclose(file), 0);
                assert_int_equal(session_file_leader(directory, "c1", &leader), files[i].r);
                assert_int_equal(leader, files[i].leader);
                assert_true(session_file_exists(directory, "c1"));
        }
        assert_int_equal(unlink(path), 0);
        assert_false(session_file_exists(directory, "c1"));
}

static void test_begin(void **unused) {
        static const struct {
                const char *name, *text;
                int r;
                uint64_t begin_usec;
        } cases[] = {
                { "the begin is found among the rest", "LEADER=4\nREALTIME=9\nMONOTONIC=77\nX=1\n",
                        0, 77 },
                { "a file without one is refused", "LEADER=4\nREALTIME=9\n", -EBADMSG, 0 },
                { "one that is no number is refused", "MONOTONIC=7x\n", -EBADMSG, 0 },
                { "one that is beyond all is refused", "MONOTONIC=18446744073709551616\n", -EBADMSG,
                        0 },
        };
        char path[64];

        (void)unused;
        snprintf(path, sizeof(path), "%s/c1", directory);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                FILE *file = fopen(path, "we");
                uint64_t begin_usec = 0;

                print_message("# %s\n", cases[i].name);
                assert_non_null(file);
                assert_true(fputs(cases[i].text, file) >= 0);
                assert_int_equal(fclose(file), 0);
                assert_int_equal(session_file_begin(directory, "c1", &begin_usec), cases[i].r);
                assert_int_equal(begin_usec, cases[i].begin_usec);
        }
        assert_int_equal(unlink(path), 0);
        assert_int_equal(session_file_begin(directory, "c1", &(uint64_t){ 0 }), -ENOENT);
}

static void test_what_is_no_id(void **unused) {
        static const char *const ids[] = { "", ".", "..", "../etc", "a/b", "1.ref", "1 ", "c2",
                "0123456789012345678901234567890123456789012345678901234567890123" };
        char path[64];

        (void)unused;
        snprintf(path, sizeof(path), "%s/1.ref", directory);
        assert_int_equal(mkfifo(path, 0600), 0);
        for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
                pid_t leader = 0;

                print_message("# %s\n", ids[i]);
                assert_false(session_file_exists(directory, ids[i]));
                assert_int_equal(session_file_leader(directory, ids[i], &leader), -ENOENT);
        }
        assert_int_equal(unlink(path), 0);
}

static int make_directory(void **unused) {
        (void)unused;
        return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **unused) {
        (void)unused;
        return rmdir(directory);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_leader),
                cmocka_unit_test(test_begin),
                cmocka_unit_test(test_what_is_no_id),
        };

        return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
