#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The beginning of every verb's object. Verbs embed it as their first member.
 */

#include <stdint.h>
#include <systemd/sd-event.h>

#include "authtoken/reason.h"
#include "daemon/operation/context.h"
#include "daemon/operation/operation.h"

typedef void (*OperationFree)(Operation *op);

struct Operation {
        Context *context;
        OperationDone done; /* NULL once detached */
        void *userdata;
        OperationFree free_body; /* frees the whole verb */
        struct sd_event_source *deferred;
        Reason deferred_reason;
        const char *deferred_detail;
        Operation *previous, *next; /* linked in Context.operations */
};

/* Who is told in the end; travels as one thing through a verb's starter. */
typedef struct OperationWaiter {
        OperationDone done;
        void *userdata;
} OperationWaiter;

/**
 * operation_init() - make a verb's object known to its context
 * @op:         zeroed memory, first member of the verb's object; owned by the context from now on
 * @context:    borrowed; outlives @op
 * @waiter:     who is told
 * @free_body:  frees the verb's object, @op with it
 */
void operation_init(
        Operation *op, Context *context, OperationWaiter waiter, OperationFree free_body);

/**
 * operation_started() - the end of a verb's starter: hand the object to the caller, or drop it
 * @op:         initialised; invalid afterwards if @r is negative
 * @r:          whether something was started that will complete it
 * @ret_op:     set unless @r is negative; NULL: the caller will never detach
 *
 * Return: @r if negative; 0.
 */
int operation_started(Operation *op, int r, Operation **ret_op);

/**
 * operation_tell() - tell the waiter now, and go on
 * @op:         stays valid; to be finished
 * @result:     borrowed
 */
void operation_tell(Operation *op, const OperationResult *result);

/**
 * operation_finish() - tell the waiter and free the object; always the last statement of a step
 * @op:         invalid afterwards
 * @result:     borrowed
 */
void operation_finish(Operation *op, const OperationResult *result);

/**
 * operation_finish_reason() - operation_finish() with nothing but a reason
 * @op:         invalid afterwards
 * @reason:     why not, or REASON_OK
 */
void operation_finish_reason(Operation *op, Reason reason);

/**
 * operation_finish_later() - finish with a reason on the next turn of the loop
 * @op:         stays valid until then
 * @reason:     why not, or REASON_OK
 *
 * For decisions inside the starter: no completion may come before it has returned.
 * Return: 0; negative errno (then nothing will complete @op).
 */
int operation_finish_later(Operation *op, Reason reason);

/**
 * operation_refuse_later() - the same for an order that cannot be carried out
 * @op:         stays valid until then
 * @reason:     why not
 * @detail:     the fault, for the caller; lives for ever; NULL: the text of @reason
 *
 * Return: 0; negative errno (then nothing will complete @op).
 */
int operation_refuse_later(Operation *op, Reason reason, const char *detail);

/**
 * operation_abandon() - a starter failed: free the object, tell nobody
 * @op:         invalid afterwards
 */
void operation_abandon(Operation *op);

/**
 * operation_free_all() - free what is still under way when the daemon stops
 * @context:    its list becomes empty
 */
void operation_free_all(Context *context);

/**
 * operation_at_sec() - have something done at a time of the wall clock
 * @context:    the daemon
 * @at_sec:     seconds since the epoch; a clock that is set forward past it has it done at once
 * @handler:    of sd-event
 * @userdata:   for @handler
 * @ret_source: owned by the caller
 *
 * Return: 0; negative errno.
 */
int operation_at_sec(Context *context, uint64_t at_sec, sd_event_time_handler_t handler,
        void *userdata, sd_event_source **ret_source);

/**
 * operation_at_up_sec() - have something done at a time of CLOCK_BOOTTIME
 * @context:    the daemon
 * @at_sec:     seconds since the host was booted
 * @handler:    of sd-event
 * @userdata:   for @handler
 * @ret_source: owned by the caller
 *
 * Return: 0; negative errno.
 */
int operation_at_up_sec(Context *context, uint64_t at_sec, sd_event_time_handler_t handler,
        void *userdata, sd_event_source **ret_source);

/**
 * operation_reason_of_store() - translate a store's outcome
 * @r:          0, STORE_E_* or negative errno
 */
Reason operation_reason_of_store(int r);
