/* SPDX-License-Identifier: MIT */

/*
 * All sessions of all users of the tenant: each user is load → decide → commit as for one, a bounded number
 * at a time, page after page of the store. A success means that each of them has been committed. After
 * anything else the order has to be given again, which costs nothing for users who are done.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/container-of.h"
#include "daemon/config/config.h"
#include "daemon/operation/adoption.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/session-change.h"
#include "daemon/operation/user-page.h"
#include "daemon/operation/user-queue.h"
#include "daemon/store/store-scan.h"
#include "daemon/verb/exclusion-verbs.h"

#define AT_ONCE_MAX 32u
#define DETAIL_MAX  192u

typedef struct RevokeAll {
        Operation op;
        char *note;
        uid_t uid;
        StoreCall *call;
        AdoptionRequest epoch;
        UserPage page;
        size_t n_pending;
        unsigned int n_revoked;
        unsigned int n_failed;   /* users, or pages of them: the store's own line says why */
        unsigned int n_replaced; /* users whose record could not be read; the journal names them */
        bool lost;               /* the store's list has lost users */
} RevokeAll;

/* One user. */
typedef struct RevokeOne {
        SessionChange change;
        RevokeAll *all;
} RevokeOne;

static void go_on(RevokeAll *all);

static void revoke_all_free(Operation *op) {
        RevokeAll *all = (RevokeAll *)op;

        adoption_cancel(op->context->adoption, &all->epoch);
        user_page_clear(&all->page);
        store_call_free(all->call);
        free(all->note);
        free(all);
}

static Reason judge(const RevokeAll *all, char detail[DETAIL_MAX]) {
        if (all->lost)
                snprintf(detail, DETAIL_MAX,
                        "%u sessions were ended, but the store's list of users is lost: those who "
                        "are "
                        "not on it, and %u others, were not reached; see authtokend(8)",
                        all->n_revoked, all->n_failed);
        else if (all->n_failed == 0)
                snprintf(detail, DETAIL_MAX,
                        "done, %u sessions were ended; the records of %u users could not be read, "
                        "and others took their place",
                        all->n_revoked, all->n_replaced);
        else
                snprintf(detail, DETAIL_MAX,
                        "%u sessions were ended, those of %u users were not; give the order again",
                        all->n_revoked, all->n_failed);
        if (all->lost)
                return REASON_USERS_LOST;
        if (all->n_failed > 0)
                return REASON_INCOMPLETE;
        return all->n_replaced > 0 ? REASON_RECORD_REPLACED : REASON_OK;
}

static void finish(RevokeAll *all) {
        char detail[DETAIL_MAX];
        Reason reason = judge(all, detail);

        audit(all->op.context, &(AuditRecord){
                                       .event = AUDIT_REVOKE_ALL,
                                       .reason = reason,
                                       .note = all->note,
                                       .uid = all->uid,
                                       .count = all->n_revoked,
                               });
        operation_finish(&all->op, &(OperationResult){
                                           .reason = reason,
                                           .detail = detail,
                                           .n_revoked = all->n_revoked,
                                           .n_failed = all->n_failed,
                                   });
}

static void on_committed(SessionChange *change, Reason reason) {
        RevokeAll *all = ((RevokeOne *)change)->all;

        if (user_change_is_done(reason))
                session_change_follow(change);
        if (reason == REASON_RECORD_REPLACED)
                all->n_replaced++;
        else if (reason != REASON_OK)
                all->n_failed++;
        all->n_revoked += (unsigned int)change->ended.n_ends;
        all->n_pending--;
        operation_finish_reason(&change->op, reason);
        go_on(all);
}

static int start_one(RevokeAll *all, const char *user) {
        RevokeOne *one = calloc(1, sizeof(*one));
        int r;

        if (!one)
                return -ENOMEM;
        operation_init(&one->change.op, all->op.context, (OperationWaiter){}, session_change_free);
        one->all = all;
        one->change.end_reason = REASON_SESSION_REVOKED;
        one->change.committed = on_committed;
        r = session_change_start(&one->change,
                &(EndOrder){ .filter = { .user = user }, .note = all->note, .uid = all->uid });
        if (r < 0)
                operation_abandon(&one->change.op);
        return r;
}

static void on_page(StoreCall *call, int r, const StorePage *page, void *userdata) {
        RevokeAll *all = userdata;

        if (r == 0)
                r = user_page_take(&all->page, page);
        all->call = store_call_free(call);
        if (r)
                all->n_failed++;
        go_on(all);
}

static int ask_for_page(RevokeAll *all, const char *from) {
        Context *context = all->op.context;

        return user_store_scan(context->store,
                &(StoreScan){ .tenant = context->config->tenant, .from = from }, on_page, all,
                &all->call);
}

static void go_on(RevokeAll *all) {
        _cleanup_(freep) char *next = NULL;
        const char *user;

        while (all->n_pending < AT_ONCE_MAX && (user = user_page_pop(&all->page))) {
                if (start_one(all, user) < 0)
                        all->n_failed++;
                else
                        all->n_pending++;
        }
        if (all->n_pending > 0)
                return;
        all->lost = all->page.lost;
        next = TAKE_PTR(all->page.next);
        user_page_clear(&all->page);
        if (next && ask_for_page(all, next) >= 0)
                return;
        if (next)
                all->n_failed++;
        finish(all);
}

/* Otherwise another issuer's token that nobody has used yet would still open a session. */
static void on_epoch(AdoptionRequest *request, Reason reason) {
        RevokeAll *all = CONTAINER_OF(request, RevokeAll, epoch);

        if (reason != REASON_OK)
                all->n_failed++;
        if (ask_for_page(all, NULL) >= 0)
                return;
        all->n_failed++;
        finish(all);
}

/* Other hosts may adopt tokens even if this one does not. */
static int start(RevokeAll *all) {
        all->epoch = (AdoptionRequest){ .wish = ADOPTION_WISH_RENEW, .done = on_epoch };
        return adoption_ask(all->op.context->adoption, &all->epoch);
}

int revoke_all_start(Context *context, const EndOrder *order, OperationDone done, void *userdata,
        Operation **ret_op) {
        RevokeAll *all = calloc(1, sizeof(*all));
        int r = 0;

        if (!all)
                return -ENOMEM;
        operation_init(&all->op, context, (OperationWaiter){ done, userdata }, revoke_all_free);
        all->uid = order->uid;
        if (order->note && *order->note) {
                all->note = strdup(order->note);
                r = all->note ? 0 : -ENOMEM;
        }
        if (r >= 0)
                r = start(all);
        return operation_started(&all->op, r, ret_op);
}
