/* SPDX-License-Identifier: MIT */

#include <stdbool.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "common/time-span.h"

#define DIGITS        "0123456789"
#define LETTERS       "abcdefghijklmnopqrstuvwxyz"
#define NUMBER_SIZE   21u /* 2^64 in digits, and NUL */
#define USEC_PER_SEC  UINT64_C(1000000)
#define USEC_PER_MIN  (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MIN)
#define USEC_PER_DAY  (24 * USEC_PER_HOUR)

static const struct {
        const char *name;
        uint64_t usec;
} units[] = {
        { "us", 1 },
        { "usec", 1 },
        { "ms", 1000 },
        { "msec", 1000 },
        { "s", USEC_PER_SEC },
        { "sec", USEC_PER_SEC },
        { "second", USEC_PER_SEC },
        { "seconds", USEC_PER_SEC },
        { "m", USEC_PER_MIN },
        { "min", USEC_PER_MIN },
        { "minute", USEC_PER_MIN },
        { "minutes", USEC_PER_MIN },
        { "h", USEC_PER_HOUR },
        { "hr", USEC_PER_HOUR },
        { "hour", USEC_PER_HOUR },
        { "hours", USEC_PER_HOUR },
        { "d", USEC_PER_DAY },
        { "day", USEC_PER_DAY },
        { "days", USEC_PER_DAY },
        { "w", 7 * USEC_PER_DAY },
        { "week", 7 * USEC_PER_DAY },
        { "weeks", 7 * USEC_PER_DAY },
};

static int take_number(const char **text, uint64_t *ret_number) {
        size_t size = strspn(*text, DIGITS);
        char digits[NUMBER_SIZE];

        if (size == 0 || size >= sizeof(digits))
                return TIME_SPAN_E_INVALID;
        memcpy(digits, *text, size);
        digits[size] = '\0';
        if (text_parse_u64(digits, UINT64_MAX, ret_number))
                return TIME_SPAN_E_INVALID;
        *text += size;
        return 0;
}

static int take_unit(const char **text, uint64_t *ret_usec) {
        size_t size = strspn(*text, LETTERS);

        for (size_t i = 0; i < ARRAY_SIZE(units); i++)
                if (strlen(units[i].name) == size && !memcmp(units[i].name, *text, size)) {
                        *text += size;
                        *ret_usec = units[i].usec;
                        return 0;
                }
        return TIME_SPAN_E_INVALID;
}

/* @alone: nothing but digits, which are seconds */
static int take_part(const char **text, bool alone, uint64_t *ret_usec) {
        uint64_t number, unit = USEC_PER_SEC;

        if (take_number(text, &number))
                return TIME_SPAN_E_INVALID;
        *text += strspn(*text, " ");
        if (!alone && take_unit(text, &unit))
                return TIME_SPAN_E_INVALID;
        *text += strspn(*text, " ");
        return __builtin_mul_overflow(number, unit, ret_usec) ? TIME_SPAN_E_INVALID : 0;
}

int time_span_parse(const char *text, uint64_t *ret_usec) {
        bool alone = !text[strspn(text, DIGITS)];
        uint64_t total = 0, part;

        do {
                if (take_part(&text, alone, &part) || __builtin_add_overflow(total, part, &total))
                        return TIME_SPAN_E_INVALID;
        } while (*text);
        *ret_usec = total;
        return 0;
}
