/* SPDX-License-Identifier: MIT */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config-case.h"
#include "daemon/config/config-file.h"

static const ConfigCase forms[] = {
        { "nothing at all is fine", "", NULL },
        { "comments, blank lines and CRLF are fine",
                "# one\r\n\r\n  ; two\n[Token]\r\nIssuer=a\r\n\t# three\n", NULL },
        { "no newline at the end is fine", "[Token]\nIssuer=a", NULL },
        { "a comment behind a section is fine", "[Token] ; tokens\nIssuer=a\n", NULL },
        { "a comment behind a value is fine", "[Token]\nIssuer = a ; us\n", NULL },
        { "a tab before a value is fine", "[Token]\nIssuer =\ta\n", NULL },
        { "an unknown section is refused", "[Tokens]\nIssuer=a\n",
                "configuration:1: unknown section; " SECTIONS },
        { "an unknown section is refused without a key in it", "[Token]\n[tokens]\n",
                "configuration:2: unknown section; " SECTIONS },
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
        { "a long name of a section is read whole", "[" HUNDRED HUNDRED "]\n",
                "configuration:1: unknown section; " SECTIONS },
        { "a word alone is refused", "[Token]\nIssuer\n",
                "configuration:2: neither [SECTION], KEY=VALUE nor a comment" },
        { "the first of two faults is told", "[Token]\nIssuer\nLeeway=x\n",
                "configuration:2: neither [SECTION], KEY=VALUE nor a comment" },
        { "the first of two faults is told in the other order, too", "[Token]\nLeeway=x\nIssuer\n",
                "configuration:2: bad value for Leeway=; allowed is a time span of whole "
                "seconds from 0 to 300s" },
        { "a value too long for its option is refused",
                "[Token]\nIssuer=" HUNDRED HUNDRED HUNDRED "\n",
                "configuration:2: bad value for Issuer=; allowed is visible ASCII without spaces "
                "and quotes" },
        { "a control character far behind is refused",
                "[Token]\nIssuer=a ; " HUNDRED HUNDRED "\x1b[2J\n",
                "configuration:2: the line holds a control character" },
        { "a colon does not stand for the equals sign", "[Token]\nIssuer: a\n",
                "configuration:2: neither [SECTION], KEY=VALUE nor a comment" },
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

/* Each text is one section with one option. */
static const struct {
        const char *name, *text, *found;
} values[] = {
        { "blanks around the equals sign are not the value's", "[a]\nb \t=\t c\t \n", "a|b|c" },
        { "blanks inside of a value are", "[a]\nb=c \t d\n", "a|b|c \t d" },
        { "another equals sign is the value's", "[a]\nb=c=d\n", "a|b|c=d" },
        { "a semicolon behind a blank begins a comment", "[a]\nb=c\t; d\n", "a|b|c" },
        { "a semicolon inside of a word is the value's", "[a]\nb=;c;d ;e\n", "a|b|;c;d" },
        { "a hash sign is the value's", "[a]\nb=c # d\n", "a|b|c # d" },
        { "a value may be nothing", "[a]\nb= ; c\n", "a|b|" },
        { "a name may be nothing", "[]\n=\n", "||" },
        { "a bracket between quotes is the section's", "[a \"]\"]\nb=c\n", "a \"]\"|b|c" },
};

typedef struct Found {
        char text[64];
} Found;

static int write_section(const char *section, const ConfigPlace *place, void *userdata) {
        Found *found = userdata;

        (void)place;
        snprintf(found->text, sizeof(found->text), "%s", section);
        return 0;
}

static int write_value(
        const ConfigPlace *place, const char *key, const char *value, void *userdata) {
        Found *found = userdata;
        size_t used = strlen(found->text);

        (void)place;
        snprintf(found->text + used, sizeof(found->text) - used, "|%s|%s", key, value);
        return 0;
}

static void test_values(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
                const ConfigText text = { "a", values[i].text, strlen(values[i].text) };
                Found found = {};
                ConfigFault fault;

                print_message("# %s\n", values[i].name);
                assert_int_equal(
                        config_file_parse(&text,
                                &(ConfigFileHandler){ write_section, write_value, &found }, &fault),
                        0);
                assert_string_equal(found.text, values[i].found);
        }
}

#define LIST_MAX 16384 /* bytes that a list may have */

/* The pairs of many users are one line, as any value is. */
static void test_long_lines(void **unused) {
        static const char head[] = "[Issuer \"https://a\"]\nJwks=/a\nAudience=b\nUserMap=";
        static char text[sizeof(head) + LIST_MAX + 1];
        char *value = text + strlen(head), *end = value, message[CONFIG_MESSAGE_MAX];
        _cleanup_(config_freep) Config *config = NULL;

        (void)unused;
        memcpy(text, head, sizeof(head));
        for (unsigned int i = 1000; end - value < LIST_MAX - 32; i++)
                end += snprintf(end, 32, "%suser%u@a:user%u", i > 1000 ? " " : "", i, i);
        assert_int_equal(config_parse(text, strlen(text), message, sizeof(message), &config), 0);
        assert_string_equal(config->issuers[0].user_map, value);
        config = config_free(config);

        memset(value, 'a', LIST_MAX + 1);
        assert_int_equal(config_parse(text, strlen(text), message, sizeof(message), &config),
                CONFIG_E_INVALID);
        assert_ptr_equal(strstr(message, "configuration:4: bad value for UserMap="), message);
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
                cmocka_unit_test(test_values),
                cmocka_unit_test(test_long_lines),
                cmocka_unit_test(test_nul_byte),
                cmocka_unit_test(test_large_files),
                cmocka_unit_test(test_irregular_files),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
