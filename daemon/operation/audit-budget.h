#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * How many lines of the journal an ordinary user may cause by requests that are refused: the journal drops
 * lines of a service that writes too many, and somebody who floods would so hide what others did.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define AUDIT_BUDGET_SLOTS      64u
#define AUDIT_BUDGET_LINES      20u
#define AUDIT_BUDGET_WINDOW_SEC 10u

/* Users whose uids fall on one slot share it. */
typedef struct AuditBudget {
        struct {
                uint64_t begun_sec; /* of the window */
                unsigned int n_lines;
                uint64_t n_suppressed;
        } slots[AUDIT_BUDGET_SLOTS];
} AuditBudget;

/**
 * audit_budget_take() - whether a line may be written
 * @budget:     zeroed at first
 * @uid:        who causes it
 * @now_sec:    the caller's clock
 * @ret_suppressed: lines of this slot that were not written before this one; 0 if this is none
 *
 * AUDIT_BUDGET_LINES in AUDIT_BUDGET_WINDOW_SEC. Return: true if it may.
 */
bool audit_budget_take(AuditBudget *budget, uid_t uid, uint64_t now_sec, uint64_t *ret_suppressed);
