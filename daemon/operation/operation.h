#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Something that the daemon was asked to do. Both faces (socket and D-Bus) start the same verbs, each of which is a
 * file of daemon/verb with one start function. A verb always runs to its end, and completes exactly once, never before
 * its starter returned; a caller that goes away detaches, and the verb goes on without it: a revocation
 * does not depend on somebody waiting for it.
 *
 * This is the only layer that reads the clock (operation_now_sec()).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/operation/login-request.h"
#include "daemon/operation/operation-order.h"
#include "daemon/operation/operation-result.h"

typedef struct Context Context;
typedef struct Operation Operation;

/* Every start function: 0 started, @ret_op is valid until @done was called (and may be NULL if the caller
 * will never detach); negative errno: not started, @done will not be called. */
typedef void (*OperationDone)(Operation *op, const OperationResult *result, void *userdata);

/**
 * operation_detach() - nobody waits for the completion any more
 * @op:         under way; NULL is fine
 *
 * Return: NULL.
 */
Operation *operation_detach(Operation *op);

/**
 * operation_now_usec() - the wall clock
 *
 * Return: microseconds since the epoch.
 */
uint64_t operation_now_usec(void);

/**
 * operation_now_sec() - the wall clock
 *
 * Return: seconds since the epoch.
 */
uint64_t operation_now_sec(void);

/**
 * operation_up_sec() - CLOCK_BOOTTIME, which nobody sets, and which goes on while the host is suspended
 *
 * Return: seconds since the host was booted.
 */
uint64_t operation_up_sec(void);

/**
 * operation_boot_sec() - when the host was booted, by the wall clock
 *
 * Return: seconds since the epoch.
 */
uint64_t operation_boot_sec(void);
