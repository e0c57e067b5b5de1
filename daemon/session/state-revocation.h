#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Whether a change takes something away from somebody: what must not come back when the store fails over to a replica.
 */

#include <stdbool.h>

typedef struct UserState UserState;

/**
 * state_revokes() - whether a change of a user's state ends or forbids something
 * @before:     as it was
 * @after:      as it is to be
 *
 * A session is ended before its time, an end is kept for longer, a ban or a not-before time reaches further. Not so: a
 * refresh, what has reached its own end, and a login that takes another's place, for the two are one change: whatever loses the
 * one loses the other.
 */
bool state_revokes(const UserState *before, const UserState *after);
