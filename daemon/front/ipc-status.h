#pragma once
/* SPDX-License-Identifier: MIT */

#include "authtoken/ipc-message.h"
#include "authtoken/reason.h"

/**
 * ipc_status_of() - translate a reason into a status for the module
 * @reason:     why not, or REASON_OK
 *
 * Reasons from before a valid signature are always plain DENIED: others would tell a stranger how far a
 * forgery got.
 */
IpcStatus ipc_status_of(Reason reason);

/**
 * ipc_status_of_live_session() - the same for AUTHENTICATE_SESSION
 * @reason:     why not, or REASON_OK
 *
 * PROMPT where the user may be asked instead.
 */
IpcStatus ipc_status_of_live_session(Reason reason);
