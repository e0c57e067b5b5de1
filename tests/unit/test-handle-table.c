/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/operation/handle-table.h"

#define NOW UINT64_C(1700000000)

static const Handle *add(HandleTable *table, uint64_t now_sec) {
        const HandleSubject subject = { "sid", "alice", "sshd" };
        const Handle *handle = NULL;

        assert_int_equal(handle_table_add(table, &subject, now_sec, &handle), 0);
        assert_non_null(handle);
        return handle;
}

static void test_found_until_removed(void **unused) {
        _cleanup_(handle_table_freep) HandleTable *table = NULL;
        char id[HANDLE_SIZE + 1];

        (void)unused;
        assert_int_equal(handle_table_new(&table), 0);
        memcpy(id, add(table, NOW)->id, sizeof(id));
        assert_int_equal(strlen(id), HANDLE_SIZE);
        assert_non_null(handle_table_find(table, id));
        assert_string_equal(handle_table_find(table, id)->user, "alice");
        assert_string_equal(handle_table_find(table, id)->service, "sshd");
        assert_int_equal(handle_table_find(table, id)->expires_up_sec, NOW + HANDLE_LIFETIME_SEC);
        handle_table_remove(table, id);
        assert_null(handle_table_find(table, id));
        handle_table_remove(table, id);
}

static void test_never_the_same(void **unused) {
        _cleanup_(handle_table_freep) HandleTable *table = NULL;
        char id[HANDLE_SIZE + 1];

        (void)unused;
        assert_int_equal(handle_table_new(&table), 0);
        memcpy(id, add(table, NOW)->id, sizeof(id));
        assert_string_not_equal(add(table, NOW)->id, id);
        assert_null(handle_table_find(table, ""));
        assert_null(handle_table_find(table, "AAAAAAAAAAAAAAAAAAAAAA"));
        id[HANDLE_SIZE - 1] = '\0';
        assert_null(handle_table_find(table, id));
}

static void test_expired_ones_go(void **unused) {
        _cleanup_(handle_table_freep) HandleTable *table = NULL;
        char old[HANDLE_SIZE + 1], young[HANDLE_SIZE + 1];

        (void)unused;
        assert_int_equal(handle_table_new(&table), 0);
        memcpy(old, add(table, NOW)->id, sizeof(old));
        memcpy(young, add(table, NOW + 1)->id, sizeof(young));
        add(table, NOW + HANDLE_LIFETIME_SEC);
        assert_null(handle_table_find(table, old));
        assert_non_null(handle_table_find(table, young));
}

static void test_bounded(void **unused) {
        _cleanup_(handle_table_freep) HandleTable *table = NULL;
        char first[HANDLE_SIZE + 1], second[HANDLE_SIZE + 1];

        (void)unused;
        assert_int_equal(handle_table_new(&table), 0);
        memcpy(first, add(table, NOW)->id, sizeof(first));
        memcpy(second, add(table, NOW)->id, sizeof(second));
        for (size_t i = 2; i < HANDLES_MAX; i++)
                add(table, NOW);
        assert_non_null(handle_table_find(table, first));
        add(table, NOW);
        assert_null(handle_table_find(table, first));
        assert_non_null(handle_table_find(table, second));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_found_until_removed),
                cmocka_unit_test(test_never_the_same),
                cmocka_unit_test(test_expired_ones_go),
                cmocka_unit_test(test_bounded),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
