#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * How many sessions are live in the whole store, counted now and then for the metrics: one user after the
 * other, so that nobody waits for it.
 */

typedef struct Context Context;

#define CENSUS_USERS_MAX     20000u /* of more it would never come to an end */
#define CENSUS_USERS_OFTEN   1000u /* up to so many are counted each time, more of them every tenth */
#define CENSUS_ROUNDS_SELDOM 10u

/**
 * census_start() - count, if it is time for it and no count is under way
 * @context:    its metrics get the result; a store that fails leaves them as they are
 */
void census_start(Context *context);
