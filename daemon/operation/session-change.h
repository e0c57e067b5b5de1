#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What revoke and kick have in common: end the sessions that a filter means, durably.
 */

#include "authtoken/reason.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/operation-object.h"
#include "daemon/policy/policy.h"
#include "daemon/token/jti.h"

typedef struct UserState UserState;

/* Verbs embed it as their first member. */
typedef struct SessionChange {
        Operation op;
        char *user, *platform, *device, *note;
        char sid[SID_SIZE + 1];       /* "" for all of the user's */
        uint64_t adoptable_until_sec; /* of a @sid that nobody knows */
        uid_t uid;                    /* whose order it is */
        Reason end_reason;            /* what the ended sessions get */
        PolicyEnded ended;            /* what this change ended */
        bool is_partial;  /* user, platform, device and @sid do not describe it completely */
        bool replaced;    /* the user's record could not be read, and another took its place */
        Reason sid_state; /* of @sid when nothing was ended: why it is not live */
        /* Used instead of ending the ordered sessions: changes @state and sets @ended. 0, 1 when
         * there is nothing to change, or negative errno; pure, and called on a fresh state each
         * time. NULL: as ordered. */
        int (*end)(struct SessionChange *change, UserState *state, uint64_t now_sec);
        /* The end is durable, or @reason says why not. */
        void (*committed)(struct SessionChange *change, Reason reason);
} SessionChange;

/**
 * session_change_start() - begin, for all of a user's sessions also where their record cannot be read
 * @change:     zeroed, then initialised by operation_init(); its end_reason and committed are set
 * @order:      which sessions, and why
 *
 * Such a record is replaced, and REASON_RECORD_REPLACED says so: nobody knows which sessions there were; those with a
 * login on this host count as ended. Return: 0: @change->committed will be called, not before this returns; -ENOMEM.
 */
int session_change_start(SessionChange *change, const EndOrder *order);

/**
 * session_change_clear() - free what it owns
 * @change:     its memory is the verb's
 */
void session_change_clear(SessionChange *change);

/**
 * session_change_free() - OperationFree of a verb that owns nothing but its SessionChange
 * @op:         first member of it; the verb's object begins with it
 */
void session_change_free(Operation *op);

/**
 * session_change_tell() - a line for the journal
 * @change:     committed, or refused
 * @event:      which line
 * @reason:     how it went
 */
void session_change_tell(SessionChange *change, AuditEvent event, Reason reason);

/**
 * session_change_follow() - end the logins of sessions that a committed change ended, without waiting
 * @change:     committed
 *
 * If this fails the sessions are ended nevertheless, and reconcile ends their logins within a minute.
 */
void session_change_follow(SessionChange *change);
