#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What the daemon's verdict means to libpam: one table for each group of entries.
 */

#include <stdbool.h>

#include "authtoken/ipc-message.h"

/**
 * pamtok_status_auth() - the result of pam_sm_authenticate() for a token
 * @status:     the daemon's; any value
 *
 * Return: PAM code; never PAM_IGNORE.
 */
int pamtok_status_auth(IpcStatus status);

/**
 * pamtok_status_account() - the result of pam_sm_acct_mgmt()
 * @status:     the daemon's; any value
 * @by_token:   whether a token opened this login
 *
 * While the daemon is away or of another version, a login without a token goes on, and one by a
 * token does not. Nobody gets PAM_SUCCESS: from a "sufficient" module it would skip the expiry and
 * nologin checks of the others.
 * Return: PAM code.
 */
int pamtok_status_account(IpcStatus status, bool by_token);

/**
 * pamtok_status_session() - the result of pam_sm_open_session() and pam_sm_close_session()
 * @status:     the daemon's; any value
 *
 * Return: PAM_SUCCESS or PAM_SESSION_ERR.
 */
int pamtok_status_session(IpcStatus status);

/**
 * pamtok_status_name() - a word for the log when the daemon gave no reason
 * @status:     the daemon's; any value
 *
 * Return: static string, never NULL.
 */
const char *pamtok_status_name(IpcStatus status);
