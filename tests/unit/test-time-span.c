/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "common/cleanup.h"
#include "common/time-span.h"

static const struct {
        const char *name, *text;
        uint64_t usec;
        int r;
} spans[] = {
        { "a number alone is in seconds", "90", 90000000, 0 },
        { "nothing is a time span", "0", 0, 0 },
        { "units are added up", "1h 30min", UINT64_C(5400000000), 0 },
        { "units need no space between them", "1d2h3m4s5ms6us", UINT64_C(93784005006), 0 },
        { "a space before the unit is fine", "2 weeks", UINT64_C(1209600000000), 0 },
        { "m is a minute", "1m", 60000000, 0 },
        { "the largest span is taken", "18446744073709551615us", UINT64_MAX, 0 },
        { "one more is too much", "18446744073709551616us", 0, 1 },
        { "a product that overflows is refused", "18446744073710s", 0, 1 },
        { "a sum that overflows is refused", "18446744073709551615us 1us", 0, 1 },
        { "no text is refused", "", 0, 1 },
        { "a unit alone is refused", "min", 0, 1 },
        { "an unknown unit is refused", "1y", 0, 1 },
        { "a unit in upper case is refused", "1MIN", 0, 1 },
        { "a second number without a unit is refused", "1h 30", 0, 1 },
        { "two numbers without units are refused", "1 30", 0, 1 },
        { "a fraction is refused", "1.5h", 0, 1 },
        { "a sign is refused", "-1s", 0, 1 },
        { "a space in front is refused", " 1s", 0, 1 },
        { "something behind is refused", "1s;", 0, 1 },
        { "infinity is refused", "infinity", 0, 1 },
};

static void test_spans(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(spans); i++) {
                uint64_t usec = 0;

                print_message("# %s\n", spans[i].name);
                assert_int_equal(time_span_parse(spans[i].text, &usec), spans[i].r);
                assert_int_equal(usec, spans[i].usec);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_spans),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
