#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The forms that a value of the configuration can have. Pure: text in, value out.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
        CONFIG_VALUE_E_INVALID = 1,
};

/**
 * config_value_boolean() - read yes or no, also spelled true/false, on/off, 1/0
 * @text:       NUL-terminated, lower case
 * @ret_value:  untouched on failure
 *
 * Return: 0; CONFIG_VALUE_E_INVALID.
 */
int config_value_boolean(const char *text, bool *ret_value);

/**
 * config_value_choice() - find a word in a list
 * @text:       NUL-terminated
 * @choices:    words, ended by NULL
 * @ret_index:  untouched on failure
 *
 * Return: 0; CONFIG_VALUE_E_INVALID.
 */
int config_value_choice(const char *text, const char *const *choices, size_t *ret_index);

/**
 * config_value_is_path() - whether a text is an absolute path without "." and ".." in it
 * @text:       NUL-terminated
 * @size_max:   longest path taken, without its NUL
 */
bool config_value_is_path(const char *text, size_t size_max);

/**
 * config_value_is_name() - whether a text can be a part of a store's key or a file's name
 * @text:       NUL-terminated
 * @size_max:   longest name taken
 *
 * Letters, digits, '.', '_' and '-', beginning with a letter or digit.
 */
bool config_value_is_name(const char *text, size_t size_max);

/**
 * config_value_is_word() - whether a text is visible ASCII without quotes, backslashes and spaces
 * @text:       NUL-terminated
 * @size_max:   longest word taken
 */
bool config_value_is_word(const char *text, size_t size_max);

/**
 * config_value_date() - read a day or a point of time, in UTC
 * @text:       YYYY-MM-DD (its beginning) or YYYY-MM-DDTHH:MM:SSZ, of the years 1970 to 9999
 * @ret_sec:    seconds since the epoch; untouched on failure
 *
 * Return: 0; CONFIG_VALUE_E_INVALID.
 */
int config_value_date(const char *text, uint64_t *ret_sec);
