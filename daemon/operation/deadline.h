#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Ends sessions with logins on this host in time: one timer, for the next of their deadlines. The end is
 * committed first, then the logins end. A session without a login here needs no timer: its deadline is
 * checked whenever somebody uses it.
 */

#include "common/cleanup.h"

typedef struct Context Context;
typedef struct DeadlineTimer DeadlineTimer;
typedef struct UserState UserState;

/**
 * deadline_timer_new() - nothing to wait for yet
 * @context:    borrowed; outlives the timer
 * @ret_timer:  owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int deadline_timer_new(Context *context, DeadlineTimer **ret_timer);

/**
 * deadline_timer_free() - wait no more
 * @timer:      NULL is fine
 *
 * Return: NULL.
 */
DeadlineTimer *deadline_timer_free(DeadlineTimer *timer);
DEFINE_CLEANUP(DeadlineTimer, deadline_timer_free)

/**
 * deadline_timer_note() - a user's state is known: see when their logins here have to end
 * @timer:      any
 * @state:      borrowed
 */
void deadline_timer_note(DeadlineTimer *timer, const UserState *state);
