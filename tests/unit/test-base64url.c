/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/base64url.h"
#include "common/cleanup.h"

typedef struct DecodeCase {
        const char *name;
        const char *text;
        int result;
        const char *bytes;
} DecodeCase;

static const DecodeCase cases[] = {
        /* RFC 4648 §10, without padding */
        { "nothing decodes to nothing", "", 0, "" },
        { "two characters make a byte", "Zg", 0, "f" },
        { "three characters make two bytes", "Zm8", 0, "fo" },
        { "four characters make three bytes", "Zm9v", 0, "foo" },
        { "a group and two characters", "Zm9vYg", 0, "foob" },
        { "a group and three characters", "Zm9vYmE", 0, "fooba" },
        { "two groups", "Zm9vYmFy", 0, "foobar" },
        { "the last characters of the alphabet", "-_-_", 0, "\xfb\xff\xbf" },
        { "a JOSE header (RFC 7515 A.1)", "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", 0,
                "{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}" },
        { "one character alone is refused", "Z", BASE64URL_E_INVALID, NULL },
        { "a group and one character is refused", "Zm9vY", BASE64URL_E_INVALID, NULL },
        { "padding of one is refused", "Zm8=", BASE64URL_E_INVALID, NULL },
        { "padding of two is refused", "Zg==", BASE64URL_E_INVALID, NULL },
        { "padding alone is refused", "====", BASE64URL_E_INVALID, NULL },
        { "plus of plain base64 is refused", "+_-_", BASE64URL_E_INVALID, NULL },
        { "slash of plain base64 is refused", "-/-_", BASE64URL_E_INVALID, NULL },
        { "a blank inside is refused", "Zm 9", BASE64URL_E_INVALID, NULL },
        { "a blank in front is refused", " Zm9v", BASE64URL_E_INVALID, NULL },
        { "a newline at the end is refused", "Zm9vYm\n", BASE64URL_E_INVALID, NULL },
        { "a character above ASCII is refused", "Zm\xc3\xa9", BASE64URL_E_INVALID, NULL },
        { "four trailing bits are refused", "Zh", BASE64URL_E_INVALID, NULL },
        { "two trailing bits are refused", "Zm9", BASE64URL_E_INVALID, NULL },
};

static void test_decode(void **state) {
        const DecodeCase *c = *state;
        uint8_t bytes[64];
        size_t used = 99;

        assert_int_equal(
                base64url_decode(c->text, strlen(c->text), bytes, sizeof(bytes), &used), c->result);
        if (c->result) {
                assert_int_equal(used, 99);
                return;
        }

        assert_int_equal(used, strlen(c->bytes));
        assert_memory_equal(bytes, c->bytes, used);
        assert_true(base64url_is_text(c->text, strlen(c->text)));
}

static uint32_t next_random(uint32_t *seed) {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 17;
        *seed ^= *seed << 5;
        return *seed;
}

static void test_round_trip(void **state) {
        uint32_t seed = 4648;

        (void)state;
        for (size_t size = 0; size < 300; size++) {
                uint8_t bytes[300], again[300];
                char text[BASE64URL_ENCODED_SIZE(300) + 1];
                size_t used;

                for (size_t i = 0; i < size; i++)
                        bytes[i] = (uint8_t)next_random(&seed);

                assert_int_equal(base64url_encode(bytes, size, text, sizeof(text)), 0);
                assert_int_equal(strlen(text), BASE64URL_ENCODED_SIZE(size));
                assert_int_equal(BASE64URL_DECODED_SIZE(strlen(text)), size);
                assert_int_equal(
                        base64url_decode(text, strlen(text), again, sizeof(again), &used), 0);
                assert_int_equal(used, size);
                assert_memory_equal(again, bytes, size);
        }
}

/* 64 good characters, in each of the four places of a group. */
static void test_alphabet(void **state) {
        (void)state;
        for (size_t place = 0; place < 4; place++) {
                size_t good = 0, used;
                uint8_t bytes[3];

                for (int c = 0; c < 256; c++) {
                        char text[] = "AAAA";
                        int r;

                        text[place] = (char)c;
                        r = base64url_decode(text, 4, bytes, sizeof(bytes), &used);
                        assert_int_equal(r == 0, base64url_is_text(text, 4));
                        good += r == 0;
                }
                assert_int_equal(good, 64);
        }
}

/* Of all texts of two and of three characters, exactly one stands for each value. */
static void test_one_form_for_each_value(void **state) {
        const char *alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        size_t pairs = 0, triples = 0, used;
        uint8_t bytes[2];

        (void)state;
        for (size_t i = 0; i < 64 * 64 * 64; i++) {
                const char text[] = { alphabet[i / 4096], alphabet[i / 64 % 64], alphabet[i % 64] };

                pairs += i % 64 == 0 && !base64url_decode(text, 2, bytes, sizeof(bytes), &used);
                triples += !base64url_decode(text, 3, bytes, sizeof(bytes), &used);
        }
        assert_int_equal(pairs, 256);
        assert_int_equal(triples, 65536);
}

static void test_buffer_too_small(void **state) {
        uint8_t bytes[6];
        char text[9];
        size_t used;

        (void)state;
        for (size_t size = 0; size < 6; size++)
                assert_int_equal(
                        base64url_decode("Zm9vYmFy", 8, bytes, size, &used), BASE64URL_E_FULL);
        for (size_t size = 0; size < 9; size++)
                assert_int_equal(base64url_encode((const uint8_t *)"foobar", 6, text, size),
                        BASE64URL_E_FULL);
        assert_int_equal(base64url_encode((const uint8_t *)"foobar", 6, text, 9), 0);
        assert_int_equal(
                base64url_encode((const uint8_t *)"", SIZE_MAX, text, 9), BASE64URL_E_FULL);
}

static void test_decode_in_place(void **state) {
        char text[] = "Zm9vYmE";
        size_t used;

        (void)state;
        assert_int_equal(base64url_decode(text, 7, (uint8_t *)text, sizeof(text), &used), 0);
        assert_int_equal(used, 5);
        assert_memory_equal(text, "fooba", 5);
}

int main(void) {
        const struct CMUnitTest others[] = {
                { "all sizes survive a round trip", test_round_trip, NULL, NULL, NULL },
                { "the alphabet has 64 characters in every place", test_alphabet, NULL, NULL,
                        NULL },
                { "every value has one form", test_one_form_for_each_value, NULL, NULL, NULL },
                { "a buffer that is too small is told", test_buffer_too_small, NULL, NULL, NULL },
                { "text can be decoded in its place", test_decode_in_place, NULL, NULL, NULL },
        };
        struct CMUnitTest tests[ARRAY_SIZE(cases) + ARRAY_SIZE(others)] = { 0 };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                tests[i] = (struct CMUnitTest){ cases[i].name, test_decode, NULL, NULL,
                        (void *)&cases[i] };
        memcpy(&tests[ARRAY_SIZE(cases)], others, sizeof(others));
        return cmocka_run_group_tests_name("base64url", tests, NULL, NULL);
}
