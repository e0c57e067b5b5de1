#pragma once
/* SPDX-License-Identifier: MIT */

#include "pam/call.h"

/* How long a login that no token opened waits for the daemon's answer. */
#define PAMTOK_OPINION_TIMEOUT_USEC UINT64_C(500000)

/**
 * pamtok_account() - ask whether anything speaks against the login
 * @call:       begun
 *
 * Return: PAM_IGNORE when nothing does, and, for a login by something else than a token, when the
 * daemon cannot say; else as pamtok_status_account().
 */
int pamtok_account(const PamtokCall *call);
