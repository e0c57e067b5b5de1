#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Tokens that are typed or pasted at a terminal: without echo, and up to any length. By default terminals
 * are read line by line, and everything after MAX_CANON (4095) bytes would be dropped.
 *
 * There is one terminal at a time. It gets its settings back before a signal stops or ends the process.
 */

#include <stdbool.h>
#include <stddef.h>

#include "common/secret.h"

enum {
        TOKEN_TERMINAL_E_LINE = 1, /* the line is complete */
        TOKEN_TERMINAL_E_END,      /* the end of the input was typed */
};

/**
 * token_terminal_hold() - stop the echo, and ask
 * @fd:         a terminal
 * @prompt:     to standard error, in the language of the user; borrowed until token_terminal_release()
 *
 * Again for the next token, too. In the background it waits to be in the foreground.
 * Return: 0; negative errno.
 */
int token_terminal_hold(int fd, const char *prompt);

/**
 * token_terminal_count_plain() - how many bytes are a part of the line and nothing else
 * @data:       read from the terminal that is held
 * @size:       of @data
 */
size_t token_terminal_count_plain(const char *data, size_t size);

/**
 * token_terminal_edit() - apply a character that edits the line instead of being a part of it
 * @line:       what was typed before
 * @limit:      a line of so many bytes is too long, and stays so until all of it is erased
 * @c:          read from the terminal
 *
 * Return: 0; TOKEN_TERMINAL_E_*.
 */
int token_terminal_edit(Secret *line, size_t limit, char c);

/**
 * token_terminal_was_left() - whether the process was stopped since the last call, and has asked again
 *
 * The line so far is then dropped, as terminals do when ^Z is typed.
 */
bool token_terminal_was_left(void);

/**
 * token_terminal_release() - give the terminal its settings back, and drop what nobody has read
 *
 * Does nothing if no terminal is held. The shell would otherwise run the rest of a pasted text as a
 * command.
 */
void token_terminal_release(void);
