#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The numbers that every session has, as one short text: those of session_members in their order, with dots
 * between them, in base 36. Times are relative to the session's begin, with "-" if before it; an empty text
 * means no time. Redis may hold a million sessions, so each byte of a session counts.
 */

#include <stdbool.h>

#include "daemon/session/session.h"

/* Seven numbers of eleven digits, signs and dots. */
#define SESSION_NUMBERS_SIZE_MAX 96u

/**
 * session_numbers_format() - write them
 * @session:    borrowed
 * @text:       receives SESSION_NUMBERS_SIZE_MAX characters and NUL at most
 *
 * Return: true; false for a number above SESSION_NUMBER_MAX.
 */
bool session_numbers_format(const Session *session, char text[SESSION_NUMBERS_SIZE_MAX + 1]);

/**
 * session_numbers_parse() - read them
 * @text:       NUL-terminated
 * @session:    changes, also on failure
 *
 * Return: true if @text is just what session_numbers_format() would write.
 */
bool session_numbers_parse(const char *text, Session *session);
