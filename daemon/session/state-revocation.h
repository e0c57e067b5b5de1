#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Whether a change takes something away from somebody, so that a failover to a replica must not undo it.
 */

#include <stdbool.h>

typedef struct UserState UserState;

/**
 * state_revokes() - whether a change of a user's state ends or forbids something
 * @before:     as it was
 * @after:      as it is to be
 *
 * Yes if a session ends before its time, an end is kept for longer, or a ban or a not-before time reaches further. No
 * for a refresh, for a session that has reached its own end, and for a login that replaces another: both are one
 * change, and can only be lost together.
 */
bool state_revokes(const UserState *before, const UserState *after);
