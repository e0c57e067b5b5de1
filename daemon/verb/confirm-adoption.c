/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <systemd/sd-event.h>

#include "common/container-of.h"
#include "common/translation.h"
#include "daemon/operation/adoption.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/operation-object.h"
#include "daemon/verb/confirm-adoption.h"

typedef struct Confirm {
        Operation op;
        AdoptionRequest request;
        uid_t uid;
        sd_event_source *later;
} Confirm;

static void confirm_free(Operation *op) {
        Confirm *confirm = (Confirm *)op;

        adoption_cancel(op->context->adoption, &confirm->request);
        sd_event_source_disable_unref(confirm->later);
        free(confirm);
}

static int on_later(sd_event_source *source, uint64_t usec, void *userdata) {
        Confirm *confirm = userdata;

        (void)source;
        (void)usec;
        operation_finish_reason(&confirm->op, REASON_OK);
        return 0;
}

/* A token of this very second is refused, since it may have been ended in it. So answer when the second
 * is over. */
static void on_done(AdoptionRequest *request, Reason reason) {
        Confirm *confirm = CONTAINER_OF(request, Confirm, request);
        Context *context = confirm->op.context;

        audit(context, &(AuditRecord){
                               .event = AUDIT_ADOPTION_CONFIRMED,
                               .reason = reason,
                               .uid = confirm->uid,
                       });
        if (reason == REASON_OK && request->since_sec == 0 &&
                operation_at_sec(
                        context, operation_now_sec() + 1, on_later, confirm, &confirm->later) >= 0)
                return;
        operation_finish_reason(&confirm->op, reason);
}

int confirm_adoption_start(Context *context, const AdoptionOrder *order, OperationDone done,
        void *userdata, Operation **ret_op) {
        Confirm *confirm = calloc(1, sizeof(*confirm));
        int r;

        if (!confirm)
                return -ENOMEM;
        confirm->uid = order->uid;
        operation_init(&confirm->op, context, (OperationWaiter){ done, userdata }, confirm_free);
        confirm->request = (AdoptionRequest){
                .wish = ADOPTION_WISH_CONFIRM,
                .since_sec = order->since_sec,
                .done = on_done,
        };
        if (order->since_sec > operation_now_sec())
                r = operation_refuse_later(
                        &confirm->op, REASON_BAD_REQUEST, N_("the time is still to come"));
        else
                r = adoption_ask(context->adoption, &confirm->request);
        return operation_started(&confirm->op, r, ret_op);
}
