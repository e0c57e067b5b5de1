#pragma once
/* SPDX-License-Identifier: MIT */

#include "pam/call.h"

/**
 * pamtok_authenticate() - ask for a password or token, and let the daemon judge the token
 * @call:       begun
 *
 * A password stays in this process: it goes to PAM_AUTHTOK for the next module, and the daemon is
 * not asked anything. A token never stays in PAM_AUTHTOK, not even a refused one: the next module
 * would send it to wherever it checks passwords.
 *
 * Return: PAM_SUCCESS for an accepted token; PAM_IGNORE for a password, unless token_only;
 * PAM_AUTH_ERR, PAM_USER_UNKNOWN, PAM_AUTHINFO_UNAVAIL and others for everything else.
 */
int pamtok_authenticate(const PamtokCall *call);
