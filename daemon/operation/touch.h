#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Writes down that a session was used, at most once a minute and never in anybody's way.
 */

typedef struct Context Context;

/**
 * touch_session() - note that a session was used now
 * @context:    the daemon
 * @user:       copied
 * @sid:        copied
 *
 * Failure is silent: the time of the last use decides nothing.
 */
void touch_session(Context *context, const char *user, const char *sid);
