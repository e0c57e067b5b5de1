#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * base64url without padding (RFC 4648 section 5, RFC 7515 section 2), strict: no padding, no white
 * space, no character outside the alphabet, no non-zero trailing bits.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
        BASE64URL_E_INVALID = 1,
        BASE64URL_E_FULL, /* the result does not fit */
};

/* Sizes of the other form; encoded sizes do not count the closing NUL. */
#define BASE64URL_ENCODED_SIZE(size) ((4 * (size) + 2) / 3)
#define BASE64URL_DECODED_SIZE(size) (3 * (size) / 4)

/**
 * base64url_is_text() - whether nothing but characters of the alphabet occurs
 * @text:       need not end with NUL
 * @size:       characters
 *
 * The text may still be impossible to decode: one character too many, or trailing bits.
 */
bool base64url_is_text(const char *text, size_t size);

/**
 * base64url_decode() - decode strictly
 * @text:       need not end with NUL
 * @text_size:  characters
 * @buffer:     receives the bytes; may be @text itself
 * @size:       bytes of @buffer
 * @ret_used:   bytes written
 *
 * Return: 0; BASE64URL_E_INVALID; BASE64URL_E_FULL.
 */
int base64url_decode(
        const char *text, size_t text_size, uint8_t *buffer, size_t size, size_t *ret_used);

/**
 * base64url_encode() - encode and end with NUL
 * @data:       bytes
 * @data_size:  of @data
 * @text:       receives BASE64URL_ENCODED_SIZE(@data_size) characters and NUL
 * @size:       bytes of @text
 *
 * Return: 0; BASE64URL_E_FULL.
 */
int base64url_encode(const uint8_t *data, size_t data_size, char *text, size_t size);
