#pragma once
/* SPDX-License-Identifier: MIT */

/* What others chose, on a terminal. */

#include <stddef.h>

/**
 * shown_text_foul() - whether something begins here that does more than to be seen
 * @text:       UTF-8, NUL-terminated
 *
 * Control characters move the cursor or give orders to the terminal; those of direction have a line read otherwise than
 * it is written.
 * Return: its bytes; 0 for what may be shown.
 */
size_t shown_text_foul(const char *text);

/**
 * shown_text_clean() - put '?' in the place of all that
 * @text:       changes, and gets no longer
 */
void shown_text_clean(char *text);
