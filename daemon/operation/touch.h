#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Records that a session was used, as often as policy_touch() wants, without delaying anybody.
 */

typedef struct Context Context;
typedef struct Session Session;

/**
 * touch_session() - note that a session was used now
 * @context:    the daemon
 * @user:       copied
 * @session:    as it was just loaded; borrowed
 *
 * Failure is silent: an idle session then ends a little early.
 */
void touch_session(Context *context, const char *user, const Session *session);
