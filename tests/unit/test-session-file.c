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
#include "daemon/logind/logind.h"
#include "daemon/logind/session-file.h"

static char directory[] = "/tmp/test-session-file-XXXXXX";

static const struct {
        const char *name, *text;
        LogindSession session;
} files[] = {
        { "the leader is found among the rest", "# private\nUID=1000\nLEADER=42\nTYPE=tty\n",
                { 42, 0 } },
        { "the leader may come first", "LEADER=42\nUID=1000\n", { 42, 0 } },
        { "the last line needs no newline", "UID=1000\nLEADER=42", { 42, 0 } },
        { "a name that only ends alike is another", "OLD_LEADER=7\nLEADER=42\n", { 42, 0 } },
        { "a file may be without a leader", "UID=1000\nTYPE=tty\n", { 0, 0 } },
        { "a file may be empty", "", { 0, 0 } },
        { "a leader that is no number is none", "LEADER=x\n", { 0, 0 } },
        { "a leader without a number is none", "LEADER=\n", { 0, 0 } },
        { "nobody is not a leader", "LEADER=0\n", { 0, 0 } },
        { "a negative leader is none", "LEADER=-1\n", { 0, 0 } },
        { "a leader beyond any pid is none", "LEADER=2147483648\n", { 0, 0 } },
        { "the begin is found among the rest", "LEADER=4\nREALTIME=9\nMONOTONIC=77\nX=1\n",
                { 4, 77 } },
        { "the begin may come before the leader", "MONOTONIC=77\nLEADER=4\n", { 4, 77 } },
        { "a begin that is no number is none", "LEADER=4\nMONOTONIC=7x\n", { 4, 0 } },
        { "a begin that is beyond all is none", "LEADER=4\nMONOTONIC=18446744073709551616\n",
                { 4, 0 } },
        { "a begin without end is none",
                "MONOTONIC=111111111111111111111111111111111111111111111111111111\n", { 0, 0 } },
};

static void test_files(void **unused) {
        char path[64];

        (void)unused;
        snprintf(path, sizeof(path), "%s/c1", directory);
        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
                FILE *file = fopen(path, "we");
                LogindSession session = { 1, 1 };

                print_message("# %s\n", files[i].name);
                assert_non_null(file);
                assert_true(fputs(files[i].text, file) >= 0);
                assert_int_equal(fclose(file), 0);
                assert_int_equal(session_file_read(directory, "c1", &session), 0);
                assert_int_equal(session.leader, files[i].session.leader);
                assert_int_equal(session.begin_usec, files[i].session.begin_usec);
                assert_true(session_file_exists(directory, "c1"));
        }
        assert_int_equal(unlink(path), 0);
        assert_false(session_file_exists(directory, "c1"));
}

static void test_what_is_no_id(void **unused) {
        static const char *const ids[] = { "", ".", "..", "../etc", "a/b", "1.ref", "1 ", "c2",
                "0123456789012345678901234567890123456789012345678901234567890123" };
        char path[64];

        (void)unused;
        snprintf(path, sizeof(path), "%s/1.ref", directory);
        assert_int_equal(mkfifo(path, 0600), 0);
        for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
                LogindSession session;

                print_message("# %s\n", ids[i]);
                assert_false(session_file_exists(directory, ids[i]));
                assert_int_equal(session_file_read(directory, ids[i], &session), -ENOENT);
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
                cmocka_unit_test(test_files),
                cmocka_unit_test(test_what_is_no_id),
        };

        return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
