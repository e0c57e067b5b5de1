/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/secret.h"

static void test_copy_ends_with_nul(void **state) {
        _cleanup_(secret_freep) Secret *secret = NULL;

        (void)state;
        assert_int_equal(secret_new("a\0b", 3, &secret), 0);
        assert_int_equal(secret->size, 3);
        assert_memory_equal(secret->data, "a\0b", 4);
}

static void test_empty(void **state) {
        _cleanup_(secret_freep) Secret *secret = NULL;

        (void)state;
        assert_int_equal(secret_new(NULL, 0, &secret), 0);
        assert_int_equal(secret->size, 0);
        assert_string_equal(secret->data, "");
}

static void test_append(void **state) {
        _cleanup_(secret_freep) Secret *secret = NULL;
        char expected[1001] = "";

        (void)state;
        assert_int_equal(secret_new(NULL, 0, &secret), 0);
        for (size_t i = 0; i < 100; i++) {
                assert_int_equal(secret_append(secret, "0123456789", 10), 0);
                memcpy(expected + 10 * i, "0123456789", 10);
        }
        assert_int_equal(secret_append(secret, NULL, 0), 0);
        assert_int_equal(secret->size, 1000);
        assert_memory_equal(secret->data, expected, 1001);
}

static void test_overflow(void **state) {
        _cleanup_(secret_freep) Secret *secret = NULL;

        (void)state;
        assert_int_equal(secret_new("", SIZE_MAX, &secret), -EOVERFLOW);
        assert_null(secret);
        assert_int_equal(secret_new("abc", 3, &secret), 0);
        assert_int_equal(secret_append(secret, "", SIZE_MAX), -EOVERFLOW);
        assert_int_equal(secret_append(secret, "", SIZE_MAX - 3), -EOVERFLOW);
        assert_int_equal(secret->size, 3);
        assert_string_equal(secret->data, "abc");
}

static void test_equal(void **state) {
        (void)state;
        assert_true(secret_equal("", 0, "", 0));
        assert_true(secret_equal("abc", 3, "abc", 3));
        assert_true(secret_equal("a\0c", 3, "a\0c", 3));
        assert_false(secret_equal("a\0c", 3, "a\0d", 3));
        assert_false(secret_equal("abc", 3, "abcd", 4));
        assert_false(secret_equal("abc", 3, "", 0));
        for (size_t i = 0; i < 8 * 16; i++) {
                char a[16] = "0123456789abcde", b[16] = "0123456789abcde";

                b[i / 8] ^= (char)(1 << i % 8);
                assert_false(secret_equal(a, sizeof(a), b, sizeof(b)));
        }
}

static void test_wipe(void **state) {
        char bytes[] = "secret";
        const char zeros[sizeof(bytes)] = "";

        (void)state;
        secret_wipe(bytes, sizeof(bytes) - 1);
        assert_memory_equal(bytes, zeros, sizeof(bytes));
        secret_wipe(NULL, 0);
}

static void test_free_takes_null(void **state) {
        (void)state;
        assert_null(secret_free(NULL));
        assert_null(secret_free_text(NULL));
        assert_null(secret_free_text(strdup("secret")));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                { "a copy is whole and ends with NUL", test_copy_ends_with_nul, NULL, NULL, NULL },
                { "an empty secret has data", test_empty, NULL, NULL, NULL },
                { "appending keeps what was there", test_append, NULL, NULL, NULL },
                { "sizes that overflow are refused", test_overflow, NULL, NULL, NULL },
                { "every bit counts in a comparison", test_equal, NULL, NULL, NULL },
                { "wiping overwrites", test_wipe, NULL, NULL, NULL },
                { "freeing nothing is fine", test_free_takes_null, NULL, NULL, NULL },
        };

        return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
