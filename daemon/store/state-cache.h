#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * States in memory by user, bounded in number and bytes; the least recently used goes first. States that nobody has asked
 * for since they came have a share of their own, and do not displace others: a wave of new users neither displaces those
 * who log in each day, nor touches all that memory. The cache knows nothing of the store: its owner keeps both equal. A
 * state that may have changed is doubted, and still good for a guess.
 */

#include <stddef.h>

#include "common/cleanup.h"

typedef struct StateCache StateCache;
typedef struct UserState UserState;

/* Unasked states may take one part in so many of the limit for states that were asked for, in
 * addition to it. */
#define STATE_CACHE_UNASKED_PART 16u

/**
 * state_cache_new() - an empty cache
 * @count_max:  states that are asked for
 * @size_max:   bytes of them, by user_state_size()
 * @ret_cache:  owned by the caller
 *
 * Return: 0; -ENOMEM; -EIO no random numbers.
 */
int state_cache_new(size_t count_max, size_t size_max, StateCache **ret_cache);

/**
 * state_cache_free() - free a cache and its states
 * @cache:      NULL is fine
 *
 * Return: NULL.
 */
StateCache *state_cache_free(StateCache *cache);
DEFINE_CLEANUP(StateCache, state_cache_free)

/**
 * state_cache_get() - look a state up, without allocating memory
 * @cache:      remembers that it was asked for
 * @tenant:     whose
 * @user:       whose
 *
 * Return: borrowed until the next put or drop; NULL if it is not here.
 */
UserState *state_cache_get(StateCache *cache, const char *tenant, const char *user);

/**
 * state_cache_get_certain() - the same, unless the state was doubted since it was put
 * @cache:      remembers that it was asked for
 * @tenant:     whose
 * @user:       whose
 *
 * Return: as state_cache_get().
 */
UserState *state_cache_get_certain(StateCache *cache, const char *tenant, const char *user);

/**
 * state_cache_doubt() - a user's state may have changed
 * @cache:      changes
 * @tenant:     whose
 * @user:       whose; unknown is fine
 */
void state_cache_doubt(StateCache *cache, const char *tenant, const char *user);

/**
 * state_cache_doubt_all() - every state may have changed
 * @cache:      changes, in constant time
 */
void state_cache_doubt_all(StateCache *cache);

/**
 * state_cache_put() - keep a state that was asked for, in place of what was kept of its user
 * @cache:      changes
 * @state:      handed over, whatever happens; one that does not fit is freed
 */
void state_cache_put(StateCache *cache, UserState *state);

/**
 * state_cache_offer() - keep a state in place of what was kept of its user, asked for or not
 * @cache:      changes
 * @state:      handed over, as above
 */
void state_cache_offer(StateCache *cache, UserState *state);

/**
 * state_cache_drop() - forget a user's state
 * @cache:      changes
 * @tenant:     whose
 * @user:       whose; unknown is fine
 */
void state_cache_drop(StateCache *cache, const char *tenant, const char *user);
