#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Files that decide where a token goes: they count only if nobody but the user could have written
 * them.
 */

#include "common/secret.h"

#define ASKPASS_FILE_MAX 65536u

typedef enum AskpassFileRule {
        ASKPASS_FILE_PRIVATE, /* the user's, readable by nobody else, no symbolic link */
        ASKPASS_FILE_TRUSTED, /* the user's or root's, writable by nobody else */
} AskpassFileRule;

/**
 * askpass_file_read() - read a whole file
 * @path:       NUL-terminated
 * @rule:       who has to own it
 * @ret_text:   owned by the caller
 *
 * Return: 0; -ENOENT; -EPERM it breaks the rule; -EFBIG; other negative errno.
 */
int askpass_file_read(const char *path, AskpassFileRule rule, Secret **ret_text);

/**
 * askpass_file_fault() - what was wrong, for a complaint
 * @r:          from askpass_file_read()
 *
 * Return: static text.
 */
const char *askpass_file_fault(int r);
