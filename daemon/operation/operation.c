/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "daemon/operation/operation-object.h"
#include "daemon/store/user-store.h"

#define TIMER_ACCURACY_USEC UINT64_C(20000)

uint64_t operation_now_usec(void) {
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t operation_now_sec(void) {
        return operation_now_usec() / 1000000;
}

uint64_t operation_up_sec(void) {
        struct timespec up = { 0 };

        (void)clock_gettime(CLOCK_BOOTTIME, &up);
        return (uint64_t)up.tv_sec;
}

uint64_t operation_boot_sec(void) {
        uint64_t now_sec = operation_now_sec(), up_sec = operation_up_sec();

        return now_sec > up_sec ? now_sec - up_sec : 0;
}

int operation_at_sec(Context *context, uint64_t at_sec, sd_event_time_handler_t handler,
        void *userdata, sd_event_source **ret_source) {
        if (at_sec > INT64_MAX / 1000000)
                return -ERANGE;
        return sd_event_add_time(context->event, ret_source, CLOCK_REALTIME, at_sec * 1000000,
                TIMER_ACCURACY_USEC, handler, userdata);
}

int operation_at_up_sec(Context *context, uint64_t at_sec, sd_event_time_handler_t handler,
        void *userdata, sd_event_source **ret_source) {
        if (at_sec > INT64_MAX / 1000000)
                return -ERANGE;
        return sd_event_add_time(context->event, ret_source, CLOCK_BOOTTIME, at_sec * 1000000,
                TIMER_ACCURACY_USEC, handler, userdata);
}

void operation_init(
        Operation *op, Context *context, OperationWaiter waiter, OperationFree free_body) {
        op->context = context;
        op->done = waiter.done;
        op->userdata = waiter.userdata;
        op->free_body = free_body;
        op->previous = NULL;
        op->next = context->operations;
        if (op->next)
                op->next->previous = op;
        context->operations = op;
}

static void operation_free(Operation *op) {
        if (op->previous)
                op->previous->next = op->next;
        else
                op->context->operations = op->next;
        if (op->next)
                op->next->previous = op->previous;
        sd_event_source_unref(op->deferred);
        op->free_body(op);
}

int operation_started(Operation *op, int r, Operation **ret_op) {
        if (r < 0) {
                operation_free(op);
                return r;
        }
        if (ret_op)
                *ret_op = op;
        return 0;
}

Operation *operation_detach(Operation *op) {
        if (op)
                op->done = NULL;
        return NULL;
}

void operation_tell(Operation *op, const OperationResult *result) {
        OperationDone done = op->done;

        op->done = NULL;
        if (done)
                done(op, result, op->userdata);
}

void operation_finish(Operation *op, const OperationResult *result) {
        operation_tell(op, result);
        operation_free(op);
}

void operation_finish_reason(Operation *op, Reason reason) {
        operation_finish(op, &(OperationResult){ .reason = reason });
}

static int on_deferred(sd_event_source *source, void *userdata) {
        Operation *op = userdata;

        (void)source;
        operation_finish(op, &(OperationResult){
                                     .reason = op->deferred_reason,
                                     .detail = op->deferred_detail,
                             });
        return 0;
}

int operation_finish_later(Operation *op, Reason reason) {
        op->deferred_reason = reason;
        return sd_event_add_defer(op->context->event, &op->deferred, on_deferred, op);
}

int operation_refuse_later(Operation *op, Reason reason, const char *detail) {
        op->deferred_detail = detail;
        return operation_finish_later(op, reason);
}

void operation_abandon(Operation *op) {
        operation_free(op);
}

void operation_free_all(Context *context) {
        while (context->operations)
                operation_free(context->operations);
}

Reason operation_reason_of_store(int r) {
        switch (r) {
        case 0:
                return REASON_OK;
        case STORE_E_CONFLICT:
                return REASON_STORE_CONFLICT;
        case STORE_E_OFFLINE:
                return REASON_STORE_OFFLINE;
        case STORE_E_TIMEOUT:
                return REASON_STORE_TIMEOUT;
        case STORE_E_REFUSED:
                return REASON_STORE_REFUSED;
        case STORE_E_CORRUPT:
                return REASON_STORE_CORRUPT;
        case STORE_E_NOT_FOUND:
                return REASON_SESSION_UNKNOWN;
        case STORE_E_UNREPLICATED:
                return REASON_STORE_UNREPLICATED;
        case STORE_E_MARK:
                return REASON_ADOPTION_UNCONFIRMED;
        }
        return REASON_INTERNAL;
}
