/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/cleanup.h"
#include "common/text-hash.h"
#include "common/text.h"

#define BYTES(literal) (literal), sizeof(literal) - 1

typedef struct TextCase {
        const char *name;
        const char *text;
        size_t size;
        bool expected;
} TextCase;

static const TextCase utf8_cases[] = {
        { "UTF-8: nothing", BYTES(""), true },
        { "UTF-8: ASCII", BYTES("alice"), true },
        { "UTF-8: every length", BYTES("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"), true },
        { "UTF-8: first and last of two bytes", BYTES("\xc2\x80\xdf\xbf"), true },
        { "UTF-8: first and last of three bytes", BYTES("\xe0\xa0\x80\xef\xbf\xbf"), true },
        { "UTF-8: around the surrogates", BYTES("\xed\x9f\xbf\xee\x80\x80"), true },
        { "UTF-8: first and last of four bytes", BYTES("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), true },
        { "UTF-8: NUL is refused", BYTES("a\0b"), false },
        { "UTF-8: a continuation byte alone is refused", BYTES("\x80"), false },
        { "UTF-8: a cut character is refused", BYTES("a\xe2\x82"), false },
        { "UTF-8: a character that another one breaks into is refused", BYTES("\xe2z\xac"), false },
        { "UTF-8: an overlong slash is refused", BYTES("\xc0\xaf"), false },
        { "UTF-8: an overlong slash of three bytes is refused", BYTES("\xe0\x80\xaf"), false },
        { "UTF-8: an overlong slash of four bytes is refused", BYTES("\xf0\x80\x80\xaf"), false },
        { "UTF-8: an overlong NUL is refused", BYTES("\xc0\x80"), false },
        { "UTF-8: a surrogate is refused", BYTES("\xed\xa0\x80"), false },
        { "UTF-8: the last surrogate is refused", BYTES("\xed\xbf\xbf"), false },
        { "UTF-8: above U+10FFFF is refused", BYTES("\xf4\x90\x80\x80"), false },
        { "UTF-8: five bytes are refused", BYTES("\xf8\x88\x80\x80\x80"), false },
        { "UTF-8: FE and FF are refused", BYTES("\xfe\xff"), false },
};

static const TextCase control_cases[] = {
        { "control: nothing", BYTES(""), false },
        { "control: printable ASCII has none", BYTES(" ~\xc3\xa9"), false },
        { "control: newline", BYTES("a\nb"), true },
        { "control: escape", BYTES("\x1b[31m"), true },
        { "control: DEL", BYTES("a\x7f"), true },
        { "control: first of C1", BYTES("\xc2\x80"), true },
        { "control: last of C1", BYTES("a\xc2\x9f"), true },
        { "control: a no-break space is none", BYTES("\xc2\xa0"), false },
        { "control: 80 inside another character is none", BYTES("\xe2\x80\xa6"), false },
};

/* 255 and 256 characters. */
#define X16  "xxxxxxxxxxxxxxxx"
#define X64  X16 X16 X16 X16
#define X255 X64 X64 X64 X16 X16 X16 "xxxxxxxxxxxxxxx"

static const TextCase user_cases[] = {
        { "user: a name", BYTES("alice"), true },
        { "user: one letter", BYTES("a"), true },
        { "user: digits, dot, underscore, hyphen inside", BYTES("a.b_c-4"), true },
        { "user: upper case is another name, but a name", BYTES("Alice"), true },
        { "user: a joined domain", BYTES("alice@example.org"), true },
        { "user: a machine account", BYTES("host$"), true },
        { "user: digits with a letter", BYTES("1000a"), true },
        { "user: an underscore first", BYTES("_apt"), true },
        { "user: 255 characters", BYTES(X255), true },
        { "user: 256 characters are refused", BYTES(X255 "x"), false },
        { "user: nothing is refused", BYTES(""), false },
        { "user: a blank at the end is refused", BYTES("root "), false },
        { "user: a blank in front is refused", BYTES(" root"), false },
        { "user: a newline is refused", BYTES("alice\nroot:0"), false },
        { "user: NUL is refused", BYTES("root\0x"), false },
        { "user: a colon is refused", BYTES("a:b"), false },
        { "user: a slash is refused", BYTES("../etc"), false },
        { "user: one dot is refused", BYTES("."), false },
        { "user: two dots are refused", BYTES(".."), false },
        { "user: three dots are no path", BYTES("..."), true },
        { "user: an option is refused", BYTES("-froot"), false },
        { "user: minus one is refused", BYTES("-1"), false },
        { "user: a uid is refused", BYTES("0"), false },
        { "user: the largest uid is refused", BYTES("4294967295"), false },
        { "user: a look-alike letter is refused", BYTES("r\xd0\xbe\xd0\xbet"), false },
        { "user: a letter above ASCII is refused", BYTES("ren\xc3\xa9"), false },
        { "user: a dollar sign alone is refused", BYTES("$"), false },
        { "user: a dollar sign inside is refused", BYTES("a$b"), false },
        { "user: a wildcard is refused", BYTES("*"), false },
        { "user: a refresh token is refused", BYTES("atr1.AAAA.1.BBBB"), false },
        { "user: a signed token is refused", BYTES("eyJhbGciOiJub25lIn0.e30.AA"), false },
        { "user: a name that begins so is a name", BYTES("eyJack.o"), true },
        { "user: the begin of a refresh token alone is a name", BYTES("atr1"), true },
};

static const TextCase token_cases[] = {
        { "token: a sentence has none", BYTES("left the company, see 1.2.3"), false },
        { "token: nothing has none", BYTES(""), false },
        { "token: a refresh token", BYTES("atr1.AAAA.1.BBBB"), true },
        { "token: one in a sentence", BYTES("(eyJhbGciOiJub25lIn0.e30.AA) leaked"), true },
        { "token: one behind a sentence", BYTES("leaked: atr1.AAAA.1.BBBB"), true },
        { "token: a begin that is cut", BYTES("ey"), false },
        { "token: one part is none", BYTES("eyJhbGciOiJub25lIn0 x.y.z"), false },
        { "token: inside of a word is none", BYTES("theatr1.x"), false },
};

static void test_utf8(void **state) {
        const TextCase *c = *state;

        assert_int_equal(text_is_utf8(c->text, c->size), c->expected);
}

static void test_control(void **state) {
        const TextCase *c = *state;

        assert_int_equal(text_has_control(c->text, c->size), c->expected);
}

static void test_token(void **state) {
        const TextCase *c = *state;

        assert_int_equal(text_has_token(c->text, c->size), c->expected);
}

static void test_user(void **state) {
        const TextCase *c = *state;

        assert_int_equal(text_is_user_name(c->text, c->size), c->expected);
}

typedef struct NumberCase {
        const char *name;
        const char *text;
        uint64_t max;
        int result;
        uint64_t value;
} NumberCase;

static const NumberCase number_cases[] = {
        { "number: zero", "0", UINT64_MAX, 0, 0 },
        { "number: leading zeros", "007", UINT64_MAX, 0, 7 },
        { "number: the maximum", "30", 30, 0, 30 },
        { "number: above the maximum is refused", "31", 30, TEXT_E_RANGE, 0 },
        { "number: the largest", "18446744073709551615", UINT64_MAX, 0, UINT64_MAX },
        { "number: one more overflows", "18446744073709551616", UINT64_MAX, TEXT_E_RANGE, 0 },
        { "number: twenty nines overflow", "99999999999999999999", UINT64_MAX, TEXT_E_RANGE, 0 },
        { "number: nothing is refused", "", UINT64_MAX, TEXT_E_INVALID, 0 },
        { "number: a sign is refused", "+1", UINT64_MAX, TEXT_E_INVALID, 0 },
        { "number: minus is refused", "-1", UINT64_MAX, TEXT_E_INVALID, 0 },
        { "number: a blank in front is refused", " 1", UINT64_MAX, TEXT_E_INVALID, 0 },
        { "number: a blank behind is refused", "1 ", UINT64_MAX, TEXT_E_INVALID, 0 },
        { "number: a unit is refused", "1s", UINT64_MAX, TEXT_E_INVALID, 0 },
        { "number: hexadecimal is refused", "0x10", UINT64_MAX, TEXT_E_INVALID, 0 },
        { "number: a wrong character behind an overflow is told first", "99999999999999999999x",
                UINT64_MAX, TEXT_E_INVALID, 0 },
};

static void test_number(void **state) {
        const NumberCase *c = *state;
        uint64_t value = 4711;

        assert_int_equal(text_parse_u64(c->text, c->max, &value), c->result);
        assert_true(value == (c->result ? 4711 : c->value));
}

static void test_numbers_are_written_as_they_are_read(void **unused) {
        static const uint64_t numbers[] = { 0, 9, 10, 1234567890, UINT64_MAX - 1, UINT64_MAX };
        char text[TEXT_U64_SIZE_MAX + 1];

        (void)unused;
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
                size_t size = text_format_u64(numbers[i], text);
                uint64_t value;

                assert_int_equal(size, strlen(text));
                assert_int_equal(text_parse_u64(text, UINT64_MAX, &value), 0);
                assert_true(value == numbers[i]);
        }
}

static void test_copies(void **unused) {
        char text[] = "some text", *copy = NULL, *none = text;

        (void)unused;
        assert_int_equal(text_copy(text, &copy), 0);
        text[0] = '\0';
        assert_string_equal(copy, "some text");
        free(copy);
        assert_int_equal(text_copy(NULL, &none), 0);
        assert_null(none);
}

static uint64_t hash_two(const char *first, const char *second) {
        return text_hash_add(text_hash_add(text_hash_begin(), first), second);
}

static void test_hashes(void **unused) {
        (void)unused;
        assert_true(hash_two("alice", "a") == hash_two("alice", "a"));
        assert_true(hash_two("alice", "") == hash_two("alice", NULL));
        assert_true(hash_two("alice", "a") != hash_two("alic", "ea"));
        assert_true(hash_two("alice", "") != hash_two("", "alice"));
        assert_true(text_hash_add(1, "alice") != text_hash_add(2, "alice"));
}

typedef struct Tests {
        struct CMUnitTest list[ARRAY_SIZE(utf8_cases) + ARRAY_SIZE(control_cases) +
                               ARRAY_SIZE(user_cases) + ARRAY_SIZE(token_cases) +
                               ARRAY_SIZE(number_cases) + 3];
        size_t count;
} Tests;

static void add(Tests *tests, const char *name, CMUnitTestFunction run, const void *state) {
        tests->list[tests->count++] =
                (struct CMUnitTest){ name, run, NULL, NULL, (void *)(uintptr_t)state };
}

int main(void) {
        Tests tests = { 0 };

        for (size_t i = 0; i < ARRAY_SIZE(utf8_cases); i++)
                add(&tests, utf8_cases[i].name, test_utf8, &utf8_cases[i]);
        for (size_t i = 0; i < ARRAY_SIZE(control_cases); i++)
                add(&tests, control_cases[i].name, test_control, &control_cases[i]);
        for (size_t i = 0; i < ARRAY_SIZE(token_cases); i++)
                add(&tests, token_cases[i].name, test_token, &token_cases[i]);
        for (size_t i = 0; i < ARRAY_SIZE(user_cases); i++)
                add(&tests, user_cases[i].name, test_user, &user_cases[i]);
        for (size_t i = 0; i < ARRAY_SIZE(number_cases); i++)
                add(&tests, number_cases[i].name, test_number, &number_cases[i]);
        add(&tests, "numbers are written as they are read",
                test_numbers_are_written_as_they_are_read, NULL);
        add(&tests, "a copy is its own, and one of nothing is nothing", test_copies, NULL);
        add(&tests, "two texts do not run into each other in their hash", test_hashes, NULL);
        return cmocka_run_group_tests_name("text", tests.list, NULL, NULL);
}
