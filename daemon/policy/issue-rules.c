/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "common/word-list.h"
#include "daemon/policy/issue-rules.h"

static bool is_given(const WordList *roles, const char *wanted) {
        for (size_t i = 0; i < roles->n_words; i++)
                if (!strcmp(roles->words[i], wanted))
                        return true;
        return false;
}

Reason issue_rules_check(const PolicyRules *rules, const IssueWish *wish) {
        Reason reason = REASON_OK;
        WordList roles;

        if (!wish->is_self)
                return REASON_OK;
        if (!rules->self_issue)
                return REASON_SELF_ISSUE_REFUSED;
        if (word_list_parse(rules->roles, &roles) < 0)
                return REASON_INTERNAL;
        for (size_t i = 0; i < wish->n_roles; i++)
                if (!is_given(&roles, wish->roles[i]))
                        reason = REASON_ROLE_REFUSED;
        word_list_clear(&roles);
        return reason;
}
