/* SPDX-License-Identifier: MIT */

/*
 * The ban and the end of the sessions are one commit: there is no moment in which a banned user has a live
 * session, or may log in again after the kick.
 */

#include <errno.h>
#include <stdlib.h>

#include "common/translation.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/session-kick.h"
#include "daemon/policy/exclusion.h"
#include "daemon/verb/exclusion-verbs.h"

typedef struct Ban {
        SessionKick kick;
        uint64_t until_sec;
} Ban;

static int end(SessionChange *change, UserState *state, uint64_t now_sec) {
        Ban *ban = (Ban *)change;

        return exclusion_ban(state, ban->until_sec, change->note, now_sec, &change->ended);
}

static int start(Ban *ban, const BanOrder *order) {
        const EndOrder scope = {
                .filter = { .user = order->user }, .note = order->note, .uid = order->uid
        };

        if (order->seconds > EXCLUSION_SECONDS_MAX)
                return operation_refuse_later(&ban->kick.change.op, REASON_BAD_REQUEST,
                        N_("a ban of more than 100 years; 0 is one without end"));
        ban->until_sec = order->seconds ? operation_now_sec() + order->seconds : UINT64_MAX;
        return session_kick_start(&ban->kick, &scope);
}

int ban_start(Context *context, const BanOrder *order, OperationDone done, void *userdata,
        Operation **ret_op) {
        Ban *ban = calloc(1, sizeof(*ban));
        SessionChange *change;

        if (!ban)
                return -ENOMEM;
        change = &ban->kick.change;
        operation_init(
                &change->op, context, (OperationWaiter){ done, userdata }, session_kick_free);
        ban->kick.event = AUDIT_BAN;
        change->end_reason = REASON_USER_BANNED;
        change->end = end;
        return operation_started(&change->op, start(ban, order), ret_op);
}
