/* SPDX-License-Identifier: MIT */

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "authtoken/reason.h"

typedef struct ReasonRow {
        const char *code;
        const char *text;
} ReasonRow;

static const ReasonRow reasons[REASON_COUNT] = {
#define X(symbol, code, text) [REASON_##symbol] = { code, text },
        AUTHTOKEN_REASONS(X)
#undef X
};

static const ReasonRow *reason_row(Reason reason) {
        bool known = (int)reason >= 0 && reason < REASON_COUNT;

        return &reasons[known ? reason : REASON_INTERNAL];
}

const char *reason_code(Reason reason) {
        return reason_row(reason)->code;
}

const char *reason_text(Reason reason) {
        return reason_row(reason)->text;
}

Reason reason_from_code(const char *code) {
        for (int i = 0; code && i < REASON_COUNT; i++)
                if (strcmp(reasons[i].code, code) == 0)
                        return (Reason)i;

        return REASON_INTERNAL;
}
