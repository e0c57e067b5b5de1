/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/operation/audit-meter.h"

#define NOW UINT64_C(1700000000)

static void fill(AuditMeter *meter, uid_t uid, uint64_t now_sec) {
        for (unsigned int i = 0; i < AUDIT_METER_LINES_MAX; i++)
                assert_true(audit_meter_take(meter, uid, now_sec));
}

static void test_so_many_lines_and_then_a_count(void **unused) {
        AuditMeter meter = { 0 };
        AuditMeterCount count;

        (void)unused;
        fill(&meter, 1000, NOW);
        for (unsigned int i = 0; i < 500; i++)
                assert_false(audit_meter_take(&meter, 1000, NOW + 1));
        assert_false(audit_meter_next(&meter, NOW + AUDIT_METER_WINDOW_SEC - 1, &count));
        assert_true(audit_meter_next(&meter, NOW + AUDIT_METER_WINDOW_SEC, &count));
        assert_int_equal(count.uid, 1000);
        assert_int_equal(count.n_left_out, 500);
        assert_false(audit_meter_next(&meter, NOW + AUDIT_METER_WINDOW_SEC, &count));
        fill(&meter, 1000, NOW + AUDIT_METER_WINDOW_SEC);
}

static void test_a_quiet_user_begins_anew(void **unused) {
        AuditMeter meter = { 0 };

        (void)unused;
        fill(&meter, 1000, NOW);
        fill(&meter, 1000, NOW + AUDIT_METER_WINDOW_SEC);
        assert_false(audit_meter_take(&meter, 1000, NOW + AUDIT_METER_WINDOW_SEC));
}

static void test_users_do_not_share(void **unused) {
        AuditMeter meter = { 0 };

        (void)unused;
        fill(&meter, 1000, NOW);
        assert_false(audit_meter_take(&meter, 1000, NOW));
        fill(&meter, 1001, NOW);
}

static void test_beyond_the_table_all_share_one_row(void **unused) {
        AuditMeter meter = { 0 };
        AuditMeterCount count;

        (void)unused;
        for (uid_t uid = 1; uid <= AUDIT_METER_UIDS_MAX; uid++)
                assert_true(audit_meter_take(&meter, uid, NOW));
        for (uid_t uid = 5000; uid < 5000 + AUDIT_METER_LINES_MAX; uid++)
                assert_true(audit_meter_take(&meter, uid, NOW));
        assert_false(audit_meter_take(&meter, 9000, NOW));
        assert_true(audit_meter_next(&meter, NOW + AUDIT_METER_WINDOW_SEC, &count));
        assert_int_equal(count.uid, AUDIT_METER_UID_MANY);
        assert_int_equal(count.n_left_out, 1);
        /* The rows of those who have been quiet are free again. */
        fill(&meter, 9000, NOW + AUDIT_METER_WINDOW_SEC);
        assert_false(audit_meter_take(&meter, 9000, NOW + AUDIT_METER_WINDOW_SEC));
        assert_true(audit_meter_take(&meter, 9001, NOW + AUDIT_METER_WINDOW_SEC));
}

static void test_a_clock_that_steps_back_ends_the_window(void **unused) {
        AuditMeter meter = { 0 };
        AuditMeterCount count;

        (void)unused;
        fill(&meter, 1000, NOW);
        assert_false(audit_meter_take(&meter, 1000, NOW));
        assert_true(audit_meter_next(&meter, NOW - 3600, &count));
        fill(&meter, 1000, NOW - 3600);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_so_many_lines_and_then_a_count),
                cmocka_unit_test(test_a_quiet_user_begins_anew),
                cmocka_unit_test(test_users_do_not_share),
                cmocka_unit_test(test_beyond_the_table_all_share_one_row),
                cmocka_unit_test(test_a_clock_that_steps_back_ends_the_window),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
