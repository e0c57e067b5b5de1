#pragma once
/* SPDX-License-Identifier: MIT */

#include "pam/call.h"

/**
 * pamtok_session_open() - tell the daemon which process a token's login is
 * @call:       begun
 *
 * Return: PAM_SUCCESS; PAM_SESSION_ERR when the daemon refuses or is away: a login that is not
 * recorded could not be ended; PAM_IGNORE without a handle.
 */
int pamtok_session_open(const PamtokCall *call);

/**
 * pamtok_session_close() - tell the daemon that the login is over
 * @call:       begun
 *
 * Return: PAM_SUCCESS; PAM_SESSION_ERR; PAM_IGNORE when this process opened none.
 */
int pamtok_session_close(const PamtokCall *call);

/**
 * pamtok_session_settle() - setcred: keep the handle before session modules can change it
 * @call:       begun
 *
 * Return: PAM_SUCCESS; PAM_BUF_ERR; never PAM_IGNORE.
 */
int pamtok_session_settle(const PamtokCall *call);
