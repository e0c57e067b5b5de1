/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "common/cleanup.h"
#include "daemon/policy/census-mark.h"

#define SID "AAAAAAAAAAAAAAAAAAAAAA"

static const struct {
        const char *text;
        CensusMark mark;
} marks[] = {
        { "c1 - 0 1732204800 12 4 0",
                { .counted_at_sec = 1732204800, .n_sessions = 12, .n_users = 4 } },
        { "c1 " SID " 7 0 0 0 0", { .holder = SID, .n_steps = 7 } },
        { "c1 " SID " 1 9007199254740992 9007199254740992 9007199254740992 1",
                { SID, 1, UINT64_C(1) << 53, UINT64_C(1) << 53, UINT64_C(1) << 53, true } },
};

static void test_what_is_written_is_read(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
                char text[CENSUS_TEXT_MAX];
                CensusMark mark;

                census_mark_format(&marks[i].mark, text);
                assert_string_equal(text, marks[i].text);
                assert_int_equal(census_mark_parse(text, &mark), 0);
                assert_string_equal(mark.holder, marks[i].mark.holder);
                assert_int_equal(mark.n_steps, marks[i].mark.n_steps);
                assert_int_equal(mark.counted_at_sec, marks[i].mark.counted_at_sec);
                assert_int_equal(mark.n_sessions, marks[i].mark.n_sessions);
                assert_int_equal(mark.n_users, marks[i].mark.n_users);
                assert_int_equal(mark.lost, marks[i].mark.lost);
        }
}

static void test_nothing_else_is_read(void **state) {
        static const char *const texts[] = { "", "c1", "c2 - 0 1 1 1 0", "c1 - 0 1 1 1",
                "c1 - 0 1 1 1 0 ", "c1 - 0 1 1 1 0 0", "c1 - 0 1 1 1 2", "c1 - 00 1 1 1 0",
                "c1  - 0 1 1 1 0", "c1 short 0 1 1 1 0", "c1 - 0 1 -1 1 0",
                "c1 - 0 1 9007199254740993 1 0", "c1 " SID "A 0 1 1 1 0", "e1 " SID " 0 1 1 1",
                " c1 - 0 1 1 1 0" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                CensusMark mark = { .n_users = 77 };

                assert_int_equal(census_mark_parse(texts[i], &mark), CENSUS_E_INVALID);
                assert_int_equal(mark.n_users, 77);
        }
}

#define FEW \
        { .counted_at_sec = 1, .n_users = CENSUS_USERS_OFTEN }
#define MANY \
        { .counted_at_sec = 1, .n_users = CENSUS_USERS_OFTEN + 1 }
#define BUSY \
        { .holder = SID, .counted_at_sec = 1 }

static const struct {
        const char *name;
        CensusMark mark;
        bool known;
        unsigned int n_rounds;
        bool has_counted, due;
} dues[] = {
        { "nobody has ever counted", { .n_users = 0 }, false, 0, true, true },
        { "nobody has come to an end", { .n_users = 0 }, true, 0, true, true },
        { "counted just now", FEW, true, 0, true, false },
        { "counted just now, but never by us", FEW, true, 0, false, true },
        { "many counted just now, but never by us", MANY, true, 0, false, true },
        { "counted a round ago, few", FEW, true, 1, true, true },
        { "counted a round ago, many", MANY, true, 1, true, false },
        { "counted nine rounds ago, many", MANY, true, 9, true, false },
        { "counted ten rounds ago, many", MANY, true, 10, true, true },
        { "somebody counts", BUSY, true, 0, true, false },
        { "somebody counts, and we never did", BUSY, true, 0, false, false },
        { "somebody counts, and took a while", BUSY, true, 1, true, false },
        { "somebody was counting", BUSY, true, 2, true, true },
        { "somebody was counting, and we never did", BUSY, true, 2, false, true },
};

static void test_one_counts_and_a_dead_one_is_followed(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(dues); i++) {
                print_message("# %s\n", dues[i].name);
                assert_int_equal(census_is_due(dues[i].known ? &dues[i].mark : NULL,
                                         dues[i].n_rounds, dues[i].has_counted),
                        dues[i].due);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_is_written_is_read),
                cmocka_unit_test(test_nothing_else_is_read),
                cmocka_unit_test(test_one_counts_and_a_dead_one_is_followed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
