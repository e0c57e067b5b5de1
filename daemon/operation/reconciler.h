#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Which users' logins are to be held against the store, and when: those of whom the store tells that something has
 * changed, at once; all of them after changes may have been missed, and every RECONCILE_INTERVAL_SEC. What is done with a
 * state is reconcile.h's.
 */

#include <stddef.h>

#include "common/cleanup.h"

#define RECONCILE_INTERVAL_SEC 60u
#define UNREADABLE_AGAIN_SEC   3600u

typedef struct Context Context;
typedef struct Reconciler Reconciler;

/**
 * reconciler_new() - with nothing to do
 * @context:    the daemon
 * @ret_reconciler: owned by the caller
 *
 * Return: 0; negative errno.
 */
int reconciler_new(Context *context, Reconciler **ret_reconciler);

/**
 * reconciler_free() - forget what was to be done
 * @reconciler: NULL is fine
 *
 * Return: NULL.
 */
Reconciler *reconciler_free(Reconciler *reconciler);
DEFINE_CLEANUP(Reconciler, reconciler_free)

/**
 * reconciler_note() - the state of a user may have changed
 * @reconciler: any
 * @user:       looked at before all that wait, if this host has a login of his
 */
void reconciler_note(Reconciler *reconciler, const char *user);

/**
 * reconciler_unreadable() - how many users have logins here and a record that cannot be read
 * @reconciler: any
 *
 * Their logins stay: nobody has ended them, and who repairs the record has lost nothing. The journal is told of each when
 * it is met, and every UNREADABLE_AGAIN_SEC for as long as it is so.
 */
size_t reconciler_unreadable(const Reconciler *reconciler);

/**
 * reconciler_all() - every state may have changed
 * @reconciler: any
 *
 * A state that the store does not hand out changes nothing. One that it refuses is asked for again after a second;
 * without a connection nothing is, because everything is looked at again after the next one is made.
 */
void reconciler_all(Reconciler *reconciler);
