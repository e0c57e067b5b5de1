#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Writes down that a session was used, not more often than policy_touch() wants and never in anybody's way.
 */

typedef struct Context Context;
typedef struct Session Session;

/**
 * touch_session() - note that a session was used now
 * @context:    the daemon
 * @user:       copied
 * @session:    as it was just loaded; borrowed
 *
 * Failure is silent: what is idle then ends a little early.
 */
void touch_session(Context *context, const char *user, const Session *session);
