#pragma once
/* SPDX-License-Identifier: MIT */

#include "daemon/operation/operation.h"

/* A change of the signing key. Borrowed for the call of the start function only. */
typedef struct KeyOrder {
        const char *algorithm; /* of a new key; NULL: as configured */
        const char *kid;       /* a key that is there and shall sign; NULL: a new one is made */
        bool stage;            /* the new key does not sign yet */
        uid_t uid;             /* who asks */
} KeyOrder;

/**
 * rotate_key_start() - let another key sign; the one before verifies until nothing of it can be valid
 * @context:    the daemon
 * @order:      which one
 *
 * Sets: kid. With REASON_KEYS_REFUSED: detail.
 */
int rotate_key_start(Context *context, const KeyOrder *order, OperationDone done, void *userdata,
        Operation **ret_op);
