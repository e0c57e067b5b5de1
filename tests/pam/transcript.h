#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What happened in a scenario, line by line. The application, the processes that it forks and the
 * daemon write into the same file, so the lines stand in the order in which things happened.
 */

#include <stddef.h>

/**
 * transcript_open() - begin an empty transcript, shared with all processes forked from now on
 */
void transcript_open(void);

/**
 * transcript_line() - add a line
 * @format:     without a newline at its end
 */
__attribute__((format(printf, 1, 2))) void transcript_line(const char *format, ...);

/**
 * transcript_read() - all that was written
 *
 * Return: NUL-terminated; lives until the process ends.
 */
const char *transcript_read(void);

/**
 * transcript_text() - a text as the transcript shows it
 * @text:       bytes
 * @size:       of @text
 *
 * A text that the scenario gave a name is shown as $NAME; others with control characters escaped.
 * Return: lives until the process ends.
 */
const char *transcript_text(const char *text, size_t size);

/**
 * transcript_name() - give a text a name
 * @name:       without $; borrowed
 * @text:       NUL-terminated; made by malloc(), and taken over
 */
void transcript_name(const char *name, char *text);

/**
 * transcript_named() - the text of a name
 * @name:       without $
 *
 * Return: NULL when the name has no text.
 */
const char *transcript_named(const char *name);

/**
 * transcript_forget_names() - begin with the names that every scenario has: TOKEN, HANDLE, SID
 */
void transcript_forget_names(void);
