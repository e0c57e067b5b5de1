#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A runtime directory for login records, and a logind whose sessions are what the test says: the linker
 * puts these functions in place of logind_session_exists(), _leader() and _begin().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/login/login-registry.h"

#define LOGIN_FIXTURE_SID "sssssssssssssssssssssA"

/**
 * login_fixture_setup() - a cmocka setup: an empty directory, no sessions
 * @state:      unused
 */
int login_fixture_setup(void **state);

/**
 * login_fixture_teardown() - a cmocka teardown
 * @state:      unused
 */
int login_fixture_teardown(void **state);

/**
 * login_fixture_directory() - the runtime directory
 */
const char *login_fixture_directory(void);

/**
 * login_fixture_session() - let logind have a session
 * @session_id: static
 * @leader:     its leader; 0: it is gone
 */
void login_fixture_session(const char *session_id, pid_t leader);

/**
 * login_fixture_session_since() - the same, and when it was opened
 * @session_id: static
 * @leader:     its leader
 * @begin_usec: 0: its file does not tell
 */
void login_fixture_session_since(const char *session_id, pid_t leader, uint64_t begin_usec);

/**
 * login_fixture_open() - open the registry; asserts that it works
 *
 * Return: owned by the caller.
 */
LoginRegistry *login_fixture_open(void);

/**
 * login_fixture_login() - a login of this process, as open-session would describe it
 * @number:     makes its id
 * @user:       copied
 * @logind_id:  copied; may be NULL
 *
 * Return: owned by the caller.
 */
Login *login_fixture_login(unsigned int number, const char *user, const char *logind_id);

/**
 * login_fixture_write() - put a file into the runtime directory
 * @path:       below it
 * @text:       NUL-terminated
 */
void login_fixture_write(const char *path, const char *text);

/**
 * login_fixture_has() - whether a file is in the runtime directory
 * @path:       below it
 */
bool login_fixture_has(const char *path);
