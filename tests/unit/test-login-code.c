/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "common/cleanup.h"
#include "daemon/token/login-code.h"

typedef struct ParseCase {
        const char *name, *text, *canonical; /* NULL: refused */
} ParseCase;

static const ParseCase parse_cases[] = {
        { "a code as it was printed", "at-7Q2KD-M4XPT", "7Q2KDM4XPT" },
        { "small letters are large ones", "at-7q2kd-m4xpt", "7Q2KDM4XPT" },
        { "O is read as 0, I and L as 1", "at-oOiIl-L0000", "0011110000" },
        { "the long form", "at-0123456789ABCDEFGHJKMNPQRS", "0123456789ABCDEFGHJKMNPQRS" },
        { "the long form in small letters", "at-0123456789abcdefghjkmnpqrs",
                "0123456789ABCDEFGHJKMNPQRS" },
        { "the prefix in large letters is none", "AT-7Q2KD-M4XPT", NULL },
        { "no prefix", "7Q2KD-M4XPT", NULL },
        { "the prefix alone", "at-", NULL },
        { "U is no digit", "at-7Q2KD-M4XPU", NULL },
        { "without its dash", "at-7Q2KDM4XPT", NULL },
        { "its dash elsewhere", "at-7Q2K-DM4XPT", NULL },
        { "another character for the dash", "at-7Q2KD_M4XPT", NULL },
        { "two dashes", "at-7Q2KD--4XPT", NULL },
        { "one character too few", "at-7Q2KD-M4XP", NULL },
        { "one character too many", "at-7Q2KD-M4XPTA", NULL },
        { "a blank inside", "at-7Q2KD-M4 PT", NULL },
        { "a character beyond ASCII", "at-7Q2KD-M4X\xc3\xa9", NULL },
        { "the long form with a dash", "at-0123456789ABC-EFGHJKMNPQRS", NULL },
        { "the long form, one too few", "at-0123456789ABCDEFGHJKMNPQR", NULL },
        { "the long form, one too many", "at-0123456789ABCDEFGHJKMNPQRST", NULL },
};

static void test_codes_are_read(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(parse_cases); i++) {
                _cleanup_(secret_freep) Secret *canonical = NULL;
                const ParseCase *c = &parse_cases[i];
                int r = login_code_parse(c->text, strlen(c->text), &canonical);

                if (r != (c->canonical ? 0 : LOGIN_CODE_E_INVALID))
                        fail_msg("%s: %d", c->name, r);
                if (c->canonical)
                        assert_string_equal(canonical->data, c->canonical);
                else
                        assert_null(canonical);
        }
}

static void test_a_nul_inside_is_refused(void **state) {
        _cleanup_(secret_freep) Secret *canonical = NULL;

        (void)state;
        assert_int_equal(login_code_parse("at-7Q2KD-M4X\0T", 14, &canonical), LOGIN_CODE_E_INVALID);
}

static void test_no_byte_behind_the_text_is_read(void **state) {
        static const char text[] = { 'a', 't', '-' };

        (void)state;
        for (size_t size = 0; size < sizeof(text); size++)
                assert_false(login_code_is_meant(text, size));
        assert_true(login_code_is_meant(text, sizeof(text)));
}

static void test_what_begins_like_a_code_is_never_a_token(void **state) {
        (void)state;
        assert_true(login_code_is_meant("at-", 3));
        assert_true(login_code_is_meant("at-a.b.c", 8));
        assert_false(login_code_is_meant("eyJhbGciOiJub25lIn0.e30.", 24));
        assert_false(login_code_is_meant("AT-7Q2KD-M4XPT", 14));
}

static void test_what_is_drawn_is_read(void **state) {
        static const struct {
                LoginCodeForm form;
                size_t size, n_digits;
        } forms[] = { { LOGIN_CODE_TYPED, 14, 10 }, { LOGIN_CODE_LONG, 29, 26 } };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
                _cleanup_(secret_freep) Secret *code = NULL, *other = NULL, *canonical = NULL;

                assert_int_equal(login_code_generate(forms[i].form, &code), 0);
                assert_int_equal(login_code_generate(forms[i].form, &other), 0);
                assert_int_equal(code->size, forms[i].size);
                assert_string_not_equal(code->data, other->data);
                assert_int_equal(login_code_parse(code->data, code->size, &canonical), 0);
                assert_int_equal(canonical->size, forms[i].n_digits);
        }
}

/* 4000 codes have 40000 characters; one of 32 would be missing with a probability of 10^-550. */
static void test_every_character_occurs_at_every_place(void **state) {
        bool seen[14][256] = { { false } };

        (void)state;
        for (int n = 0; n < 4000; n++) {
                _cleanup_(secret_freep) Secret *code = NULL;

                assert_int_equal(login_code_generate(LOGIN_CODE_TYPED, &code), 0);
                for (size_t i = 0; i < code->size; i++)
                        seen[i][(unsigned char)code->data[i]] = true;
        }
        for (size_t i = 3; i < 14; i++) {
                size_t n_seen = 0;

                for (size_t c = 0; c < 256; c++)
                        n_seen += seen[i][c];
                assert_int_equal(n_seen, i == 8 ? 1 : 32);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_codes_are_read),
                cmocka_unit_test(test_a_nul_inside_is_refused),
                cmocka_unit_test(test_no_byte_behind_the_text_is_read),
                cmocka_unit_test(test_what_begins_like_a_code_is_never_a_token),
                cmocka_unit_test(test_what_is_drawn_is_read),
                cmocka_unit_test(test_every_character_occurs_at_every_place),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
