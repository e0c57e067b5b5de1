/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "common/cleanup.h"
#include "daemon/policy/clock-trust.h"

#define NOW   UINT64_C(1700000000)
#define HOUR  3600
#define DAY   86400
#define YEARS (10 * 366 * DAY)
#define STEPS 8

/* From NOW on: so much later the wall clock is so far ahead of the right time, and what is believed so far. */
typedef struct Look {
        uint64_t later_sec;
        int64_t ahead_sec, believed_ahead_sec;
} Look;

static const struct {
        const char *name;
        Look looks[STEPS];
} cases[] = {
        { "a clock that goes right is believed",
                { { 1, 0, 0 }, { 59, 0, 0 }, { 10 * DAY, 0, 0 } } },
        { "a second more or less is the rounding",
                { { 60, 1, 1 }, { 60, 0, 0 }, { 60, -1, -1 }, { 60, 1, 1 } } },
        { "an hour forward and back was nothing",
                { { 60, HOUR, 0 }, { HOUR - 1, HOUR, 0 }, { 60, 0, 0 }, { DAY, 0, 0 } } },
        { "an hour forward is believed after an hour",
                { { 60, HOUR, 0 }, { HOUR - 1, HOUR, 0 }, { 1, HOUR, HOUR } } },
        { "ten minutes are believed after ten minutes",
                { { 60, 600, 0 }, { 599, 600, 0 }, { 1, 600, 600 } } },
        { "ten years forward and back were nothing",
                { { 60, YEARS, 0 }, { DAY - 1, YEARS, 0 }, { 60, 0, 0 }, { 2 * DAY, 0, 0 } } },
        { "ten years are believed after a day",
                { { 60, YEARS, 0 }, { DAY - 1, YEARS, 0 }, { 1, YEARS, YEARS } } },
        { "back is believed at once", { { 60, -HOUR, -HOUR }, { 60, -HOUR, -HOUR } } },
        { "forward again after it waits",
                { { 60, -HOUR, -HOUR }, { 60, 0, -HOUR }, { HOUR - 1, 0, -HOUR }, { 1, 0, 0 } } },
        { "a farther jump does not ride on a nearer one",
                { { 60, HOUR, 0 }, { HOUR - 1, YEARS, 0 }, { 1, YEARS, HOUR },
                        { DAY - 1, YEARS, HOUR }, { 1, YEARS, YEARS } } },
        { "what was left of a jump has been claimed all the time",
                { { 60, YEARS, 0 }, { DAY - 1, HOUR, HOUR } } },
        { "a new jump begins anew", { { 60, YEARS, 0 }, { DAY - 1, 0, 0 }, { 1, YEARS, 0 },
                                            { DAY - 1, YEARS, 0 }, { 1, YEARS, YEARS } } },
};

static void test_what_is_believed(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                ClockTrust trust = { NOW, NOW, 0 };
                uint64_t right_sec = NOW;

                print_message("# %s\n", cases[i].name);
                for (size_t j = 0; j < STEPS && cases[i].looks[j].later_sec; j++) {
                        const Look *look = &cases[i].looks[j];

                        right_sec += look->later_sec;
                        clock_trust_advance(&trust, right_sec + (uint64_t)look->ahead_sec,
                                look->later_sec, CLOCK_SETTLED_WAIT_SEC);
                        assert_int_equal(
                                trust.believed_sec - right_sec, (uint64_t)look->believed_ahead_sec);
                        assert_true(trust.believed_sec <= trust.claimed_sec);
                }
        }
}

/* Each night the host is off for sixteen hours, so that each day begins with another jump. */
static void test_a_host_that_is_off_at_night_is_days_behind_and_not_more(void **state) {
        ClockTrust trust = { NOW, NOW, 0 };
        uint64_t wall_sec = NOW;

        (void)state;
        for (unsigned int day = 0; day < 100; day++) {
                wall_sec += 16 * HOUR;
                clock_trust_advance(&trust, wall_sec, 0, CLOCK_SETTLED_WAIT_SEC);
                for (unsigned int minute = 0; minute < 8 * 60; minute++) {
                        wall_sec += 60;
                        clock_trust_advance(&trust, wall_sec, 60, CLOCK_SETTLED_WAIT_SEC);
                }
                assert_true(wall_sec - trust.believed_sec < 7 * DAY);
        }
}

static void test_a_host_without_a_memory_believes_after_a_day(void **state) {
        ClockTrust trust = { 0 };

        (void)state;
        clock_trust_advance(&trust, NOW, 0, CLOCK_SETTLED_WAIT_SEC);
        clock_trust_advance(&trust, NOW + DAY - 1, DAY - 1, CLOCK_SETTLED_WAIT_SEC);
        assert_int_equal(trust.believed_sec, DAY - 1);
        clock_trust_advance(&trust, NOW + DAY, 1, CLOCK_SETTLED_WAIT_SEC);
        assert_int_equal(trust.believed_sec, NOW + DAY);
}

static void test_records(void **state) {
        static const char *const bad[] = { "", "c1", "c1 1 2 3 4 5 6", "c1 1 2 3 4 5 6 7 8",
                "c1 1 2 3 4 5 6 7 ", "c2 1 2 3 4 5 6 7", "c1  1 2 3 4 5 6 7", "c1 01 2 3 4 5 6 7",
                "c1 -1 2 3 4 5 6 7", "c1 1 2 3 4 5 6 9007199254740993", "c1 1 3 2 4 5 6 7",
                "c1 1 2 3 4 6 5 7", "c1 1 2 3 4 5 6 99999999999999999999999999" };
        static const char good[] = "c1 1 2 3 4 5 6 7";
        char text[CLOCK_RECORD_SIZE];
        ClockRecord record;

        (void)state;
        assert_int_equal(clock_record_parse(good, &record), 0);
        assert_int_equal(record.up_sec, 1);
        assert_int_equal(record.passed.claimed_sec, 3);
        assert_int_equal(record.settled.age_sec, 7);
        clock_record_format(&record, text);
        assert_string_equal(text, good);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                if (clock_record_parse(bad[i], &record) != CLOCK_RECORD_E_INVALID)
                        fail_msg("taken: %s", bad[i]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_is_believed),
                cmocka_unit_test(test_a_host_that_is_off_at_night_is_days_behind_and_not_more),
                cmocka_unit_test(test_a_host_without_a_memory_believes_after_a_day),
                cmocka_unit_test(test_records),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
