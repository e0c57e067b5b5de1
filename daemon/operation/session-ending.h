#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What follows when sessions have ended in the store: their cached tokens go, everybody is told
 * (SessionEnding), their logins on this host are ended, everybody is told again (SessionEnded).
 */

#include <stddef.h>

#include "authtoken/reason.h"

typedef struct Context Context;
typedef struct PolicyEnded PolicyEnded;
typedef struct SessionEnd SessionEnd;

/* @n_ended, @n_failed: logind sessions, or processes without one, that are over and that are not. */
typedef void (*SessionEndingDone)(unsigned int n_ended, unsigned int n_failed, void *userdata);

/* Sessions of one user that have ended. Borrowed for the call. */
typedef struct EndedSessions {
        const char *user;
        const SessionEnd *ends;
        size_t n_ends;
} EndedSessions;

/**
 * session_ending_start() - end what ended sessions leave behind
 * @context:    the daemon
 * @ended:      their end is committed already, or a live token would let the user straight back in
 * @done:       may be NULL; called once, never before this returns
 * @userdata:   for @done
 *
 * Logins of these sessions that are being ended already are waited for, too.
 * Return: 0; negative errno (@done will not be called; the next reconcile takes it up).
 */
int session_ending_start(
        Context *context, const EndedSessions *ended, SessionEndingDone done, void *userdata);

/**
 * session_ending_start_one() - the same for one session, given by its id only, without waiting
 * @context:    the daemon
 * @user:       whose it is
 * @sid:        its end is committed already
 * @reason:     of its end
 *
 * What cannot be started is taken up by the next reconcile.
 */
void session_ending_start_one(Context *context, const char *user, const char *sid, Reason reason);

/**
 * session_ending_start_each() - the same for sessions that a policy ended, without waiting
 * @context:    the daemon
 * @user:       whose they are
 * @ended:      their end is committed already
 *
 * The journal gets a line for each, with its own reason. The next reconcile retries what could not be
 * started.
 */
void session_ending_start_each(Context *context, const char *user, const PolicyEnded *ended);
