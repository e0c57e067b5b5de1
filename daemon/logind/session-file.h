#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What logind notes of a session in /run/systemd/sessions/ID. libsystemd reads it, too, but tells of the
 * leader only since version 254.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * session_file_exists() - whether a session is listed
 * @directory:  of the files
 * @session_id: NUL-terminated; what cannot be an id is not listed
 */
bool session_file_exists(const char *directory, const char *session_id);

/**
 * session_file_leader() - the process that opened a session
 * @directory:  of the files
 * @session_id: NUL-terminated
 * @ret_leader: untouched on failure
 *
 * Return: 0; -ENOENT no such session; -EBADMSG no leader in its file; other negative errno.
 */
int session_file_leader(const char *directory, const char *session_id, pid_t *ret_leader);

/**
 * session_file_begin() - when a session was opened
 * @directory:  of the files
 * @session_id: NUL-terminated
 * @ret_usec:   by CLOCK_MONOTONIC; untouched on failure
 *
 * Return: 0; -ENOENT no such session; -EBADMSG it is not in its file; other negative errno.
 */
int session_file_begin(const char *directory, const char *session_id, uint64_t *ret_usec);
