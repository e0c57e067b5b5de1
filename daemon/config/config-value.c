/* SPDX-License-Identifier: MIT */

#include <string.h>
#include <time.h>

#include "daemon/config/config-value.h"

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
int config_value_boolean(const char *text, bool *ret_value) {
        static const char *const choices[] = { "no", "yes", "false", "true", "off", "on", "0", "1",
                NULL };
        size_t index;

        if (config_value_choice(text, choices, &index))
                return CONFIG_VALUE_E_INVALID;
        *ret_value = index % 2;
        return 0;
}

int config_value_choice(const char *text, const char *const *choices, size_t *ret_index) {
        for (size_t i = 0; choices[i]; i++)
                if (!strcmp(text, choices[i])) {
                        *ret_index = i;
                        return 0;
                }
        return CONFIG_VALUE_E_INVALID;
}

static bool is_dots(const char *part, size_t size) {
        return (size == 1 && part[0] == '.') || (size == 2 && part[0] == '.' && part[1] == '.');
}

bool config_value_is_path(const char *text, size_t size_max) {
        if (text[0] != '/' || strlen(text) > size_max)
                return false;
        for (const char *part = text; *part; part += strcspn(part, "/")) {
                part++;
                if (is_dots(part, strcspn(part, "/")))
                        return false;
        }
        return true;
}

bool config_value_is_name(const char *text, size_t size_max) {
        size_t size = strlen(text);

        return size > 0 && size <= size_max && strspn(text, LETTERS DIGITS) > 0 &&
               strspn(text, LETTERS DIGITS "._-") == size;
}

bool config_value_is_word(const char *text, size_t size_max) {
        size_t size = strlen(text);

        for (size_t i = 0; i < size; i++)
                if (text[i] <= ' ' || text[i] > '~' || strchr("\"'\\", text[i]))
                        return false;
        return size > 0 && size <= size_max;
}

#define DATE_PARTS 6u

/* Only dates of the calendar are accepted, and no leap second: two readers could take an impossible
 * date for two different times. */
int config_value_date(const char *text, uint64_t *ret_sec) {
        static const char pattern[] = "9999-99-99T99:99:99Z";
        static const size_t places[DATE_PARTS] = { 0, 5, 8, 11, 14, 17 };
        int parts[DATE_PARTS] = { 0 };
        size_t size = strlen(text), part = 0;
        struct tm calendar = { 0 };
        time_t sec;

        if (size != strlen("9999-99-99") && size != strlen(pattern))
                return CONFIG_VALUE_E_INVALID;
        for (size_t i = 0; i < size; i++) {
                bool is_digit = text[i] >= '0' && text[i] <= '9';

                if (pattern[i] == '9' ? !is_digit : text[i] != pattern[i])
                        return CONFIG_VALUE_E_INVALID;
                if (part + 1 < DATE_PARTS && i == places[part + 1])
                        part++;
                if (is_digit)
                        parts[part] = 10 * parts[part] + (text[i] - '0');
        }
        calendar = (struct tm){ .tm_year = parts[0] - 1900,
                .tm_mon = parts[1] - 1,
                .tm_mday = parts[2],
                .tm_hour = parts[3],
                .tm_min = parts[4],
                .tm_sec = parts[5] };
        sec = timegm(&calendar);
        if (sec < 0 || calendar.tm_mon != parts[1] - 1 || calendar.tm_mday != parts[2] ||
                calendar.tm_hour != parts[3] || calendar.tm_min != parts[4] ||
                calendar.tm_sec != parts[5])
                return CONFIG_VALUE_E_INVALID;
        *ret_sec = (uint64_t)sec;
        return 0;
}
