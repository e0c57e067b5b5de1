#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The verbs that begin, find, show and end sessions.
 */

#include "daemon/operation/operation.h"

/**
 * issue_start() - a new session with its first tokens
 * Sets: token, refresh, sid, jti, kid, expires_at_sec, session_end_sec.
 */
int issue_start(Context *context, const IssueOrder *order, OperationDone done, void *userdata,
        Operation **ret_op);

/**
 * find_owner_start() - which user a session belongs to
 * @context:    the daemon
 * @subject:    a session id, a jti, or a whole token (expired or not, but with a valid signature), or a
 *              refresh token of the session, of any generation, that was made by a key of the ring
 *
 * Sets: user, sid. REASON_SESSION_UNKNOWN if there is none.
 */
int find_owner_start(Context *context, const char *subject, OperationDone done, void *userdata,
        Operation **ret_op);

/**
 * revoke_start() - end sessions; their logins end right after the reply
 * @context:    the daemon
 * @order:      a user, or one session of theirs
 *
 * Sets: n_revoked. With a sid that is not live: the reason of its end, or REASON_SESSION_UNKNOWN.
 */
int revoke_start(Context *context, const EndOrder *order, OperationDone done, void *userdata,
        Operation **ret_op);

/**
 * logout_start() - end a user's sessions for them; their logins end right after the reply
 * @context:    the daemon
 * @order:      a user, and what narrows it
 *
 * Sets: n_revoked, which may be 0.
 */
int logout_start(Context *context, const EndOrder *order, OperationDone done, void *userdata,
        Operation **ret_op);

/**
 * kick_start() - end sessions and wait until their logins are gone
 * @context:    the daemon
 * @order:      a user, and what else narrows it
 *
 * Sets: n_revoked, n_ended, n_failed: logind sessions (or processes without one) that ended and that did
 * not. As revoke_start() for a sid that is not live, unless a login of it is still there: it is ended.
 */
int kick_start(Context *context, const EndOrder *order, OperationDone done, void *userdata,
        Operation **ret_op);

/**
 * list_start() - live sessions
 * @context:    the daemon
 * @filter:     user or NULL, and what narrows it
 *
 * Sets: sessions, n_sessions.
 */
int list_start(Context *context, const SessionFilter *filter, OperationDone done, void *userdata,
        Operation **ret_op);
