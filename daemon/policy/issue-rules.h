#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Whether the rules of a user permit a token that is ordered for them, before it is signed.
 */

#include <stdbool.h>
#include <stddef.h>

#include "authtoken/reason.h"
#include "daemon/policy/policy-rules.h"

typedef struct IssueWish {
        bool is_self; /* by the user themselves, who is no administrator */
        const char *const *roles;
        size_t n_roles;
} IssueWish;

/**
 * issue_rules_check() - whether an order is within the rules
 * @rules:      of the user
 * @wish:       borrowed
 *
 * An administrator gives any role. A user's own order gets only the roles of the rules: a role may open
 * something that they could not open by themselves.
 * Return: REASON_OK; REASON_SELF_ISSUE_REFUSED; REASON_ROLE_REFUSED; REASON_INTERNAL.
 */
Reason issue_rules_check(const PolicyRules *rules, const IssueWish *wish);
