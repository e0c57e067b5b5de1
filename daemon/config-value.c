/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "daemon/config-value.h"

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
