#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What the daemon can do. Each verb is a file of this folder with one start function; both faces (socket
 * and D-Bus) start the same verbs. A verb always runs to its end, and completes exactly once, never before
 * its starter returned; a caller that goes away detaches, and the verb goes on without it: a revocation
 * does not depend on somebody waiting for it.
 *
 * This is the only layer that reads the clock (operation_now_sec()).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/operation/login-request.h"
#include "daemon/operation/operation-order.h"
#include "daemon/operation/operation-result.h"

typedef struct Context Context;
typedef struct Operation Operation;

typedef void (*OperationDone)(Operation *op, const OperationResult *result, void *userdata);

/**
 * operation_detach() - nobody waits for the completion any more
 * @op:         under way; NULL is fine
 *
 * Return: NULL.
 */
Operation *operation_detach(Operation *op);

/**
 * operation_now_usec() - the wall clock
 *
 * Return: microseconds since the epoch.
 */
uint64_t operation_now_usec(void);

/**
 * operation_now_sec() - the wall clock
 *
 * Return: seconds since the epoch.
 */
uint64_t operation_now_sec(void);

/**
 * operation_up_sec() - CLOCK_BOOTTIME, which nobody sets, and which goes on while the host is suspended
 *
 * Return: seconds since the host was booted.
 */
uint64_t operation_up_sec(void);

/**
 * operation_boot_sec() - when the host was booted, by the wall clock
 *
 * Return: seconds since the epoch.
 */
uint64_t operation_boot_sec(void);

/* Every start function: 0 started, @ret_op is valid until @done was called (and may be NULL if the caller
 * will never detach); negative errno: not started, @done will not be called. */

/**
 * authenticate_start() - AUTHENTICATE: is this token good for this user
 * Sets: handle (root only), sid.
 */
int authenticate_start(Context *context, const LoginRequest *request, OperationDone done,
        void *userdata, Operation **ret_op);

/**
 * authenticate_session_start() - AUTHENTICATE_SESSION: does the caller's own login vouch for the user
 * Sets: handle, sid. Root peers only. policy_live_may_ask() tells which refusals are no more than a
 * reason to ask the user for a password or token.
 */
int authenticate_session_start(Context *context, const LoginRequest *request, OperationDone done,
        void *userdata, Operation **ret_op);

/**
 * account_start() - ACCOUNT: does anything speak against this user going on
 */
int account_start(Context *context, const LoginRequest *request, OperationDone done, void *userdata,
        Operation **ret_op);

/**
 * open_session_start() - OPEN_SESSION: record the login, then make sure that its session still lives
 */
int open_session_start(Context *context, const LoginRequest *request, OperationDone done,
        void *userdata, Operation **ret_op);

/**
 * close_session_start() - CLOSE_SESSION: the login's own process says that it is over
 */
int close_session_start(Context *context, const LoginRequest *request, OperationDone done,
        void *userdata, Operation **ret_op);

/**
 * validate_start() - VALIDATE: verify a token and look its session up; nothing changes
 * Sets: claims, claims_json, sid, user.
 */
int validate_start(Context *context, const LoginRequest *request, OperationDone done,
        void *userdata, Operation **ret_op);

/**
 * validate_now() - the same without waiting, when all that is needed is in memory
 * @context:    the daemon
 * @request:    borrowed
 * @ret_result: borrowed until control returns to the loop
 *
 * Return: true if it was decided; false: use validate_start().
 */
bool validate_now(Context *context, const LoginRequest *request, OperationResult *ret_result);

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
