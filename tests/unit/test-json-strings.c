/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "daemon/token/json-strings.h"

static void test_strings_come_back_the_same(void **unused) {
        static const struct {
                const char *items[3];
                size_t n_items;
                const char *text;
        } rows[] = {
                { { NULL }, 0, "[]" },
                { { "authtoken" }, 1, "[\"authtoken\"]" },
                { { "" }, 1, "[\"\"]" },
                { { "a b" }, 1, "[\"a b\"]" },
                { { "a\"b" }, 1, "[\"a\\\"b\"]" },
                { { "a\\" }, 1, "[\"a\\\\\"]" },
                { { "\",\"" }, 1, "[\"\\\",\\\"\"]" },
                { { "\n" }, 1, "[\"\\n\"]" },
                { { "\xc3\xa9" }, 1, "[\"\xc3\xa9\"]" },
                { { "a", "b" }, 2, "[\"a\",\"b\"]" },
                { { "a", "", "a" }, 3, "[\"a\",\"\",\"a\"]" },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(json_strings_clear) JsonStrings strings = { 0 };
                _cleanup_(freep) char *text = NULL;

                print_message("# %s\n", rows[i].text);
                assert_int_equal(json_strings_write(rows[i].items, rows[i].n_items, &text), 0);
                assert_string_equal(text, rows[i].text);
                assert_int_equal(json_strings_read(text, &strings), 0);
                assert_int_equal(strings.n_items, rows[i].n_items);
                for (size_t j = 0; j < strings.n_items; j++)
                        assert_string_equal(strings.items[j], rows[i].items[j]);
        }
}

static void test_nothing_is_no_strings(void **unused) {
        _cleanup_(json_strings_clear) JsonStrings strings = { 0 };

        (void)unused;
        assert_int_equal(json_strings_read(NULL, &strings), 0);
        assert_int_equal(strings.n_items, 0);
}

static void test_what_is_no_array_of_strings_is_refused(void **unused) {
        static const char *const texts[] = { "", "a", "\"a\"", "{}", "[", "[\"", "[\"]", "[1]",
                "[\"a\",1]", "[\"a\"", "[\"a\\\"]", "[\"a\"] ]", "[\"a\",[\"b\"]]" };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                _cleanup_(json_strings_clear) JsonStrings strings = { 0 };

                print_message("# %s\n", texts[i]);
                assert_int_equal(json_strings_read(texts[i], &strings), -EINVAL);
        }
}

static void test_what_is_not_utf_8_is_not_written(void **unused) {
        const char *items[] = { "\xff" };
        char *text = NULL;

        (void)unused;
        assert_int_equal(json_strings_write(items, 1, &text), -EINVAL);
        assert_null(text);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_strings_come_back_the_same),
                cmocka_unit_test(test_nothing_is_no_strings),
                cmocka_unit_test(test_what_is_no_array_of_strings_is_refused),
                cmocka_unit_test(test_what_is_not_utf_8_is_not_written),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
