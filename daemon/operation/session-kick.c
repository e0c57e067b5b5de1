/* SPDX-License-Identifier: MIT */

/*
 * list → select → commit the end → SessionEnding → end the logins → reply. The sessions end in the store
 * first: a live token would let the user straight back in.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config/config.h"
#include "daemon/login/login-registry.h"
#include "daemon/login/login-state.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/session-ending.h"
#include "daemon/operation/session-kick.h"
#include "daemon/operation/user-queue.h"

#define DETAIL_MAX 192u

static void on_ended(unsigned int n_ended, unsigned int n_failed, void *userdata) {
        SessionKick *kick = userdata;
        char detail[DETAIL_MAX];

        /* An error answer has no numbers, so they go into the text. */
        snprintf(detail, sizeof(detail), "%s; logins on this host: %u ended, %u did not",
                reason_text(kick->reason), n_ended, n_failed);
        operation_finish(
                &kick->change.op, &(OperationResult){
                                          .reason = kick->reason,
                                          .detail = detail,
                                          .user = kick->change.user,
                                          .n_revoked = (unsigned int)kick->change.ended.n_ends,
                                          .n_ended = n_ended,
                                          .n_failed = n_failed,
                                  });
}

static bool holds(const SessionKick *kick, const char *sid) {
        for (size_t i = 0; i < kick->n_ends; i++)
                if (!strcmp(kick->ends[i].sid, sid))
                        return true;
        return false;
}

/* A login that is still there although its session has ended is what the administrator sees and wants
 * to end. */
static bool add_leftover(Login *login, void *userdata) {
        SessionKick *kick = userdata;
        SessionEnd *ends;

        if (!login->ended || login_is_over(login) || holds(kick, login->sid) ||
                (*kick->change.sid && strcmp(kick->change.sid, login->sid)))
                return true;
        ends = reallocarray(kick->ends, kick->n_ends + 1, sizeof(*ends));
        if (!ends)
                return false;
        kick->ends = ends;
        ends[kick->n_ends] = (SessionEnd){ .reason = kick->change.end_reason };
        memcpy(ends[kick->n_ends++].sid, login->sid, SID_SIZE + 1);
        return true;
}

static int collect(SessionKick *kick) {
        const PolicyEnded *ended = &kick->change.ended;
        Context *context = kick->change.op.context;

        kick->ends = calloc(ended->n_ends + 1, sizeof(*kick->ends));
        if (!kick->ends)
                return -ENOMEM;
        kick->n_ends = ended->n_ends;
        memcpy(kick->ends, ended->ends, ended->n_ends * sizeof(*kick->ends));
        /* Filters narrower than session and user only match live sessions. */
        if (!kick->change.platform && !kick->change.device)
                login_registry_each(context->logins, context->config->tenant, kick->change.user,
                        add_leftover, kick);
        return 0;
}

static void on_committed(SessionChange *change, Reason reason) {
        SessionKick *kick = (SessionKick *)change;

        if (user_change_is_done(reason) && collect(kick) < 0)
                reason = REASON_INTERNAL;
        if (reason == REASON_OK && *change->sid && kick->n_ends == 0)
                reason =
                        change->sid_state == REASON_OK ? REASON_SESSION_UNKNOWN : change->sid_state;
        session_change_tell(change, kick->event, reason);
        kick->reason = reason;
        if (user_change_is_done(reason)) {
                if (session_ending_start(change->op.context,
                            &(EndedSessions){ change->user, kick->ends, kick->n_ends }, on_ended,
                            kick) >= 0)
                        return;
                reason = REASON_INTERNAL;
        }
        operation_finish_reason(&change->op, reason);
}

int session_kick_start(SessionKick *kick, const EndOrder *order) {
        kick->change.committed = on_committed;
        return session_change_start(&kick->change, order);
}

void session_kick_free(Operation *op) {
        SessionKick *kick = (SessionKick *)op;

        session_change_clear(&kick->change);
        free(kick->ends);
        free(kick);
}
