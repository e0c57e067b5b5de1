/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "common/cleanup.h"
#include "daemon/token/ecdsa-signature.h"

/* A small order makes the range easy to see. */
static const EcdsaOrder order = { .bytes = { 0xff, 0x00, 0x00, 0x10 }, .size = 4 };

static const struct {
        const char *name;
        uint8_t raw[9];
        size_t size;
        int outcome;
} cases[] = {
        { "one and one", { 0, 0, 0, 1, 0, 0, 0, 1 }, 8, 0 },
        { "the largest of both", { 0xff, 0, 0, 0x0f, 0xff, 0, 0, 0x0f }, 8, 0 },
        { "r is zero", { 0, 0, 0, 0, 0, 0, 0, 1 }, 8, ECDSA_SIGNATURE_E_INVALID },
        { "s is zero", { 0, 0, 0, 1, 0, 0, 0, 0 }, 8, ECDSA_SIGNATURE_E_INVALID },
        { "r is the order", { 0xff, 0, 0, 0x10, 0, 0, 0, 1 }, 8, ECDSA_SIGNATURE_E_INVALID },
        { "s is the order", { 0, 0, 0, 1, 0xff, 0, 0, 0x10 }, 8, ECDSA_SIGNATURE_E_INVALID },
        { "s is above the order", { 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff }, 8,
                ECDSA_SIGNATURE_E_INVALID },
        { "one byte short", { 0, 0, 0, 1, 0, 0, 1 }, 7, ECDSA_SIGNATURE_E_INVALID },
        { "one byte long", { 0, 0, 0, 1, 0, 0, 0, 1, 0 }, 9, ECDSA_SIGNATURE_E_INVALID },
        { "nothing", { 0 }, 0, ECDSA_SIGNATURE_E_INVALID },
};

static void test_size_and_range(void **state) {
        uint8_t der[ECDSA_DER_MAX], raw[8];
        size_t size;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                if (ecdsa_signature_to_der(&order, cases[i].raw, cases[i].size, der, &size) !=
                        cases[i].outcome)
                        fail_msg("wrong: %s", cases[i].name);
                if (cases[i].outcome)
                        continue;
                assert_int_equal(ecdsa_signature_from_der(&order, der, size, raw), 0);
                assert_memory_equal(raw, cases[i].raw, sizeof(raw));
        }
}

static void test_der_is_the_shortest(void **state) {
        static const uint8_t raw[] = { 0, 0, 0, 1, 0x80, 0, 0, 0 };
        static const uint8_t expected[] = { 0x30, 10, 2, 1, 1, 2, 5, 0, 0x80, 0, 0, 0 };
        uint8_t der[ECDSA_DER_MAX];
        size_t size;

        (void)state;
        assert_int_equal(ecdsa_signature_to_der(&order, raw, sizeof(raw), der, &size), 0);
        assert_int_equal(size, sizeof(expected));
        assert_memory_equal(der, expected, size);
}

static void test_the_largest_curve_needs_a_long_length(void **state) {
        EcdsaOrder large = { .size = ECDSA_COORDINATE_MAX };
        uint8_t raw[2 * ECDSA_COORDINATE_MAX], back[sizeof(raw)], der[ECDSA_DER_MAX];
        size_t size;

        (void)state;
        memset(large.bytes, 0xff, sizeof(large.bytes));
        memset(raw, 0xfe, sizeof(raw));
        assert_int_equal(ecdsa_signature_to_der(&large, raw, sizeof(raw), der, &size), 0);
        assert_int_equal(der[1], 0x81);
        assert_int_equal(size, ECDSA_DER_MAX);
        assert_int_equal(ecdsa_signature_from_der(&large, der, size, back), 0);
        assert_memory_equal(raw, back, sizeof(raw));
}

static const struct {
        const char *name;
        uint8_t der[16];
        size_t size;
} refused[] = {
        { "nothing", { 0 }, 0 },
        { "a number above what fits", { 0x30, 10, 2, 1, 1, 2, 5, 1, 0x80, 0, 0, 0 }, 12 },
        { "cut after the first number", { 0x30, 10, 2, 1, 1 }, 5 },
        { "only one number", { 0x30, 3, 2, 1, 1 }, 5 },
        { "three numbers", { 0x30, 9, 2, 1, 1, 2, 1, 1, 2, 1, 1 }, 11 },
        { "bytes behind it", { 0x30, 6, 2, 1, 1, 2, 1, 1, 0 }, 9 },
        { "bytes behind the numbers", { 0x30, 7, 2, 1, 1, 2, 1, 1, 0 }, 9 },
        { "not a sequence", { 0x31, 6, 2, 1, 1, 2, 1, 1 }, 8 },
        { "not a number", { 0x30, 6, 3, 1, 1, 2, 1, 1 }, 8 },
        { "an empty number", { 0x30, 5, 2, 0, 2, 1, 1 }, 7 },
        { "a negative number", { 0x30, 6, 2, 1, 0x80, 2, 1, 1 }, 8 },
        { "a zero in front for nothing", { 0x30, 7, 2, 2, 0, 1, 2, 1, 1 }, 9 },
        { "a long length for nothing", { 0x30, 0x81, 6, 2, 1, 1, 2, 1, 1 }, 9 },
        { "a length of no end", { 0x30, 0x80, 2, 1, 1, 2, 1, 1, 0, 0 }, 10 },
        { "a number longer than all", { 0x30, 6, 2, 9, 1, 2, 1, 1 }, 8 },
};

static void test_der_of_another_form_is_refused(void **state) {
        uint8_t raw[8];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
                if (ecdsa_signature_from_der(&order, refused[i].der, refused[i].size, raw) !=
                        ECDSA_SIGNATURE_E_INVALID)
                        fail_msg("taken: %s", refused[i].name);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_size_and_range),
                cmocka_unit_test(test_der_is_the_shortest),
                cmocka_unit_test(test_the_largest_curve_needs_a_long_length),
                cmocka_unit_test(test_der_of_another_form_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
