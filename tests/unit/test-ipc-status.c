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

/* AUTHENTICATE_SESSION: what is no end of a session is no more than a reason to ask. */
static void test_only_an_end_is_final(void **unused) {
        static const struct {
                Reason reason;
                IpcStatus status;
        } cases[] = {
                { REASON_OK, IPC_STATUS_OK },
                { REASON_SHELL_NONE, IPC_STATUS_PROMPT },
                { REASON_SHELL_FOREIGN, IPC_STATUS_PROMPT },
                { REASON_ROLE_MISSING, IPC_STATUS_PROMPT },
                { REASON_LOGIN_TOO_OLD, IPC_STATUS_PROMPT },
                { REASON_AUDIENCE_MISMATCH, IPC_STATUS_PROMPT },
                { REASON_HOOK_VETOED, IPC_STATUS_PROMPT },
                { REASON_HOOK_FAILED, IPC_STATUS_PROMPT },
                { REASON_SHELL_ENDED, IPC_STATUS_DENIED },
                { REASON_SESSION_REVOKED, IPC_STATUS_DENIED },
                { REASON_SESSION_KICKED, IPC_STATUS_DENIED },
                { REASON_SESSION_REPLACED, IPC_STATUS_DENIED },
                { REASON_SESSION_UNKNOWN, IPC_STATUS_DENIED },
                { REASON_SESSION_EXPIRED, IPC_STATUS_EXPIRED },
                { REASON_USER_BANNED, IPC_STATUS_DENIED },
                { REASON_ISSUED_BEFORE, IPC_STATUS_DENIED },
                { REASON_STORE_OFFLINE, IPC_STATUS_UNAVAILABLE },
                { REASON_INTERNAL, IPC_STATUS_UNAVAILABLE },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_int_equal(ipc_status_of_live_session(cases[i].reason), cases[i].status);
        for (int reason = -2; reason < REASON_COUNT + 2; reason++)
                assert_int_equal(ipc_status_of_live_session((Reason)reason) == IPC_STATUS_OK,
                        reason == REASON_OK);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_only_ok_is_ok),
                cmocka_unit_test(test_forgeries_look_alike),
                cmocka_unit_test(test_only_an_end_is_final),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
