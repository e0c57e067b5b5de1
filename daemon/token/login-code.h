#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Login codes as text: "at-" and Crockford's base32, 50 random bits as two groups of five to type, 130
 * as one of 26 to paste. No U is written, and common confusions are corrected: small letters are read as
 * large ones, O as 0, I and L as 1.
 */

#include <stdbool.h>
#include <stddef.h>

#include "common/secret.h"

#define LOGIN_CODE_PREFIX     "at-"
#define LOGIN_CODE_TYPED_SIZE 10u /* characters without prefix and dash */
#define LOGIN_CODE_LONG_SIZE  26u

typedef enum LoginCodeForm {
        LOGIN_CODE_TYPED,
        LOGIN_CODE_LONG,
} LoginCodeForm;

enum {
        LOGIN_CODE_E_INVALID = 1,
};

/**
 * login_code_is_meant() - whether a credential is a code, good or bad, and not a token
 * @text:       need not end with NUL
 * @size:       of @text
 *
 * No token begins so: it would not be the base64url of an object.
 */
bool login_code_is_meant(const char *text, size_t size);

/**
 * login_code_generate() - draw a code
 * @form:       to type or to paste
 * @ret_code:   owned by the caller
 *
 * Return: 0; negative errno.
 */
int login_code_generate(LoginCodeForm form, Secret **ret_code);

/**
 * login_code_parse() - the one spelling of a code
 * @text:       what was typed; need not end with NUL
 * @size:       of @text
 * @ret_canonical: owned by the caller; digits and large letters alone
 *
 * Return: 0; LOGIN_CODE_E_INVALID; -ENOMEM.
 */
int login_code_parse(const char *text, size_t size, Secret **ret_canonical);
