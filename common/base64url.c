/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "common/base64url.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The six bits of a character, plus one: 0 means that it is not in the alphabet. */
static const uint8_t sextets[256] = {
        ['A'] = 1,
        ['B'] = 2,
        ['C'] = 3,
        ['D'] = 4,
        ['E'] = 5,
        ['F'] = 6,
        ['G'] = 7,
        ['H'] = 8,
        ['I'] = 9,
        ['J'] = 10,
        ['K'] = 11,
        ['L'] = 12,
        ['M'] = 13,
        ['N'] = 14,
        ['O'] = 15,
        ['P'] = 16,
        ['Q'] = 17,
        ['R'] = 18,
        ['S'] = 19,
        ['T'] = 20,
        ['U'] = 21,
        ['V'] = 22,
        ['W'] = 23,
        ['X'] = 24,
        ['Y'] = 25,
        ['Z'] = 26,
        ['a'] = 27,
        ['b'] = 28,
        ['c'] = 29,
        ['d'] = 30,
        ['e'] = 31,
        ['f'] = 32,
        ['g'] = 33,
        ['h'] = 34,
        ['i'] = 35,
        ['j'] = 36,
        ['k'] = 37,
        ['l'] = 38,
        ['m'] = 39,
        ['n'] = 40,
        ['o'] = 41,
        ['p'] = 42,
        ['q'] = 43,
        ['r'] = 44,
        ['s'] = 45,
        ['t'] = 46,
        ['u'] = 47,
        ['v'] = 48,
        ['w'] = 49,
        ['x'] = 50,
        ['y'] = 51,
        ['z'] = 52,
        ['0'] = 53,
        ['1'] = 54,
        ['2'] = 55,
        ['3'] = 56,
        ['4'] = 57,
        ['5'] = 58,
        ['6'] = 59,
        ['7'] = 60,
        ['8'] = 61,
        ['9'] = 62,
        ['-'] = 63,
        ['_'] = 64,
};

bool base64url_is_text(const char *text, size_t size) {
        for (size_t i = 0; i < size; i++)
                if (sextets[(uint8_t)text[i]] == 0)
                        return false;

        return true;
}

/*
 * Reads 2 … 4 characters into 24 bits. All are read before the verdict, so that the time does not
 * depend on the position of a wrong character.
 */
static int group_read(const char *text, size_t count, uint32_t *ret_bits) {
        uint32_t bits = 0;
        bool wrong = false;

        for (size_t i = 0; i < 4; i++) {
                uint8_t sextet = i < count ? sextets[(uint8_t)text[i]] : 1;

                wrong |= sextet == 0;
                bits = bits << 6 | (uint8_t)(sextet - 1u);
        }
        if (wrong)
                return BASE64URL_E_INVALID;

        *ret_bits = bits;
        return 0;
}

int base64url_decode(
        const char *text, size_t text_size, uint8_t *buffer, size_t size, size_t *ret_used) {
        size_t rest = text_size % 4, whole = text_size - rest, used = 0;
        uint32_t bits;

        if (rest == 1)
                return BASE64URL_E_INVALID;
        if (whole / 4 * 3 + (rest > 0 ? rest - 1 : 0) > size)
                return BASE64URL_E_FULL;

        for (size_t i = 0; i < whole; i += 4) {
                if (group_read(text + i, 4, &bits))
                        return BASE64URL_E_INVALID;
                buffer[used++] = (uint8_t)(bits >> 16);
                buffer[used++] = (uint8_t)(bits >> 8);
                buffer[used++] = (uint8_t)bits;
        }

        if (rest > 0) {
                /* RFC 4648 §3.5: bits after the last byte must be zero, or one value would have two
                 * forms. */
                if (group_read(text + whole, rest, &bits) || bits & (rest == 2 ? 0xffffu : 0xffu))
                        return BASE64URL_E_INVALID;
                buffer[used++] = (uint8_t)(bits >> 16);
                if (rest == 3)
                        buffer[used++] = (uint8_t)(bits >> 8);
        }

        *ret_used = used;
        return 0;
}

static void group_write(char text[4], uint32_t bits) {
        text[0] = alphabet[bits >> 18 & 0x3f];
        text[1] = alphabet[bits >> 12 & 0x3f];
        text[2] = alphabet[bits >> 6 & 0x3f];
        text[3] = alphabet[bits & 0x3f];
}

int base64url_encode(const uint8_t *data, size_t data_size, char *text, size_t size) {
        size_t rest = data_size % 3, whole = data_size - rest;
        char group[4];

        if (data_size > (SIZE_MAX - 3) / 4 || BASE64URL_ENCODED_SIZE(data_size) >= size)
                return BASE64URL_E_FULL;

        for (size_t i = 0; i < whole; i += 3, text += 4)
                group_write(
                        text, (uint32_t)data[i] << 16 | (uint32_t)data[i + 1] << 8 | data[i + 2]);
        if (rest > 0) {
                group_write(group, (uint32_t)data[whole] << 16 |
                                           (rest == 2 ? (uint32_t)data[whole + 1] << 8 : 0));
                text = mempcpy(text, group, rest + 1);
        }
        *text = '\0';
        return 0;
}
