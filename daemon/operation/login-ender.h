#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Ends the logins of sessions that have ended: logind's TerminateSession or LockSession, then a check, then SIGKILL by
 * logind, then, if necessary, a report of failure (login-ending.h). A login is ended once, however many ask for it; all
 * of them are told.
 *
 * The daemon has no right to signal anybody: a pidfd is for watching only.
 */

#include <stdbool.h>
#include <stddef.h>

#include "authtoken/reason.h"
#include "common/cleanup.h"
#include "daemon/operation/login-ending.h"

typedef struct Context Context;
typedef struct Login Login;
typedef struct LoginEnder LoginEnder;

/**
 * login_ender_new() - nothing to end yet
 * @context:    borrowed; outlives the ender
 * @ret_ender:  owned by the caller
 *
 * Return: 0; negative errno.
 */
int login_ender_new(Context *context, LoginEnder **ret_ender);

/**
 * login_ender_free() - stop; the next start goes on by the records
 * @ender:      NULL is fine
 *
 * Return: NULL.
 */
LoginEnder *login_ender_free(LoginEnder *ender);
DEFINE_CLEANUP(LoginEnder, login_ender_free)

/**
 * login_ender_end() - end a login, whose session must have ended before
 * @ender:      any
 * @login:      of the registry; it is marked as ended, and removed from the registry once it is over
 * @reason:     why its session ended
 * @done:       may be NULL; never called before this returns, nor after login_ender_free()
 * @userdata:   for @done
 *
 * Return: 0; negative errno (@done will not be called).
 */
int login_ender_end(
        LoginEnder *ender, Login *login, Reason reason, LoginEndDone done, void *userdata);

/**
 * login_ender_is_busy() - whether a login is being ended right now
 * @ender:      any
 * @login:      of the registry
 */
bool login_ender_is_busy(const LoginEnder *ender, const Login *login);

/**
 * login_ender_forget() - the login is over by itself, and its record is about to go
 * @ender:      any
 * @login:      of the registry; whoever waits for its end is told
 */
void login_ender_forget(LoginEnder *ender, const Login *login);

/**
 * login_ender_session_removed() - logind says that one of its sessions is gone
 * @ender:      any
 * @logind_id:  its id
 */
void login_ender_session_removed(LoginEnder *ender, const char *logind_id);
