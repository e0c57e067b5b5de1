/* SPDX-License-Identifier: MIT */
#include "daemon/token/json-strings.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

/* A character that JSON writes unchanged. */
static bool is_plain(const char *text, size_t size) {
        for (size_t i = 0; i < size; i++)
                if ((unsigned char)text[i] < ' ' || (unsigned char)text[i] > '~' ||
                        text[i] == '"' || text[i] == '\\')
                        return false;
        return true;
}

static int write_plain(const char *item, size_t size, char **ret_text) {
        char *text = malloc(size + sizeof("[\"\"]"));

        if (!text)
                return -ENOMEM;
        *ret_text = text;
        text = mempcpy(text, "[\"", 2);
        text = mempcpy(text, item, size);
        memcpy(text, "\"]", sizeof("\"]"));
        return 0;
}

int json_strings_write(const char *const *items, size_t n_items, char **ret_text) {
        size_t size = n_items == 1 ? strlen(items[0]) : 0;
        json_auto_t *array = NULL;

        if (n_items == 1 && is_plain(items[0], size))
                return write_plain(items[0], size, ret_text);
        array = json_array();
        if (!array)
                return -ENOMEM;
        for (size_t i = 0; i < n_items; i++)
                if (json_array_append_new(array, json_string(items[i])) < 0)
                        return -EINVAL;
        *ret_text = json_dumps(array, JSON_COMPACT);
        return *ret_text ? 0 : -ENOMEM;
}

/* The item follows its list in memory. */
static int read_plain(const char *text, size_t size, JsonStrings *strings) {
        const char **items = malloc(sizeof(*items) + size + 1);
        char *item;

        if (!items)
                return -ENOMEM;
        item = (char *)(items + 1);
        memcpy(item, text, size);
        item[size] = '\0';
        items[0] = item;
        strings->items = items;
        strings->n_items = 1;
        return 0;
}

static int read_array(const char *text, JsonStrings *strings) {
        size_t n_items;

        strings->json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        if (!json_is_array(strings->json))
                return -EINVAL;
        n_items = json_array_size(strings->json);
        strings->items = calloc(n_items + 1, sizeof(*strings->items));
        if (!strings->items)
                return -ENOMEM;
        for (size_t i = 0; i < n_items; i++) {
                const char *item = json_string_value(json_array_get(strings->json, i));

                if (!item)
                        return -EINVAL;
                strings->items[strings->n_items++] = item;
        }
        return 0;
}

int json_strings_read(const char *text, JsonStrings *ret_strings) {
        size_t size = text ? strlen(text) : 0;

        if (!text)
                return 0;
        if (size >= 4 && !strncmp(text, "[\"", 2) && !strcmp(text + size - 2, "\"]") &&
                is_plain(text + 2, size - 4))
                return read_plain(text + 2, size - 4, ret_strings);
        return read_array(text, ret_strings);
}

void json_strings_clear(JsonStrings *strings) {
        free(strings->items);
        json_decref(strings->json);
        *strings = (JsonStrings){ 0 };
}
