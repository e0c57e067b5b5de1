#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Who stays out: banned users, and tokens issued before a time. Pure decisions on a user's state, as
 * in policy.h.
 */

#include <stddef.h>
#include <stdint.h>

#include "authtoken/reason.h"
#include "daemon/policy/policy.h"

typedef struct Moment Moment;
typedef struct UserState UserState;

/* A ban may last until the end of time, or at most so long. */
#define EXCLUSION_SECONDS_MAX (UINT64_C(100) * 366 * 86400)

/**
 * exclusion_ban() - keep a user out, and end all of their sessions
 * @state:      changes
 * @until_sec:  first second in which the user may come back; UINT64_MAX: never
 * @words:      the administrator's reason; copied; NULL: none
 * @now_sec:    the caller's clock
 * @ret_ended:  what was ended
 *
 * A ban that is in force is replaced. Return: 0; -ENOMEM, and @state is not to be kept.
 */
int exclusion_ban(UserState *state, uint64_t until_sec, const char *words, uint64_t now_sec,
        PolicyEnded *ret_ended);

/**
 * exclusion_lift() - let a banned user in again; the sessions that the ban ended stay ended
 * @state:      changes
 * @moment:     the caller's clocks
 *
 * Return: REASON_OK; REASON_NOT_BANNED, and nothing has changed.
 */
Reason exclusion_lift(UserState *state, const Moment *moment);

/**
 * exclusion_end_unreadable() - record that everything before has ended, for a user whose record cannot be read
 * @remains:    what is left of it (see state_fields_salvage()); changes
 * @now_sec:    the caller's clock
 *
 * Older tokens are refused because their sessions are missing, and by the not-before time. For another issuer's
 * tokens the record may have held ends, so these count as forgotten.
 */
void exclusion_end_unreadable(UserState *remains, uint64_t now_sec);

/**
 * exclusion_revoke_before() - refuse everything older than a time, and end such sessions
 * @state:      changes
 * @time_sec:   not after @now_sec; 0: everything that there is now
 * @now_sec:    the caller's clock
 * @ret_ended:  what was ended: sessions that began, or whose token was issued, before @time_sec
 *
 * A not-before time only ever moves forward. Return: 0; -ENOMEM, and @state is not to be kept.
 */
int exclusion_revoke_before(
        UserState *state, uint64_t time_sec, uint64_t now_sec, PolicyEnded *ret_ended);

/* The most that clocks differ by: a not-before time further ahead comes from a wrong clock. */
#define EXCLUSION_CLOCKS_DIFFER_SEC 60u

/**
 * exclusion_lower_before() - put back a not-before time that a wrong clock has put far ahead
 * @state:      changes
 * @now_sec:    the caller's clock, from which on tokens are taken again
 * @ret_ended:  what was ended: all sessions there are
 *
 * Whatever was issued until now stays refused. Return: REASON_OK; REASON_NOT_AHEAD: the time is not
 * ahead, and nothing has changed; REASON_INTERNAL, and @state is not to be kept.
 */
Reason exclusion_lower_before(UserState *state, uint64_t now_sec, PolicyEnded *ret_ended);
