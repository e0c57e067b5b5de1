/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "common/cleanup.h"
#include "daemon/policy/issue-rules.h"

static void test_issue_rules(void **unused) {
        static const struct {
                const char *name;
                bool is_self, self_issue;
                const char *given; /* by the rules */
                const char *wanted[3];
                Reason reason;
        } cases[] = {
                { "an administrator gives any role", false, false, NULL, { "admin" }, REASON_OK },
                { "users issue for themselves", true, true, NULL, { NULL }, REASON_OK },
                { "unless the rules forbid it", true, false, NULL, { NULL },
                        REASON_SELF_ISSUE_REFUSED },
                { "users give themselves no role", true, true, NULL, { "admin" },
                        REASON_ROLE_REFUSED },
                { "but those that the rules give", true, true, "dev ops", { "ops", "dev" },
                        REASON_OK },
                { "and no others besides", true, true, "dev ops", { "dev", "admin" },
                        REASON_ROLE_REFUSED },
                { "the other first", true, true, "dev ops", { "admin", "dev" },
                        REASON_ROLE_REFUSED },
                { "a part of a role is not the role", true, true, "devops", { "dev" },
                        REASON_ROLE_REFUSED },
                { "nor are two of them one", true, true, "dev ops", { "dev ops" },
                        REASON_ROLE_REFUSED },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const PolicyRules rules = { .self_issue = cases[i].self_issue,
                        .roles = (char *)cases[i].given };
                IssueWish wish = { .is_self = cases[i].is_self, .roles = cases[i].wanted };

                print_message("# %s\n", cases[i].name);
                while (wish.n_roles < ARRAY_SIZE(cases[i].wanted) && cases[i].wanted[wish.n_roles])
                        wish.n_roles++;
                assert_int_equal(issue_rules_check(&rules, &wish), cases[i].reason);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_issue_rules),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
