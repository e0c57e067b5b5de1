#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The verbs beyond single sessions: for everything older than a time, for all of a tenant, and for
 * users who are banned or locked out.
 */

#include "daemon/operation/operation.h"

/* A user to be kept out, or to be let in again. Borrowed for the call of the start function only. */
typedef struct BanOrder {
        const char *user;
        const char *note; /* for the journal, and who lists bans; NULL is fine */
        uint64_t seconds; /* 0: without end */
        uid_t uid;        /* whose order it is */
} BanOrder;

/* Whose lock-outs. Borrowed for the call of the start function only. */
typedef struct LockOutOrder {
        const char *user;  /* NULL: everybody's (list only) */
        const char *place; /* as the journal names it, or an address of it; NULL: every place */
        uid_t uid;         /* whose order it is */
} LockOutOrder;

/**
 * revoke_before_start() - end a user's sessions from before a time, and refuse older tokens from now on
 * @context:    the daemon
 * @order:      a user, and a time that is at most a minute to come; or, to @lower, none
 *
 * Sets: n_revoked. REASON_BAD_REQUEST: the time is further to come. REASON_NOT_AHEAD: there is nothing to lower.
 */
int revoke_before_start(Context *context, const EndOrder *order, OperationDone done, void *userdata,
        Operation **ret_op);

/**
 * revoke_all_start() - end all sessions of all users of the tenant
 * @context:    the daemon
 * @order:      its reason and caller are used; the filter is not
 *
 * Sets: n_revoked, n_failed: users whose sessions may still live; then the reason is not REASON_OK.
 * REASON_OK means that every session from before the call has ended durably.
 */
int revoke_all_start(Context *context, const EndOrder *order, OperationDone done, void *userdata,
        Operation **ret_op);

/**
 * ban_start() - keep a user out, end their sessions, and wait until their logins are gone
 * @context:    the daemon
 * @order:      whom, how long, why
 *
 * Sets: as kick_start(). REASON_BAD_REQUEST: longer than anybody lives.
 */
int ban_start(Context *context, const BanOrder *order, OperationDone done, void *userdata,
        Operation **ret_op);

/**
 * unban_start() - let a user in again
 * @context:    the daemon
 * @order:      whom
 *
 * REASON_NOT_BANNED: there is no ban in force.
 */
int unban_start(Context *context, const BanOrder *order, OperationDone done, void *userdata,
        Operation **ret_op);

/**
 * list_bans_start() - the bans in force
 * @context:    the daemon
 *
 * Sets: bans, n_bans.
 */
int list_bans_start(Context *context, OperationDone done, void *userdata, Operation **ret_op);

/**
 * lift_lock_out_start() - let a user try again where too many logins have failed
 * @context:    the daemon
 * @order:      whom, and where
 *
 * Sets: n_lifted. Earlier failures there do not count any more, locked out or not.
 */
int lift_lock_out_start(Context *context, const LockOutOrder *order, OperationDone done,
        void *userdata, Operation **ret_op);

/**
 * list_lock_outs_start() - the lock-outs in force
 * @context:    the daemon
 * @order:      whose, and where
 *
 * Sets: lock_outs.
 */
int list_lock_outs_start(Context *context, const LockOutOrder *order, OperationDone done,
        void *userdata, Operation **ret_op);
