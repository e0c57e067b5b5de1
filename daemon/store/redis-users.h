#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Which users a tenant has, as Redis knows it: a sorted set of names, all of the same score, so that they are in the
 * order of their bytes and a page begins after the last name of the one before, whatever is committed meanwhile.
 *
 * Every commit adds its user, in one step with the record. A name is removed when a commit deletes the record, or when
 * a walk over the list finds nothing stored and commits that, if there still is nothing.
 *
 * REDIS_USERS_BEGIN sorts before the first user. A commit for a new user adds it too, so that the same answer tells
 * whether there was a list.
 *
 * REDIS_USERS_END sorts after the last user. It is written with a tenant's first user, and never again. So a list that
 * was deleted, evicted, or made by hand has none, and a commit that finds its user missing removes it.
 */

typedef struct StoreCall StoreCall;
typedef struct UserStore UserStore;

#define REDIS_USERS_BEGIN "!" /* sorts before any user name */
#define REDIS_USERS_END   "~" /* and behind it */

/**
 * redis_users_scan() - StoreOps.scan
 * @base:       a Redis store
 * @call:       completed with users, and where to go on
 * @tenant:     borrowed
 * @from:       NULL, or where to go on
 *
 * Return: 0; negative errno.
 */
int redis_users_scan(UserStore *base, StoreCall *call, const char *tenant, const char *from);
