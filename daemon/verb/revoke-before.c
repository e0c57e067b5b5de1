/* SPDX-License-Identifier: MIT */

/*
 * Everything of a user that was issued before a time. The time stays in the user's state: a session that
 * comes from an old backup, or from another issuer's old token, is refused by it as well.
 */

#include <errno.h>
#include <stdlib.h>

#include "common/translation.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/session-change.h"
#include "daemon/operation/session-ending.h"
#include "daemon/operation/user-queue.h"
#include "daemon/policy/exclusion.h"
#include "daemon/verb/exclusion-verbs.h"

typedef struct RevokeBefore {
        SessionChange change;
        uint64_t time_sec; /* 0: now */
        bool lower;
        Reason lowered;
} RevokeBefore;

static int end(SessionChange *change, UserState *state, uint64_t now_sec) {
        RevokeBefore *revoke = (RevokeBefore *)change;

        if (!revoke->lower)
                return exclusion_revoke_before(state, revoke->time_sec, now_sec, &change->ended);
        revoke->lowered = exclusion_lower_before(state, now_sec, &change->ended);
        if (revoke->lowered == REASON_INTERNAL)
                return -ENOMEM;
        return revoke->lowered == REASON_OK ? 0 : 1;
}

static void on_committed(SessionChange *change, Reason reason) {
        RevokeBefore *revoke = (RevokeBefore *)change;

        if (reason == REASON_OK)
                reason = revoke->lowered;
        if (user_change_is_done(reason))
                session_change_follow(change);
        session_change_tell(change, revoke->lower ? AUDIT_LOWER : AUDIT_REVOKE, reason);
        operation_finish(&change->op, &(OperationResult){
                                              .reason = reason,
                                              .user = change->user,
                                              .n_revoked = (unsigned int)change->ended.n_ends,
                                      });
}

/* A time to come would silently lock the user out until then, for which there are bans. A little is
 * allowed, because clocks differ. */
static int start(RevokeBefore *revoke, const EndOrder *order) {
        if (order->before_sec > operation_now_sec() + EXCLUSION_CLOCKS_DIFFER_SEC)
                return operation_refuse_later(&revoke->change.op, REASON_BAD_REQUEST,
                        N_("the time is more than a minute to come; a ban keeps a user out"));
        revoke->time_sec = order->before_sec;
        revoke->lower = order->lower;
        /* Only the record says which sessions are younger, and whether the time is ahead. */
        revoke->change.is_partial =
                order->lower || (order->before_sec && order->before_sec < operation_now_sec());
        return session_change_start(&revoke->change, order);
}

int revoke_before_start(Context *context, const EndOrder *order, OperationDone done, void *userdata,
        Operation **ret_op) {
        RevokeBefore *revoke = calloc(1, sizeof(*revoke));

        if (!revoke)
                return -ENOMEM;
        operation_init(&revoke->change.op, context, (OperationWaiter){ done, userdata },
                session_change_free);
        revoke->change.end_reason = REASON_SESSION_REVOKED;
        revoke->change.end = end;
        revoke->change.committed = on_committed;
        return operation_started(&revoke->change.op, start(revoke, order), ret_op);
}
