/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/config/config.h"
#include "daemon/login/login-registry.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/reconciler.h"
#include "daemon/operation/session-change.h"
#include "daemon/operation/session-ending.h"
#include "daemon/operation/user-queue.h"
#include "daemon/policy/exclusion.h"
#include "daemon/session/session-check.h"
#include "daemon/session/user-state.h"

static Reason decide(UserState *state, uint64_t now_sec, bool *ret_changed, void *userdata) {
        SessionChange *change = userdata;
        const PolicyFilter filter = {
                .sid = *change->sid ? change->sid : NULL,
                .platform = change->platform,
                .device = change->device,
        };

        policy_ended_clear(&change->ended);
        change->sid_state = REASON_OK;
        change->replaced = false;
        if (change->end) {
                int r = change->end(change, state, now_sec);

                *ret_changed = r == 0;
                return r < 0 ? REASON_INTERNAL : REASON_OK;
        }
        if (filter.sid)
                change->sid_state = user_state_check(state, filter.sid, now_sec);
        /* Not pruned first: the order also ends sessions that are past their end. */
        if (policy_end(state, &filter, change->end_reason, now_sec, &change->ended) < 0)
                return REASON_INTERNAL;
        if (change->sid_state == REASON_SESSION_UNKNOWN && change->adoptable_until_sec > now_sec &&
                !policy_end_unknown(state,
                        &(EndedSession){ .reason = change->end_reason,
                                .ended_at_sec = now_sec,
                                .keep_until_sec = change->adoptable_until_sec,
                                .adopted = true },
                        change->sid, &change->ended))
                return REASON_LIMIT_REACHED;
        *ret_changed = change->ended.n_ends > 0;
        if (filter.sid && policy_keep_ended(state, filter.sid, change->adoptable_until_sec))
                *ret_changed = true;
        return REASON_OK;
}

static void replace(UserState *state, uint64_t now_sec, void *userdata) {
        exclusion_end_unreadable(state, now_sec);
        ((SessionChange *)userdata)->replaced = true;
}

static bool add_login(Login *login, void *userdata) {
        SessionChange *change = userdata;
        PolicyEnded *ended = &change->ended;
        SessionEnd *ends;

        for (size_t i = 0; i < ended->n_ends; i++)
                if (strcmp(ended->ends[i].sid, login->sid) == 0)
                        return true;
        /* Without memory the next reconcile finds it. */
        ends = reallocarray(ended->ends, ended->n_ends + 1, sizeof(*ends));
        if (!ends)
                return false;
        ended->ends = ends;
        ends[ended->n_ends] = (SessionEnd){ .reason = change->end_reason };
        memcpy(ends[ended->n_ends++].sid, login->sid, SID_SIZE + 1);
        return true;
}

/* Return: the reason to report. */
static Reason take_replaced(SessionChange *change, Reason reason) {
        Context *context = change->op.context;

        login_registry_each(
                context->logins, context->config->tenant, change->user, add_login, change);
        audit(context, &(AuditRecord){
                               .event = AUDIT_RECORD_REPLACED,
                               .user = change->user,
                               .note = change->note,
                               .uid = change->uid,
                       });
        reconciler_note(context->reconciler, change->user);
        return reason == REASON_OK ? REASON_RECORD_REPLACED : reason;
}

/* Before anything slow: services with token caches of their own wait for this signal. */
static void tell_revoked(const SessionChange *change) {
        const Context *context = change->op.context;

        for (size_t i = 0; i < change->ended.n_ends && context->sink; i++)
                context->sink(
                        &(SessionEvent){
                                .type = SESSION_EVENT_REVOKED,
                                .sid = change->ended.ends[i].sid,
                                .reason = reason_code(change->end_reason),
                        },
                        context->sink_userdata);
}

static void on_done(Reason reason, const UserState *state, void *userdata) {
        SessionChange *change = userdata;

        (void)state;
        if (user_change_is_done(reason) && change->replaced)
                reason = take_replaced(change, reason);
        /* Without a commit nothing has ended. */
        if (user_change_is_done(reason))
                tell_revoked(change);
        else
                policy_ended_clear(&change->ended);
        change->committed(change, reason);
}

/* An order that ends everything need not know what there was. */
static bool is_whole(const SessionChange *change) {
        return !*change->sid && !change->platform && !change->device && !change->is_partial;
}

int session_change_start(SessionChange *change, const EndOrder *order) {
        const SessionFilter *filter = &order->filter;
        Context *context = change->op.context;
        int r;

        r = text_copy(filter->user, &change->user);
        if (r >= 0)
                r = text_copy(filter->platform, &change->platform);
        if (r >= 0)
                r = text_copy(filter->device, &change->device);
        if (r >= 0 && order->note && *order->note)
                r = text_copy(order->note, &change->note);
        if (r < 0)
                return r;
        change->adoptable_until_sec = filter->adoptable_until_sec;
        change->uid = order->uid;
        if (filter->sid && strlen(filter->sid) == SID_SIZE)
                memcpy(change->sid, filter->sid, SID_SIZE + 1);
        else if (filter->sid)
                return -EINVAL;
        return user_queue_change(context->queue, context->config->tenant, change->user,
                &(UserChange){ .decide = decide,
                        .replace = is_whole(change) ? replace : NULL,
                        .done = on_done,
                        .userdata = change,
                        .revokes = true });
}

void session_change_follow(SessionChange *change) {
        const EndedSessions ended = {
                .user = change->user,
                .ends = change->ended.ends,
                .n_ends = change->ended.n_ends,
        };

        if (ended.n_ends > 0)
                (void)session_ending_start(change->op.context, &ended, NULL, NULL);
}

void session_change_clear(SessionChange *change) {
        free(change->user);
        free(change->platform);
        free(change->device);
        free(change->note);
        policy_ended_clear(&change->ended);
}

void session_change_free(Operation *op) {
        SessionChange *change = (SessionChange *)op;

        session_change_clear(change);
        free(change);
}

void session_change_tell(SessionChange *change, AuditEvent event, Reason reason) {
        AuditRecord record = {
                .event = event,
                .reason = reason,
                .user = change->user,
                .sid = *change->sid ? change->sid : NULL,
                .note = change->note,
                .uid = change->uid,
                .count = (unsigned int)change->ended.n_ends,
        };

        if (!*change->sid && change->ended.n_ends == 1)
                record.sid = change->ended.ends[0].sid;
        audit(change->op.context, &record);
}
