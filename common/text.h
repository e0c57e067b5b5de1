#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What text may be: the checks that every boundary shares.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USER_NAME_MAX 255u /* LOGIN_NAME_MAX without its NUL */

/**
 * text_is_utf8() - well-formed UTF-8 without NUL (RFC 3629; no surrogates, no overlong forms)
 * @text:       bytes
 * @size:       of @text
 */
bool text_is_utf8(const char *text, size_t size);

/**
 * text_has_control() - whether a C0, C1 or DEL control character occurs
 * @text:       valid UTF-8
 * @size:       of @text
 */
bool text_has_control(const char *text, size_t size);

/**
 * text_is_user_name() - whether a name can be a login name on any Linux host
 * @text:       need not end with NUL
 * @size:       of @text
 *
 * 1 … USER_NAME_MAX characters of [A-Za-z0-9._@\-$], not beginning with '-', not "." or "..", not all
 * digits (it would be taken for a uid), '$' only at the end: what shadow, systemd and NSS
 * back-ends agree on, with '@' for joined domains. Never white space, ':', '/', or a control. Nor is
 * text that looks like a token: somebody typed it at the wrong place, and names are logged and stored.
 */
bool text_is_user_name(const char *text, size_t size);

/**
 * text_has_token() - whether a word in a text looks like a token, so that it must not be logged or stored
 * @text:       need not end with NUL
 * @size:       of @text
 */
bool text_has_token(const char *text, size_t size);

enum {
        TEXT_E_INVALID = 1,
        TEXT_E_RANGE,
};

/**
 * text_copy() - a copy of an optional text
 * @text:       NUL-terminated; NULL is copied as NULL
 * @ret_copy:   owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int text_copy(const char *text, char **ret_copy);

/**
 * text_parse_u64() - read a decimal number: digits only, no sign, no white space, nothing behind
 * @text:       NUL-terminated
 * @max:        largest value taken
 * @ret_value:  untouched on failure
 *
 * Return: 0; TEXT_E_INVALID; TEXT_E_RANGE.
 */
int text_parse_u64(const char *text, uint64_t max, uint64_t *ret_value);

#define TEXT_U64_SIZE_MAX 20u

/**
 * text_format_u64() - write a decimal number, without what snprintf() spends on its format
 * @value:      any
 * @text:       receives at most TEXT_U64_SIZE_MAX digits and NUL
 *
 * Return: digits.
 */
size_t text_format_u64(uint64_t value, char text[TEXT_U64_SIZE_MAX + 1]);
