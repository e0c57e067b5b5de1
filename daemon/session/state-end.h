#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * How long each part of a user's state matters, and by which clock.
 */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/session/moment.h"

typedef struct UserState UserState;

/* Prohibitions are remembered for longer than they matter: a clock may be wrong. */
#define USER_STATE_MARGIN_SEC (7u * 86400u)
/* How long a not-before time is kept: no token may be configured to live for more than 32 days. */
#define USER_STATE_NOT_BEFORE_KEEP_SEC (32u * 86400u + USER_STATE_MARGIN_SEC)

/**
 * user_state_prune() - end what is past its lifetime and forget what can no longer matter
 * @state:      changes
 * @moment:     the caller's clocks
 *
 * Permissions end by the wall clock. Prohibitions stay until the time is settled, and some days more.
 * Return: true if something changed.
 */
bool user_state_prune(UserState *state, const Moment *moment);

/**
 * user_state_make_ended_room() - forget the oldest end of our own sessions if there is no room for another end
 * @state:      changes
 *
 * For our own sessions only the reason is lost: absence means revoked. The end of an adopted session stays:
 * without it the session's token would be adopted again.
 * Return: whether there is room.
 */
bool user_state_make_ended_room(UserState *state);

/**
 * user_state_is_banned() - whether the user is banned
 * @state:      borrowed
 * @moment:     the caller's clocks
 */
bool user_state_is_banned(const UserState *state, const Moment *moment);

/**
 * user_state_forbids() - whether the state contains a prohibition
 * @state:      borrowed
 *
 * Such a state must not expire by the store's clock.
 */
bool user_state_forbids(const UserState *state);

/**
 * user_state_sessions_end_sec() - after this time no session of the state, live or ended, can be asked
 * for
 * @state:      borrowed
 *
 * Return: seconds since the epoch; 0 without a session.
 */
uint64_t user_state_sessions_end_sec(const UserState *state);

/**
 * user_state_end_sec() - after this time nothing in the state can matter
 * @state:      borrowed
 *
 * Return: seconds since the epoch; 0 for an empty state, which need not be stored at all.
 */
uint64_t user_state_end_sec(const UserState *state);
