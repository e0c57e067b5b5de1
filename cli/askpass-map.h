#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Which token goes to which host, as the user wrote it down. A line is
 *
 *      [USER@]HOST FILE
 *
 * HOST is a host, "*." and a domain, or "sudo" for sudo on this host. The first line that fits counts. Lines that
 * are empty or begin with '#' are ignored.
 */

#include <stdbool.h>
#include <stddef.h>

#include "cli/askpass-prompt.h"

#define ASKPASS_PATH_MAX 4095u

typedef struct AskpassMapEntry {
        bool has_user; /* the line names the user; else the token has to */
        char path[ASKPASS_PATH_MAX + 1];
} AskpassMapEntry;

enum {
        ASKPASS_MAP_E_NONE = 1, /* no line fits */
        ASKPASS_MAP_E_SYNTAX,   /* a line cannot be understood */
};

/**
 * askpass_map_find() - the line for a prompt
 * @text:       the whole file; ends with NUL
 * @prompt:     not a foreign one; its user is set
 * @ret_entry:  untouched on failure
 * @ret_line:   counted from 1; the line of ASKPASS_MAP_E_SYNTAX
 *
 * Return: 0; ASKPASS_MAP_E_*.
 */
int askpass_map_find(const char *text, const AskpassPrompt *prompt, AskpassMapEntry *ret_entry,
        unsigned int *ret_line);
