/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "authtoken/reason.h"

static void test_every_reason_has_its_own_code(void **state) {
        (void)state;
        for (int i = 0; i < REASON_COUNT; i++)
                for (int j = 0; j < i; j++)
                        assert_string_not_equal(reason_code((Reason)i), reason_code((Reason)j));
}

/* The codes stand in journals and scripts: small letters, digits and hyphens, never a blank. */
static void test_codes_have_one_form(void **state) {
        const char *allowed = "abcdefghijklmnopqrstuvwxyz0123456789-";

        (void)state;
        for (int i = 0; i < REASON_COUNT; i++) {
                const char *code = reason_code((Reason)i);

                assert_true(strlen(code) > 0 && strlen(code) < 64);
                assert_int_equal(strspn(code, allowed), strlen(code));
                assert_true(strlen(reason_text((Reason)i)) > 0);
        }
}

static void test_codes_are_found_again(void **state) {
        (void)state;
        for (int i = 0; i < REASON_COUNT; i++)
                assert_int_equal(reason_from_code(reason_code((Reason)i)), i);
}

static void test_unknown_codes_are_internal(void **state) {
        (void)state;
        assert_int_equal(reason_from_code(NULL), REASON_INTERNAL);
        assert_int_equal(reason_from_code(""), REASON_INTERNAL);
        assert_int_equal(reason_from_code("OK"), REASON_INTERNAL);
        assert_int_equal(reason_from_code("ok "), REASON_INTERNAL);
        assert_int_equal(reason_from_code("token-expire"), REASON_INTERNAL);
}

static void test_other_values_are_internal(void **state) {
        const int others[] = { -1, REASON_COUNT, REASON_COUNT + 1, INT32_MAX, INT32_MIN };

        (void)state;
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
                /* A value from elsewhere, as memory may hold it. */
                Reason reason;

                memcpy(&reason, &others[i], sizeof(reason));
                assert_string_equal(reason_code(reason), "internal");
                assert_string_equal(reason_text(reason), reason_text(REASON_INTERNAL));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                { "every reason has a code of its own", test_every_reason_has_its_own_code, NULL,
                        NULL, NULL },
                { "codes have one form", test_codes_have_one_form, NULL, NULL, NULL },
                { "codes are found again", test_codes_are_found_again, NULL, NULL, NULL },
                { "unknown codes are internal", test_unknown_codes_are_internal, NULL, NULL, NULL },
                { "values outside are internal", test_other_values_are_internal, NULL, NULL, NULL },
        };

        return cmocka_run_group_tests_name("reason", tests, NULL, NULL);
}
