/* SPDX-License-Identifier: MIT */
#include "daemon/token/json-text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void *allocate(size_t size) {
        void *memory = malloc(size);

        if (!memory)
                abort();
        return memory;
}

void json_text_need_memory(void) {
        json_set_alloc_funcs(allocate, free);
}

int json_text_set(json_t *object, const char *name, const char *text) {
        if (!text)
                return 0;
        return json_object_set_new(object, name, json_string(text)) ? -ENOMEM : 0;
}

/* The index of the quote that ends a string; @size or more if there is none. */
static size_t string_end(const char *text, size_t size, size_t i) {
        while (i < size && text[i] != '"')
                i += text[i] == '\\' ? 2 : 1;
        return i;
}

/*
 * jansson's own bound is 2048 levels of recursion. Brackets are counted before it sees the text;
 * inside strings they do not count. Text that is not JSON may be misread here, but then jansson
 * refuses it, having recursed no deeper than what was counted: it opens a level only at a bracket
 * outside of what it reads as a string, and it stops at the first byte where the two could differ.
 */
static bool depth_is_bounded(const char *text, size_t size) {
        unsigned depth = 0;

        for (size_t i = 0; i < size; i++) {
                if (text[i] == '"')
                        i = string_end(text, size, i + 1);
                else if (text[i] == '{' || text[i] == '[')
                        depth++;
                else if ((text[i] == '}' || text[i] == ']') && depth > 0)
                        depth--;
                if (depth > JSON_TEXT_DEPTH_MAX)
                        return false;
        }
        return true;
}

int json_text_parse(const char *text, size_t size, json_t **ret_object) {
        json_error_t error;
        json_t *object;

        /* jansson 2.14 skips a NUL behind a number or a literal. */
        if (size > 0 && memchr(text, '\0', size))
                return JSON_TEXT_E_INVALID;
        if (!depth_is_bounded(text, size))
                return JSON_TEXT_E_INVALID;
        /* Without JSON_ALLOW_NUL and JSON_DECODE_ANY, \u0000 and a bare scalar are refused. */
        object = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
        if (!object)
                return JSON_TEXT_E_INVALID;
        if (!json_is_object(object)) {
                json_decref(object);
                return JSON_TEXT_E_INVALID;
        }
        *ret_object = object;
        return 0;
}
