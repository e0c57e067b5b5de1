#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Which users' logins are compared with the store, and when: those with an announced change at once; all of them after
 * changes may have been missed, and every RECONCILE_INTERVAL_SEC. reconcile.h compares.
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
 * Their logins stay: nobody has ended them, and nothing is lost when the record is repaired. The journal gets a line for
 * each when it is found, and again every UNREADABLE_AGAIN_SEC.
 */
size_t reconciler_unreadable(const Reconciler *reconciler);

/**
 * reconciler_all() - every state may have changed
 * @reconciler: any
 *
 * A state that cannot be loaded changes nothing. After a refusal it is asked for again in a second; without a
 * connection it is not, because everything is checked again after the next connection.
 */
void reconciler_all(Reconciler *reconciler);
