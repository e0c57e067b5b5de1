#pragma once
/* SPDX-License-Identifier: MIT */

#include "pam/call.h"
#include "pam/transaction.h"

/**
 * pamtok_live_session() - let the token session that opened this shell stand for its user
 * @call:        begun, with sudo_session among its options
 * @transaction: of @call
 * @user:        PAM_USER
 *
 * Nobody is asked for anything. A daemon that is away costs a third of a second.
 * Return: PAM_SUCCESS; PAM_IGNORE when there is no such session, it does not suffice, or the daemon
 * cannot tell: go on and ask the user; PAM_AUTH_ERR when the session has ended; other PAM codes.
 */
int pamtok_live_session(const PamtokCall *call, PamtokTransaction *transaction, const char *user);
