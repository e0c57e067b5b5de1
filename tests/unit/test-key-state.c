/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "daemon/token/key-state.h"
#include "folder-fixture.h"
#include "token-fixture.h"

static const struct {
        const char *name, *text;
        int r;
} rows[] = {
        { "a name alone is taken", "{\"signing\":\"a\"}", 0 },
        { "nothing is said", "{}", 0 },
        { "keys that retire are taken", "{\"retiring\":{\"a\":1800000000,\"b\":0}}", 0 },
        { "an empty name is refused", "{\"signing\":\"\"}", KEY_E_STATE },
        { "a control character is refused", "{\"signing\":\"a\\u0001\"}", KEY_E_STATE },
        { "a number for a name is refused", "{\"signing\":1}", KEY_E_STATE },
        { "an empty name that retires is refused", "{\"retiring\":{\"\":1}}", KEY_E_STATE },
        { "a time before the epoch is refused", "{\"retiring\":{\"a\":-1}}", KEY_E_STATE },
        { "a fraction of a second is refused", "{\"retiring\":{\"a\":1.5}}", KEY_E_STATE },
        { "a time beyond 2^53 is refused", "{\"retiring\":{\"a\":9007199254740993}}", KEY_E_STATE },
        { "a list is refused", "{\"retiring\":[\"a\"]}", KEY_E_STATE },
        { "a member of a later version is refused", "{\"signing\":\"a\",\"x\":1}", KEY_E_STATE },
        { "a name twice is refused", "{\"retiring\":{\"a\":1,\"a\":2}}", KEY_E_STATE },
        { "half a file is refused", "{\"signing\":\"a", KEY_E_STATE },
        { "an empty file is refused", "", KEY_E_STATE },
        { "another type is refused", "[]", KEY_E_STATE },
};

static void test_rows(void **state) {
        static KeyState parsed;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (key_state_parse(rows[i].text, strlen(rows[i].text), &parsed) != rows[i].r)
                        fail_msg("%s", rows[i].name);
}

static void test_what_is_written_is_read_back(void **state) {
        static KeyState written, parsed;
        _cleanup_(secret_freep) Secret *text = NULL;

        (void)state;
        snprintf(written.signing, sizeof(written.signing), "%s", "a \"quoted\" käy");
        assert_int_equal(key_state_retire(&written, "b", 7), 0);
        assert_int_equal(key_state_retire(&written, "c", KEY_STATE_RETIRED), 0);
        assert_int_equal(key_state_format(&written, &text), 0);
        assert_int_equal(key_state_parse(text->data, text->size, &parsed), 0);
        assert_string_equal(parsed.signing, written.signing);
        assert_int_equal(parsed.n_retiring, 2);
        assert_int_equal(key_state_find(&parsed, "b")->until_sec, 7);
        assert_int_equal(key_state_find(&parsed, "c")->until_sec, KEY_STATE_RETIRED);
        assert_null(key_state_find(&parsed, "d"));
}

static void test_a_later_end_stays(void **state) {
        static KeyState keys;

        (void)state;
        assert_int_equal(key_state_retire(&keys, "a", 9), 0);
        assert_int_equal(key_state_retire(&keys, "a", 8), 0);
        assert_int_equal(key_state_find(&keys, "a")->until_sec, 9);
        key_state_forget(&keys, "a");
        key_state_forget(&keys, "a");
        assert_null(key_state_find(&keys, "a"));
}

static void test_no_more_keys_retire_than_can_be_read_back(void **state) {
        static KeyState written, parsed;
        _cleanup_(secret_freep) Secret *text = NULL;
        char kid[16];

        (void)state;
        for (unsigned i = 0; i < KEY_STATE_RETIRING_MAX; i++) {
                snprintf(kid, sizeof(kid), "k%u", i);
                assert_int_equal(key_state_retire(&written, kid, i + 1), 0);
        }
        assert_int_equal(key_state_retire(&written, "more", 1), KEY_E_FULL);
        assert_int_equal(key_state_format(&written, &text), 0);
        assert_int_equal(key_state_parse(text->data, text->size, &parsed), 0);
        assert_int_equal(parsed.n_retiring, KEY_STATE_RETIRING_MAX);
}

static void test_a_file_that_others_can_write_is_refused(void **state) {
        static const mode_t modes[] = { 0620, 0602 };
        char *folder = fixture_folder();
        static KeyState keys;
        KeyFault fault;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
                _cleanup_(freep) char *path =
                        fixture_write(folder, KEY_STATE_FILE, "{\"signing\":\"a\"}", modes[i]);

                assert_int_equal(key_state_load(folder, 0, &keys, &fault), KEY_E_FILE_MODE);
                assert_int_equal(strncmp(fault.text, path, strlen(path)), 0);
        }
        fixture_folder_free(folder);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_what_is_written_is_read_back),
                cmocka_unit_test(test_a_later_end_stays),
                cmocka_unit_test(test_no_more_keys_retire_than_can_be_read_back),
                cmocka_unit_test(test_a_file_that_others_can_write_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
