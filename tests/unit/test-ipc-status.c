/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "common/cleanup.h"
#include "daemon/front/ipc-status.h"

static void test_only_ok_is_ok(void **unused) {
        (void)unused;
        for (int reason = -2; reason < REASON_COUNT + 2; reason++)
                assert_int_equal(
                        ipc_status_of((Reason)reason) == IPC_STATUS_OK, reason == REASON_OK);
}

/* Whoever holds no valid signature learns nothing but "denied". */
static void test_forgeries_look_alike(void **unused) {
        static const Reason reasons[] = {
                REASON_TOKEN_TOO_LARGE,
                REASON_TOKEN_MALFORMED,
                REASON_HEADER_MALFORMED,
                REASON_HEADER_CRITICAL,
                REASON_TYPE_UNEXPECTED,
                REASON_ALGORITHM_REFUSED,
                REASON_KEY_UNKNOWN,
                REASON_SIGNATURE_INVALID,
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
                assert_int_equal(ipc_status_of(reasons[i]), IPC_STATUS_DENIED);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_only_ok_is_ok),
                cmocka_unit_test(test_forgeries_look_alike),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
