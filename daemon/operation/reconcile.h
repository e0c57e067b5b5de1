#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Compares logins with the stored states: a login whose session is gone ends, whoever ended the session
 * and whether or not anybody told us. reconciler.h decides when.
 */

typedef struct Context Context;
typedef struct UserState UserState;

/**
 * reconcile_drop_over() - forget the logins of which nothing is left
 * @context:    the daemon
 */
void reconcile_drop_over(Context *context);

/**
 * reconcile_state() - compare a user's logins with a state that was just loaded
 * @context:    the daemon
 * @state:      borrowed
 */
void reconcile_state(Context *context, const UserState *state);

/**
 * reconcile_logind_removed() - logind says that one of its sessions is gone
 * @context:    the daemon
 * @logind_id:  its id
 *
 * Logins in it that are over are dropped at once: until then a kick would count them as ended by it.
 */
void reconcile_logind_removed(Context *context, const char *logind_id);
