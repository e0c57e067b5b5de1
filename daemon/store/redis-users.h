#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Which users a tenant has, as Redis knows it: a sorted set of names, all of the same score, so that they are in the
 * order of their bytes and a page begins behind the last name of the one before, whatever is committed meanwhile.
 *
 * Every commit puts its user there, in one step with the record. A name goes when the record is deleted by a commit,
 * or when somebody who walks the list finds nothing stored and commits that: then only if there still is nothing.
 *
 * Before the first user stands REDIS_USERS_BEGIN: whoever brings a new user adds it along, and so is told with the same
 * answer whether there was a list.
 *
 * Behind the last user stands REDIS_USERS_END. It is written when a tenant's first user is, and never again; so a list
 * that was deleted, evicted, or made by hand has none, and a commit that finds its user missing takes it away.
 */

typedef struct StoreCall StoreCall;
typedef struct UserStore UserStore;

#define REDIS_USERS_BEGIN "!" /* sorts before whatever a user can be called */
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
