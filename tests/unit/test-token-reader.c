/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "cli/token-reader.h"
#include "common/cleanup.h"

#define MAX_SIZE 10u

/* Opens a reader over bytes. */
static TokenReader *open_reader(const char *input, size_t size, bool is_batch, bool is_base64) {
        TokenReader *reader = calloc(1, sizeof(*reader));

        assert_non_null(reader);
        reader->fd = memfd_create("input", MFD_CLOEXEC);
        reader->is_batch = is_batch;
        reader->is_base64 = is_base64;
        reader->max_size = MAX_SIZE;
        assert_int_equal(write(reader->fd, input, size), (ssize_t)size);
        assert_int_equal(lseek(reader->fd, 0, SEEK_SET), 0);
        return reader;
}

static void close_reader(TokenReader *reader) {
        close(reader->fd);
        free(reader);
}

static void expect(TokenReader *reader, const char *token, size_t size) {
        _cleanup_(secret_freep) Secret *read_token = NULL;

        assert_int_equal(token_reader_next(reader, &read_token), 0);
        assert_int_equal(read_token->size, size);
        assert_memory_equal(read_token->data, token, size);
}

static void expect_error(TokenReader *reader, int error) {
        Secret *token = NULL;

        assert_int_equal(token_reader_next(reader, &token), error);
        assert_null(token);
}

static void test_the_whole_input_is_one_token(void **state) {
        static const struct {
                const char *input, *token;
        } rows[] = {
                { "a.b.c", "a.b.c" }, { "a.b.c\n", "a.b.c" }, { "a.b.c\n\n", "a.b.c\n" },
                { "a.b.c\r\n", "a.b.c" }, { "a.b.c\r", "a.b.c\r" }, { "a.b.c\r\r\n", "a.b.c\r" },
                { "a\nb", "a\nb" }, { "", "" }, { "\n", "" }, { "\r\n", "" },
                { "0123456789", "0123456789" }, { "0123456789\n", "0123456789" },
                { "0123456789\r\n", "0123456789" }, { "0123456789a\r\n", "0123456789a" },
                { "0123456789ab\n\n", "0123456789a" }, { "0123456789\r\nab", "0123456789\r" },
                { "0123456789ab", "0123456789a" }, /* one more than is taken: too large */
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                TokenReader *reader =
                        open_reader(rows[i].input, strlen(rows[i].input), false, false);

                expect(reader, rows[i].token, strlen(rows[i].token));
                close_reader(reader);
        }
}

static void test_a_batch_has_one_token_a_line(void **state) {
        static const char input[] = "a\n\nb \n0123456789abcdefghijkl\nlast";
        TokenReader *reader = open_reader(input, strlen(input), true, false);

        (void)state;
        assert_true(token_reader_is_drained(reader));
        expect(reader, "a", 1);
        assert_false(token_reader_is_drained(reader));
        expect(reader, "", 0);
        expect(reader, "b ", 2);
        expect(reader, "0123456789a", MAX_SIZE + 1);
        expect(reader, "last", 4);
        assert_true(token_reader_is_drained(reader));
        expect_error(reader, TOKEN_READER_E_END);
        close_reader(reader);
}

static void test_base64_carries_every_byte(void **state) {
        /* NUL newline, nothing, broken, a token that is too large, a good one */
        static const char input[] = "AAo=\n\n???\nYWJjZGVmZ2hpamtsbW5vcHFyc3Q=\nYQ==\n";
        TokenReader *reader = open_reader(input, strlen(input), true, true);
        _cleanup_(secret_freep) Secret *large = NULL;

        (void)state;
        expect(reader, "\0\n", 2);
        expect(reader, "", 0);
        expect_error(reader, TOKEN_READER_E_ENCODING);
        assert_int_equal(token_reader_next(reader, &large), 0);
        assert_true(large->size > MAX_SIZE);
        expect(reader, "a", 1);
        expect_error(reader, TOKEN_READER_E_END);
        close_reader(reader);
}

static void test_the_lines_of_another_system(void **state) {
        static const char input[] = "a\r\n\r\n0123456789\r\n\rb\r\nlast\r";
        TokenReader *reader = open_reader(input, strlen(input), true, false);

        (void)state;
        expect(reader, "a", 1);
        expect(reader, "", 0);
        expect(reader, "0123456789", MAX_SIZE);
        expect(reader, "\rb", 2);
        expect(reader, "last\r", 5);
        expect_error(reader, TOKEN_READER_E_END);
        close_reader(reader);
}

static void test_base64_is_strict(void **state) {
        static const struct {
                const char *line;
                bool good;
        } rows[] = {
                { "YWJj", true },
                { "YWI=", true },
                { "YQ==", true },
                { "YQ==\r", true },
                { "+/+/", true },
                { "YQ=", false },
                { "YQ", false },
                { "Y", false },
                { "====", false },
                { "Y===", false },
                { "=YWJ", false },
                { "Y=Jj", false },
                { "YQ=j", false },
                { "YQ==YQ==", false },
                { " YWJj", false },
                { "YWJj ", false },
                { "YWJj\t", false },
                { "YW j", false },
                { "YR==", false },
                { "YWJ=", false },
                { "YWI=\r\r", false },
                { "-_-_", false },
                { "YW\xff=", false },
                { "YWJj====", false },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(secret_freep) Secret *token = NULL;
                char input[32];
                TokenReader *reader;
                int r;

                snprintf(input, sizeof(input), "%s\n", rows[i].line);
                reader = open_reader(input, strlen(input), true, true);
                r = token_reader_next(reader, &token);
                if (r != (rows[i].good ? 0 : TOKEN_READER_E_ENCODING))
                        fail_msg("\"%s\": %d", rows[i].line, r);
                expect_error(reader, TOKEN_READER_E_END);
                close_reader(reader);
        }
}

static void test_base64_is_no_text_with_a_nul(void **state) {
        static const char input[] = "YW\0j\nYWJj\n";
        TokenReader *reader = open_reader(input, sizeof(input) - 1, true, true);

        (void)state;
        expect_error(reader, TOKEN_READER_E_ENCODING);
        expect(reader, "abc", 3);
        close_reader(reader);
}

static void test_lines_longer_than_the_buffer(void **state) {
        size_t size = 3 * TOKEN_READER_BUFFER_SIZE;
        _cleanup_(freep) char *input = malloc(size);
        TokenReader *reader;

        (void)state;
        memset(input, 'x', size);
        input[size - 3] = '\n';
        reader = open_reader(input, size, true, false);
        expect(reader, "xxxxxxxxxxx", MAX_SIZE + 1);
        expect(reader, "xx", 2);
        expect_error(reader, TOKEN_READER_E_END);
        close_reader(reader);
}

static void test_an_unreadable_input_is_an_error(void **state) {
        TokenReader *reader = open_reader("a", 1, true, false);
        Secret *token = NULL;

        (void)state;
        close(reader->fd);
        reader->fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(reader->fd >= 0);
        assert_true(token_reader_next(reader, &token) < 0);
        assert_null(token);
        token_reader_wipe(reader);
        close_reader(reader);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_whole_input_is_one_token),
                cmocka_unit_test(test_a_batch_has_one_token_a_line),
                cmocka_unit_test(test_base64_carries_every_byte),
                cmocka_unit_test(test_the_lines_of_another_system),
                cmocka_unit_test(test_base64_is_strict),
                cmocka_unit_test(test_base64_is_no_text_with_a_nul),
                cmocka_unit_test(test_lines_longer_than_the_buffer),
                cmocka_unit_test(test_an_unreadable_input_is_an_error),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
