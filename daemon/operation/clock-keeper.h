#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Which time it is, and how sure that is: compares the wall clock with CLOCK_BOOTTIME and with its earlier times, and
 * remembers the result in the runtime directory for this boot, in the state directory for the next one.
 */

#include "common/cleanup.h"
#include "daemon/session/moment.h"

typedef struct ClockKeeper ClockKeeper;
typedef struct Context Context;

/**
 * clock_keeper_new() - go on where the last daemon stopped
 * @context:    borrowed; outlives the keeper
 * @ret_keeper: owned by the caller
 *
 * Return: 0; negative errno.
 */
int clock_keeper_new(const Context *context, ClockKeeper **ret_keeper);

/**
 * clock_keeper_free() - remember what is known, and stop
 * @keeper:     NULL is fine
 *
 * Return: NULL.
 */
ClockKeeper *clock_keeper_free(ClockKeeper *keeper);
DEFINE_CLEANUP(ClockKeeper, clock_keeper_free)

/**
 * clock_keeper_now() - which moment it is
 * @keeper:     any
 */
Moment clock_keeper_now(ClockKeeper *keeper);

/**
 * clock_keeper_tick() - notice a clock that was set, and tell the journal; now and then, remember
 * @keeper:     any
 *
 * Return: which moment it is.
 */
Moment clock_keeper_tick(ClockKeeper *keeper);
