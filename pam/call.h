#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One call of an entry: the arguments from libpam, and the lines for the log and the user.
 *
 * From outside, only reason codes and checked names go to the log. The user gets one generic line,
 * so that a stranger learns nothing.
 */

#include <security/pam_modules.h>

#include "pam/args.h"

typedef struct PamtokCall {
        pam_handle_t *pamh; /* borrowed */
        int flags;
        PamtokArgs args;
} PamtokCall;

/**
 * pamtok_call_begin() - read the options
 * @pamh:       of the entry
 * @flags:      of the entry
 * @argc:       of the entry
 * @argv:       of the entry; borrowed by @ret_call
 * @ret_call:   begun in any case, without the wrong options; nothing to free
 *
 * Return: PAM_SUCCESS; PAM_SERVICE_ERR for a wrong option, which is logged.
 */
int pamtok_call_begin(
        pam_handle_t *pamh, int flags, int argc, const char **argv, PamtokCall *ret_call);

/**
 * pamtok_call_end() - with option debug, log how an entry ended
 * @call:       begun
 * @entry:      name of the entry
 * @result:     PAM code
 *
 * Return: @result.
 */
int pamtok_call_end(const PamtokCall *call, const char *entry, int result);

/**
 * pamtok_log() - write a line to the system's log
 * @call:       begun
 * @priority:   of syslog.h
 * @format:     its arguments hold no secret, and no text from outside that was not checked
 */
__attribute__((format(printf, 3, 4))) void pamtok_log(
        const PamtokCall *call, int priority, const char *format, ...);

/**
 * pamtok_debug() - write a line to the system's log if option debug is set
 * @call:       begun
 * @format:     as for pamtok_log()
 */
__attribute__((format(printf, 2, 3))) void pamtok_debug(
        const PamtokCall *call, const char *format, ...);

/**
 * pamtok_tell() - show the user a line, unless the application wants silence
 * @call:       begun
 * @format:     generic: it must not tell a stranger why
 */
__attribute__((format(printf, 2, 3))) void pamtok_tell(
        const PamtokCall *call, const char *format, ...);

/**
 * pamtok_loggable() - a user's name as the log may show it
 * @user:       from PAM_USER; NULL is fine
 *
 * Return: @user, or a static text in its place when it could not be a login name.
 */
const char *pamtok_loggable(const char *user);
