#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Strict JSON for everything from outside: one object, UTF-8, no duplicate member, no NUL, bounded
 * depth, nothing after it. And a helper for writing it.
 */

#include <stddef.h>

#include <jansson.h>

#define JSON_TEXT_DEPTH_MAX 16u

enum {
        JSON_TEXT_E_INVALID = 1,
};

/**
 * json_text_need_memory() - end the program rather than parse without memory, from now on
 *
 * For programs that judge tokens, before their first thread. jansson 2.14 does not check whether its text buffer could
 * grow: without memory it drops a character, of a user's name for example, or the end, and reads and writes beyond the
 * buffer.
 */
void json_text_need_memory(void);

/**
 * json_text_set() - add a text to an object
 * @object:     grows
 * @name:       of the member
 * @text:       UTF-8; NULL adds nothing
 *
 * Return: 0; -ENOMEM, also for text that is not UTF-8.
 */
int json_text_set(json_t *object, const char *name, const char *text);

/**
 * json_text_parse() - parse one object
 * @text:       bytes; need not end with NUL
 * @size:       of @text
 * @ret_object: owned by the caller
 *
 * Return: 0; JSON_TEXT_E_INVALID. A lack of memory cannot be told from invalid text.
 */
int json_text_parse(const char *text, size_t size, json_t **ret_object);
