/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>

#include "common/text.h"

/* Byte ranges of RFC 3629 §4, one row for each form; they leave out overlong forms and
 * surrogates. */
typedef struct Utf8Form {
        uint8_t first_low, first_high;
        uint8_t second_low, second_high;
        uint8_t size;
} Utf8Form;

static const Utf8Form utf8_forms[] = {
        { 0x01, 0x7f, 0x00, 0x00, 1 }, /* NUL is refused: text ends up in C strings */
        { 0xc2, 0xdf, 0x80, 0xbf, 2 },
        { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
        { 0xe1, 0xec, 0x80, 0xbf, 3 },
        { 0xed, 0xed, 0x80, 0x9f, 3 },
        { 0xee, 0xef, 0x80, 0xbf, 3 },
        { 0xf0, 0xf0, 0x90, 0xbf, 4 },
        { 0xf1, 0xf3, 0x80, 0xbf, 4 },
        { 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

static const Utf8Form *utf8_form(uint8_t first) {
        for (size_t i = 0; i < sizeof(utf8_forms) / sizeof(utf8_forms[0]); i++)
                if (first >= utf8_forms[i].first_low && first <= utf8_forms[i].first_high)
                        return &utf8_forms[i];

        return NULL;
}

/* Bytes of the character that begins at @text, or 0 when none does. */
static size_t utf8_character(const uint8_t *text, size_t size) {
        const Utf8Form *form = utf8_form(text[0]);

        if (!form || form->size > size)
                return 0;
        if (form->size > 1 && (text[1] < form->second_low || text[1] > form->second_high))
                return 0;
        for (size_t i = 2; i < form->size; i++)
                if (text[i] < 0x80 || text[i] > 0xbf)
                        return 0;

        return form->size;
}

bool text_is_utf8(const char *text, size_t size) {
        const uint8_t *bytes = (const uint8_t *)text;

        for (size_t at = 0; at < size;) {
                size_t step = utf8_character(bytes + at, size - at);

                if (step == 0)
                        return false;
                at += step;
        }

        return true;
}

bool text_has_control(const char *text, size_t size) {
        for (size_t i = 0; i < size; i++) {
                uint8_t byte = (uint8_t)text[i];

                if (byte < 0x20 || byte == 0x7f)
                        return true;
                /* C1 in UTF-8 is C2 80 … C2 9F; C2 is never a continuation byte. */
                if (byte == 0xc2 && i + 1 < size && (uint8_t)text[i + 1] < 0xa0)
                        return true;
        }

        return false;
}

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static bool is_name_character(char c) {
        if (is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
                return true;

        return c == '.' || c == '_' || c == '@' || c == '-';
}

static bool is_dots(const char *text, size_t size) {
        return size <= 2 && text[0] == '.' && text[size - 1] == '.';
}

static bool begins_with(const char *text, size_t size, const char *prefix) {
        size_t prefix_size = strlen(prefix);

        return size >= prefix_size && memcmp(text, prefix, prefix_size) == 0;
}

/* One of our refresh tokens, or JSON in base64url followed by two parts. */
static bool begins_like_token(const char *text, size_t size) {
        unsigned int n_dots = 0;

        if (begins_with(text, size, "atr1."))
                return true;
        if (!begins_with(text, size, "eyJ"))
                return false;
        for (size_t i = 0; i < size && is_name_character(text[i]); i++)
                n_dots += text[i] == '.';
        return n_dots >= 2;
}

bool text_has_token(const char *text, size_t size) {
        for (size_t i = 0; i < size; i++)
                if ((i == 0 || !is_name_character(text[i - 1])) &&
                        begins_like_token(text + i, size - i))
                        return true;
        return false;
}

bool text_is_user_name(const char *text, size_t size) {
        bool only_digits = true;

        if (size < 1 || size > USER_NAME_MAX || text[0] == '-' || is_dots(text, size))
                return false;
        if (begins_like_token(text, size))
                return false;

        for (size_t i = 0; i < size; i++) {
                /* The names of machine accounts of Active Directory end with '$'. */
                bool dollar_end = text[i] == '$' && i > 0 && i == size - 1;

                if (!is_name_character(text[i]) && !dollar_end)
                        return false;
                only_digits = only_digits && is_digit(text[i]);
        }

        return !only_digits;
}

int text_copy(const char *text, char **ret_copy) {
        *ret_copy = text ? strdup(text) : NULL;
        return text && !*ret_copy ? -ENOMEM : 0;
}

size_t text_format_u64(uint64_t value, char text[TEXT_U64_SIZE_MAX + 1]) {
        size_t n = 1;

        for (uint64_t limit = 10; value >= limit && n < TEXT_U64_SIZE_MAX; limit *= 10)
                n++;
        text[n] = '\0';
        for (size_t i = n; i > 0; value /= 10)
                text[--i] = (char)('0' + value % 10);
        return n;
}

int text_parse_u64(const char *text, uint64_t max, uint64_t *ret_value) {
        uint64_t value = 0;

        if (text[0] == '\0')
                return TEXT_E_INVALID;
        /* A wrong character is reported rather than a wrong range, wherever it is. */
        for (const char *p = text; *p; p++)
                if (!is_digit(*p))
                        return TEXT_E_INVALID;

        for (const char *p = text; *p; p++)
                if (__builtin_mul_overflow(value, 10u, &value) ||
                        __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
                        return TEXT_E_RANGE;
        if (value > max)
                return TEXT_E_RANGE;

        *ret_value = value;
        return 0;
}
