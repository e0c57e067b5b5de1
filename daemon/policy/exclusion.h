#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Who is to stay out: a banned user, and whatever was issued before a time. Pure decisions on a user's
 * state, as in policy.h.
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
 * @words:      the administrator's; copied; NULL: none
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
 * exclusion_end_unreadable() - say of a user whose record cannot be read that all of before has ended
 * @remains:    what is left of it (see state_fields_salvage()); changes
 * @now_sec:    the caller's clock
 *
 * Tokens of before are refused by their sessions, which are not there, and by the not-before time; those of another
 * issuer, whose end may have stood in the record, as ones of which an end was forgotten.
 */
void exclusion_end_unreadable(UserState *remains, uint64_t now_sec);

/**
 * exclusion_revoke_before() - refuse all that is older than a time, and end the sessions that are
 * @state:      changes
 * @time_sec:   not after @now_sec; 0: everything that there is now
 * @now_sec:    the caller's clock
 * @ret_ended:  what was ended: sessions that began, or whose token was issued, before @time_sec
 *
 * A not-before time only ever moves forward. Return: 0; -ENOMEM, and @state is not to be kept.
 */
int exclusion_revoke_before(
        UserState *state, uint64_t time_sec, uint64_t now_sec, PolicyEnded *ret_ended);

/* What clocks differ by: a not-before time that is further ahead comes from one that was wrong. */
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
