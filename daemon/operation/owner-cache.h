#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Whose session it is, for the sessions that were used last. A session never changes its user, so entries stay true;
 * only the user's state says whether the session lives. It saves a refresh the question to the store's index.
 */

#include "common/cleanup.h"

typedef struct OwnerCache OwnerCache;

/**
 * owner_cache_new() - an empty cache
 * @ret_cache:  owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int owner_cache_new(OwnerCache **ret_cache);

/**
 * owner_cache_free() - free all
 * @cache:      NULL is fine
 *
 * Return: NULL.
 */
OwnerCache *owner_cache_free(OwnerCache *cache);
DEFINE_CLEANUP(OwnerCache, owner_cache_free)

/**
 * owner_cache_put() - remember; without memory it is not
 * @cache:      forgets another one in exchange
 * @sid:        a valid session id, known to be the user's
 * @user:       copied
 */
void owner_cache_put(OwnerCache *cache, const char *sid, const char *user);

/**
 * owner_cache_get() - whose session it is
 * @cache:      any
 * @sid:        a valid session id
 *
 * Return: borrowed until the next owner_cache_put(); NULL if it is not remembered.
 */
const char *owner_cache_get(const OwnerCache *cache, const char *sid);
