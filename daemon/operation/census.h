#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * How many sessions are live in the whole store, counted now and then for the metrics: one user after the
 * other and a page a second, so that nobody waits for it. Of all hosts that share a store one counts at a time, each
 * once when it has started, and the others read what it found. Whoever counts also takes back what this host left in
 * the records when it went down, takes names off the list of users of whom nothing is stored, and forgets bans that
 * are over.
 */

typedef struct Context Context;

/**
 * census_start() - count or see what others have counted, if it is time for it and no count is under way
 * @context:    its metrics get the result; a store that fails leaves them as they are
 *
 * To be called at the start, and once a round (RECONCILE_INTERVAL_SEC).
 */
void census_start(Context *context);
