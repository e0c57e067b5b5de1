#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * logind's file about a session, /run/systemd/sessions/ID. libsystemd reads it, too, but returns the
 * leader only since version 254.
 */

#include <stdbool.h>

typedef struct LogindSession LogindSession;

/**
 * session_file_exists() - whether a session is listed
 * @directory:  of the files
 * @session_id: NUL-terminated; a text that cannot be an id is not listed
 */
bool session_file_exists(const char *directory, const char *session_id);

/**
 * session_file_read() - who opened a session, and when
 * @directory:  of the files
 * @session_id: NUL-terminated
 * @ret_session: untouched on failure
 *
 * Return: 0; -ENOENT no such session; other negative errno.
 */
int session_file_read(const char *directory, const char *session_id, LogindSession *ret_session);
