#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * All users of the tenant with their states: page after page of the store, many loads at a time, so that a distant
 * store does not cost its delay for each user.
 */

#include <stddef.h>

#include "authtoken/reason.h"
#include "daemon/operation/user-page.h"

#define USER_WALK_LOADS_MAX 32u

typedef struct Context Context;
typedef struct StoreCall StoreCall;
typedef struct UserState UserState;
typedef struct UserWalk UserWalk;

/* @state: borrowed. Anything but REASON_OK ends the walk. */
typedef Reason (*UserWalkTake)(UserWalk *walk, UserState *state);

/* Told once; the walk may be cleared, and its memory freed. */
typedef void (*UserWalkDone)(UserWalk *walk, Reason reason);

/* Verbs embed it, and set its first three members. */
struct UserWalk {
        Context *context;
        UserWalkTake take;
        UserWalkDone done;
        UserPage page;
        StoreCall *scan;
        StoreCall *loads[USER_WALK_LOADS_MAX]; /* under way */
        size_t n_loads;
};

/**
 * user_walk_start() - set out
 * @walk:       zeroed but for what the verb sets
 *
 * The users come in the order of the store's pages. A user with a damaged record is left out, so as not to hide all
 * others; the store has reported it. The census reports users who are missing on the list.
 * Return: 0; negative errno (then nobody is told).
 */
int user_walk_start(UserWalk *walk);

/**
 * user_walk_clear() - forget what is under way, and free what it owns
 * @walk:       its memory is the verb's
 */
void user_walk_clear(UserWalk *walk);
