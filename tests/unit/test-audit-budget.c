/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/cleanup.h"
#include "daemon/operation/audit-budget.h"

#define NOW UINT64_C(1700000000)

static void take(AuditBudget *budget, unsigned int n_lines, uint64_t now_sec) {
        uint64_t n_suppressed;

        for (unsigned int i = 0; i < n_lines; i++)
                (void)audit_budget_take(budget, 1000, now_sec, &n_suppressed);
}

static void test_lines(void **unused) {
        static const struct {
                const char *name;
                unsigned int n_before;
                uid_t uid;
                uint64_t now_sec;
                bool may;
                uint64_t n_suppressed;
        } cases[] = {
                { "the first line is written", 0, 1000, NOW, true, 0 },
                { "the last one of the budget is", AUDIT_BUDGET_LINES - 1, 1000, NOW, true, 0 },
                { "the next one is not", AUDIT_BUDGET_LINES, 1000, NOW, false, 0 },
                { "nor in the last second of the window", AUDIT_BUDGET_LINES, 1000, NOW + 9, false,
                        0 },
                { "after it one is, and says how many were not", AUDIT_BUDGET_LINES + 7, 1000,
                        NOW + 10, true, 7 },
                { "another user has a budget of their own", AUDIT_BUDGET_LINES + 7, 1001, NOW, true,
                        0 },
                { "a clock that was set back begins anew", AUDIT_BUDGET_LINES + 7, 1000, NOW - 1,
                        true, 7 },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                AuditBudget budget = { 0 };
                uint64_t n_suppressed = 99;

                print_message("# %s\n", cases[i].name);
                take(&budget, cases[i].n_before, NOW);
                assert_int_equal(
                        audit_budget_take(&budget, cases[i].uid, cases[i].now_sec, &n_suppressed),
                        cases[i].may);
                assert_int_equal(n_suppressed, cases[i].n_suppressed);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
