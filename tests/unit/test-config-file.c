/* SPDX-License-Identifier: MIT */

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config-case.h"
#include "daemon/config-file.h"

static const ConfigCase forms[] = {
        { "nothing at all is fine", "", NULL },
        { "comments, blank lines and CRLF are fine",
                "# one\r\n\r\n  ; two\n[Token]\r\nIssuer=a\r\n\t# three\n", NULL },
        { "no newline at the end is fine", "[Token]\nIssuer=a", NULL },
        { "a comment behind a section is fine", "[Token] ; tokens\nIssuer=a\n", NULL },
        { "a comment behind a value is fine", "[Token]\nIssuer = a ; us\n", NULL },
        { "a tab before a value is fine", "[Token]\nIssuer =\ta\n", NULL },
        { "an unknown section is refused", "[Tokens]\nIssuer=a\n",
                "configuration:1: unknown section; [Daemon], [Token], [Keys], [Store], "
                "[Session], [Kick], [Hooks], [Migration] and [Limits] are allowed" },
        { "an unknown section is refused without a key in it", "[Token]\n[tokens]\n",
                "configuration:2: unknown section; [Daemon], [Token], [Keys], [Store], "
                "[Session], [Kick], [Hooks], [Migration] and [Limits] are allowed" },
        { "an unknown key is refused", "[Token]\n\nlifetime=1h\n",
                "configuration:3: unknown option in section [Token]; authtokend.conf(5) "
                "lists them" },
        { "a key of another section is refused", "[Keys]\nIssuer=a\n",
                "configuration:2: unknown option in section [Keys]; authtokend.conf(5) "
                "lists them" },
        { "a key outside of a section is refused", "Issuer=a\n[Token]\n",
                "configuration:1: an option must stand below a [SECTION]" },
        { "a key given twice is refused", "[Token]\nIssuer=a\nLeeway=1\nIssuer=a\n",
                "configuration:4: Issuer= stands in line 2 already" },
        { "a section given twice is refused", "[Token]\n[Keys]\n[Token]\n",
                "configuration:3: section [Token] stands in line 1 already" },
        { "an indented line is not more of the value before", "[Token]\nIssuer=a\n  b\n",
                "configuration:3: the line begins with white space; values of several "
                "lines are not allowed" },
        { "an indented key is refused", "[Token]\n Issuer=a\n",
                "configuration:2: the line begins with white space; values of several "
                "lines are not allowed" },
        { "an indented section is refused", "\t[Token]\n",
                "configuration:1: the line begins with white space; values of several "
                "lines are not allowed" },
        { "a section without its bracket is refused", "[Token\nIssuer=a\n",
                "configuration:1: the section's name has no ']' behind it" },
        { "a key behind a section is refused", "[Token] Issuer=a\n",
                "configuration:1: something stands behind the section's name; it needs a "
                "line of its own" },
        { "a section too long for the library is refused", "[" HUNDRED HUNDRED "]\n",
                "configuration:1: the line is too long; at most 197 bytes are allowed" },
        { "a word alone is refused", "[Token]\nIssuer\n",
                "configuration:2: neither [SECTION], KEY=VALUE nor a comment" },
        { "the first of two faults is told", "[Token]\nIssuer\nLeeway=x\n",
                "configuration:2: neither [SECTION], KEY=VALUE nor a comment" },
        { "the first of two faults is told in the other order, too", "[Token]\nLeeway=x\nIssuer\n",
                "configuration:2: bad value for Leeway=; allowed is a time span of whole "
                "seconds from 0 to 300s" },
        { "a line that the library would cut is refused", "[Token]\nIssuer=" HUNDRED HUNDRED "\n",
                "configuration:2: the line is too long; at most 197 bytes are allowed" },
        { "bytes that are not UTF-8 are refused", "# caf\xe9\n",
                "configuration:1: the line is not UTF-8 or holds a NUL byte" },
        { "a control character is refused", "[Token]\nIssuer=a\x1b[2J\n",
                "configuration:2: the line holds a control character" },
        { "a control character behind a tab is refused", "[Token]\nIssuer=\ta\x7f\n",
                "configuration:2: the line holds a control character" },
        { "a return inside of a line is refused", "[Token]\nIssuer=a\rLeeway=1\n",
                "configuration:2: the line holds a control character" },
        { "a byte order mark is refused", "\xef\xbb\xbf[Token]\n",
                "configuration:1: the file begins with a byte order mark; save it as plain "
                "UTF-8" },
};

static void test_forms(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
                config_case_check(&forms[i]);
}

static void test_nul_byte(void **unused) {
        static const char text[] = "[Token]\nIssuer=a\0b\nLeeway=1\n";
        char message[CONFIG_MESSAGE_MAX];
        Config *config = NULL;

        (void)unused;
        assert_int_equal(config_parse(text, sizeof(text) - 1, message, sizeof(message), &config),
                CONFIG_E_INVALID);
        assert_string_equal(message, "configuration:2: the line is not UTF-8 or holds a NUL byte");
        assert_null(config);
}

static void test_large_files(void **unused) {
        char path[] = "/tmp/test-config-file-XXXXXX";
        int fd = mkostemp(path, O_CLOEXEC);
        Config *config = NULL;
        char message[CONFIG_MESSAGE_MAX];

        (void)unused;
        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, CONFIG_FILE_MAX + 1), 0);
        assert_int_equal(config_load(path, message, sizeof(message), &config), CONFIG_E_INVALID);
        assert_non_null(strstr(message, ": the file is too large; at most 262144 bytes are"));
        assert_int_equal(unlink(path), 0);
        close(fd);
}

static void test_irregular_files(void **unused) {
        char path[] = "/tmp/test-config-file-XXXXXX";
        Config *config = NULL;
        char message[CONFIG_MESSAGE_MAX];

        (void)unused;
        assert_non_null(mkdtemp(path));
        assert_int_equal(config_load(path, message, sizeof(message), &config), CONFIG_E_INVALID);
        assert_non_null(strstr(message, ": not a regular file"));
        assert_int_equal(rmdir(path), 0);
        /* Opening one for reading waits for a writer that never comes. */
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_int_equal(config_load(path, message, sizeof(message), &config), CONFIG_E_INVALID);
        assert_non_null(strstr(message, ": not a regular file"));
        assert_int_equal(unlink(path), 0);
        assert_null(config);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_forms),
                cmocka_unit_test(test_nul_byte),
                cmocka_unit_test(test_large_files),
                cmocka_unit_test(test_irregular_files),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
