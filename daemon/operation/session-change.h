#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What revoke and kick have in common: end the sessions that a filter means, durably.
 */

#include "authtoken/reason.h"
#include "daemon/operation/operation-object.h"
#include "daemon/policy/policy.h"
#include "daemon/token/jti.h"

/* Verbs embed it as their first member. */
typedef struct SessionChange {
        Operation op;
        char *user, *platform, *device, *note;
        char sid[SID_SIZE + 1]; /* "" for all of the user's */
        Reason end_reason;      /* what the ended sessions get */
        PolicyEnded ended;      /* what this change ended */
        Reason sid_state;       /* of @sid when nothing was ended: why it is not live */
        /* The end is durable, or @reason says why not. */
        void (*committed)(struct SessionChange *change, Reason reason);
} SessionChange;

/**
 * session_change_start() - begin
 * @change:     zeroed, then initialised by operation_init(); its end_reason and committed are set
 * @order:      which sessions, and why
 *
 * Return: 0: @change->committed will be called, not before this returns; -ENOMEM.
 */
int session_change_start(SessionChange *change, const EndOrder *order);

/**
 * session_change_clear() - free what it owns
 * @change:     its memory is the verb's
 */
void session_change_clear(SessionChange *change);

/**
 * session_change_tell() - a line for the journal
 * @change:     committed, or refused
 * @event:      AUDIT_REVOKE or AUDIT_KICK
 * @reason:     how it went
 */
void session_change_tell(SessionChange *change, int event, Reason reason);
