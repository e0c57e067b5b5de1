#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * How many sessions are live in the whole store, counted now and then for the metrics: one user after the
 * other and a page a second, so that nobody waits for it. Of the hosts that share a store one counts at a time, each
 * once after its start, and the others read the result. The counting host also removes the logins that it left in
 * the records when it went down, removes names from the list of users for whom nothing is stored, and forgets bans
 * that are over.
 */

#include <stdbool.h>

typedef struct Context Context;

/* This host's memory of the census from one count to the next. */
typedef struct CensusView CensusView;

/**
 * census_view_new() - nothing is known yet
 * @ret_view:   owned by the caller; outlives every count
 *
 * Return: 0; -ENOMEM.
 */
int census_view_new(CensusView **ret_view);

/**
 * census_view_free() - free it
 * @view:       no count is under way; NULL is fine
 *
 * Return: NULL.
 */
CensusView *census_view_free(CensusView *view);

/**
 * census_is_busy() - whether this host is counting, or reading another host's count
 * @view:       borrowed
 */
bool census_is_busy(const CensusView *view);

/**
 * census_start() - count, or read another host's count, if it is time and no count is under way
 * @context:    its metrics get the result; a store that fails leaves them as they are
 *
 * To be called at the start, and once a round (RECONCILE_INTERVAL_SEC).
 */
void census_start(Context *context);
