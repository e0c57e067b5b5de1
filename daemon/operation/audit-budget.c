/* SPDX-License-Identifier: MIT */

#include "daemon/operation/audit-budget.h"

bool audit_budget_take(AuditBudget *budget, uid_t uid, uint64_t now_sec, uint64_t *ret_suppressed) {
        typeof(budget->slots[0]) *slot = &budget->slots[uid % AUDIT_BUDGET_SLOTS];

        *ret_suppressed = 0;
        /* A clock that was set back begins a new window, too. */
        if (now_sec < slot->begun_sec || now_sec - slot->begun_sec >= AUDIT_BUDGET_WINDOW_SEC) {
                slot->begun_sec = now_sec;
                slot->n_lines = 0;
        }
        if (slot->n_lines >= AUDIT_BUDGET_LINES) {
                slot->n_suppressed++;
                return false;
        }
        slot->n_lines++;
        *ret_suppressed = slot->n_suppressed;
        slot->n_suppressed = 0;
        return true;
}
