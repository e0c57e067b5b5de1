#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What kick and ban have in common: a session-change that waits until the logins on this host are gone.
 */

#include "daemon/operation/operation-object.h"
#include "daemon/operation/session-change.h"

/* Verbs embed it as their first member. */
typedef struct SessionKick {
        SessionChange change;
        AuditEvent event; /* AUDIT_KICK or AUDIT_BAN */
        SessionEnd *ends; /* now, or before with a login that is still there; text of @change */
        size_t n_ends;
        Reason reason; /* how the commit went */
} SessionKick;

/**
 * session_kick_start() - begin
 * @kick:       zeroed, then initialised by operation_init(); @event, and what session_change_start()
 *              wants of its @change but "committed", are set
 * @order:      which sessions, and why
 *
 * Completes with n_revoked, n_ended, n_failed. Return: 0; -ENOMEM, and nothing will complete it.
 */
int session_kick_start(SessionKick *kick, const EndOrder *order);

/**
 * session_kick_free() - OperationFree of a verb that owns nothing but its SessionKick
 * @op:         first member of it; the verb's object begins with it
 */
void session_kick_free(Operation *op);
