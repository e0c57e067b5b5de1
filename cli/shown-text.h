#pragma once
/* SPDX-License-Identifier: MIT */

/* Text that others chose, shown on a terminal. */

#include <stddef.h>

/**
 * shown_text_foul() - whether the text begins with a character that does more than be seen
 * @text:       UTF-8, NUL-terminated
 *
 * Control characters move the cursor or give orders to the terminal; characters of direction make a line look different
 * from its text.
 * Return: its bytes; 0 for what may be shown.
 */
size_t shown_text_foul(const char *text);

/**
 * shown_text_clean() - replace each such character by '?'
 * @text:       changes, and gets no longer
 */
void shown_text_clean(char *text);
