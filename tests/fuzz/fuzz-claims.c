/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/replay.h"

#include <string.h>

#include "daemon/token/claims.h"

/* The payload of a token that somebody signed who should not be trusted to write JSON. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const VerifyRules rules = { .leeway_sec = 30, .max_lifetime_sec = 86400 };
        VerifyRequest request = { .now_sec = 1800000000, .user = "alice", .audience = "a" };
        Claims *claims = NULL;
        Reason reason;

        if (claims_parse((const char *)data, size, &rules, &claims) != REASON_OK)
                return 0;
        if (strlen(claims->json) != size || claims->n_audience == 0 || !claims->sid[0])
                __builtin_trap();
        reason = claims_check(claims, &rules, &request);
        if (reason == REASON_OK && strcmp(claims->subject, "alice") != 0)
                __builtin_trap();
        claims_unref(claims);
        return 0;
}
