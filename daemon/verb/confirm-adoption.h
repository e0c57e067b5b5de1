#pragma once
/* SPDX-License-Identifier: MIT */

#include "daemon/operation/operation.h"

/* An administrator's word that the store may be trusted again. Borrowed for the call of the start function. */
typedef struct AdoptionOrder {
        uint64_t since_sec; /* tokens that were issued after it may be adopted; 0: after now */
        uid_t uid;          /* who says so */
} AdoptionOrder;

/**
 * confirm_adoption_start() - begin a new adoption epoch
 * @context:    the daemon
 * @order:      from when on, and who
 *
 * Tokens that are issued after the completion belong to the epoch. REASON_BAD_REQUEST: a time to
 * come.
 */
int confirm_adoption_start(Context *context, const AdoptionOrder *order, OperationDone done,
        void *userdata, Operation **ret_op);
