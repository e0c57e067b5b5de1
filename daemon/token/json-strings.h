#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A JSON array of strings as text: the form of audience and roles. Most have one plain string, which needs no
 * parser.
 */

#include <stdbool.h>
#include <stddef.h>

typedef struct json_t json_t;

/* Strings that live as long as this struct. */
typedef struct JsonStrings {
        const char **items;
        size_t n_items;
        json_t *json; /* NULL, or what they are borrowed from */
} JsonStrings;

/**
 * json_strings_write() - write strings as an array, compact
 * @items:      the strings
 * @n_items:    of @items
 * @ret_text:   owned by the caller
 *
 * Return: 0; -ENOMEM; -EINVAL one is not UTF-8.
 */
int json_strings_write(const char *const *items, size_t n_items, char **ret_text);

/**
 * json_strings_read() - read what json_strings_write() wrote
 * @text:       NULL is no strings
 * @ret_strings: to be cleared by the caller
 *
 * Return: 0; -ENOMEM; -EINVAL it is something else.
 */
int json_strings_read(const char *text, JsonStrings *ret_strings);

/**
 * json_strings_clear() - free what the strings own
 * @strings:    empty afterwards
 */
void json_strings_clear(JsonStrings *strings);
