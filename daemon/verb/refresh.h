#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The verb that exchanges a refresh token for a session's next tokens.
 */

#include "daemon/operation/operation.h"

/* Tokens to be renewed. Borrowed for the call of the start function only. */
typedef struct RefreshOrder {
        const Secret *token; /* refresh token, any bytes */
        uid_t uid;           /* who asks for it */
} RefreshOrder;

/**
 * refresh_start() - the next tokens of a session
 * @context:    the daemon
 * @order:      by which token
 *
 * Sets: as issue_start(). A token that has been used is a theft, except the last one within the grace time:
 * the session ends with its logins, REASON_SESSION_REUSED.
 */
int refresh_start(Context *context, const RefreshOrder *order, OperationDone done, void *userdata,
        Operation **ret_op);
