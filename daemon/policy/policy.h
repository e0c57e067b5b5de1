#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Who is admitted and who is ended: pure decisions on a user's state. No I/O, no clock.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "authtoken/reason.h"
#include "daemon/policy/policy-rules.h"
#include "daemon/token/jti.h"

typedef struct EndedSession EndedSession;
typedef struct Moment Moment;
typedef struct Session Session;
typedef struct UserState UserState;

/* Which live sessions of a user are meant; NULL members do not narrow. Borrowed. */
typedef struct PolicyFilter {
        const char *sid, *platform, *device;
        uint64_t before_sec; /* began, or have a token that was issued, before it; 0: any */
} PolicyFilter;

/* The end of one session. Text is NULL where the session had none, or was not known. */
typedef struct SessionEnd {
        char sid[SID_SIZE + 1];
        Reason reason;
        char *platform, *device;
} SessionEnd;

/* Sessions that a decision ended. */
typedef struct PolicyEnded {
        SessionEnd *ends; /* owned, with their text; free with policy_ended_clear() */
        size_t n_ends;
} PolicyEnded;

/* Facts that are neither in the state nor in the rules. */
typedef struct PolicyScene {
        const Moment *moment; /* the caller's clocks */
        /* Whether a login that a session opened may still be there. */
        bool (*may_be_open)(const Session *session, void *userdata);
        void *userdata;
} PolicyScene;

/**
 * policy_admit() - take a new session in, if the rules allow it
 * @rules:      in force
 * @state:      pruned to the scene's time; changes, and is not to be kept unless REASON_OK
 * @session:    owned by @state on REASON_OK only; it gets the lifetimes of the rules
 * @scene:      borrowed
 * @ret_ended:  zeroed before; older sessions that gave way; to be cleared, whatever is returned
 *
 * Single sign-on ends sessions first; sessions without a platform or device count as having the same
 * one. At the limit, sessions that are good for nothing make room, the oldest first: the token has
 * expired, and no login can be open. After these the oldest of all make room, if the rules evict.
 * Return: REASON_OK; REASON_USER_BANNED; REASON_ISSUED_BEFORE if even a token of now is refused as too
 * old, after a clock that ran ahead; REASON_SESSION_LIMIT; REASON_INTERNAL.
 */
Reason policy_admit(const PolicyRules *rules, UserState *state, Session *session,
        const PolicyScene *scene, PolicyEnded *ret_ended);

/**
 * policy_absolute_end_sec() - when a session ends whatever its owner does
 * @rules:      in force
 * @session:    borrowed
 */
uint64_t policy_absolute_end_sec(const PolicyRules *rules, const Session *session);

/**
 * policy_session_end_sec() - when a session ends that is not refreshed any more
 * @rules:      in force
 * @session:    borrowed
 *
 * Without a refresh token a session lives until its absolute end, for the logins that it opened.
 */
uint64_t policy_session_end_sec(const PolicyRules *rules, const Session *session);

/**
 * policy_filter_matches() - whether a filter means a session
 * @filter:     borrowed
 * @session:    borrowed
 */
bool policy_filter_matches(const PolicyFilter *filter, const Session *session);

/**
 * policy_end() - end the live sessions that a filter means
 * @state:      pruned to @now_sec; changes
 * @filter:     which
 * @reason:     REASON_SESSION_REVOKED or another reason of an end
 * @now_sec:    the caller's clock
 * @ret_ended:  what was ended; empty if nothing was
 *
 * Return: 0; -ENOMEM, and nothing has changed.
 */
int policy_end(UserState *state, const PolicyFilter *filter, Reason reason, uint64_t now_sec,
        PolicyEnded *ret_ended);

/* Whether a session's time is over by a clock that nobody sets; NULL: do not ask. */
typedef struct PolicyOverdue {
        bool (*is_overdue)(const Session *session, void *userdata);
        void *userdata;
} PolicyOverdue;

/**
 * policy_expire() - end the sessions that are past their deadline, and forget what can no longer matter
 * @state:      changes
 * @moment:     the caller's clocks
 * @overdue:    finds sessions that are past it although the wall clock does not show it
 * @ret_ended:  what was ended; empty if nothing was
 * @ret_changed: whether @state changed
 *
 * Return: 0; -ENOMEM, and nothing has changed.
 */
int policy_expire(UserState *state, const Moment *moment, const PolicyOverdue *overdue,
        PolicyEnded *ret_ended, bool *ret_changed);

/**
 * policy_end_unknown() - end a session that is still to be made
 * @state:      changes
 * @entry:      its reason and times; its id is set here
 * @sid:        what the state does not know
 * @ended:      of policy_end(), which has ended nothing
 *
 * Return: true; false if the room is full of ends of adopted sessions.
 */
bool policy_end_unknown(UserState *state, EndedSession *entry, const char *sid, PolicyEnded *ended);

/**
 * policy_keep_ended() - remember for longer that a session has ended
 * @state:      changes
 * @sid:        live or not
 * @until_sec:  until when a token of it can be valid
 *
 * Another issuer may give several tokens the same "jti". The longer-lived ones must not be accepted again when the end
 * recorded for the first is forgotten. Return: true if something changed.
 */
bool policy_keep_ended(UserState *state, const char *sid, uint64_t until_sec);

/**
 * policy_ended_clear() - free what it owns
 * @ended:      empty afterwards
 */
void policy_ended_clear(PolicyEnded *ended);

/**
 * policy_kick_action() - what to do with a login that is to end
 * @rules:      in force
 * @graphical:  the logind session has a screen that can be locked
 *
 * A session on a terminal has nothing to lock: it is terminated even where the policy locks.
 */
KickAction policy_kick_action(const PolicyRules *rules, bool graphical);

/**
 * policy_touch_is_due() - whether policy_touch() would change something
 * @session:    borrowed
 * @now_sec:    the caller's clock
 */
bool policy_touch_is_due(const Session *session, uint64_t now_sec);

/**
 * policy_touch() - whether a session's last use is worth writing down
 * @session:    changes if so
 * @now_sec:    the caller's clock
 *
 * At most once a minute; for a session with a short idle time, at least ten times in that time.
 * Return: true if @session changed.
 */
bool policy_touch(Session *session, uint64_t now_sec);
