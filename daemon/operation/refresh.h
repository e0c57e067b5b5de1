#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The verb that exchanges a refresh token for a session's next tokens.
 */

#include "daemon/operation/operation.h"

/**
 * refresh_start() - the next tokens of a session
 * @context:    the daemon
 * @token:      refresh token, any bytes; borrowed
 *
 * Sets: as issue_start(). A token that has been used is a theft, except the last one within the grace time:
 * the session ends with its logins, REASON_SESSION_REUSED.
 */
int refresh_start(Context *context, const Secret *token, OperationDone done, void *userdata,
        Operation **ret_op);
