#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Which users a tenant has, as Redis knows it.
 */

typedef struct StoreCall StoreCall;
typedef struct UserStore UserStore;

/**
 * redis_users_list() - StoreOps.list: by the sorted set of users, which is quick, and a hint
 * @base:       a Redis store
 * @call:       completed with users
 * @tenant:     borrowed
 *
 * Return: 0; negative errno.
 */
int redis_users_list(UserStore *base, StoreCall *call, const char *tenant);

/**
 * redis_users_scan() - StoreOps.scan: by the keys themselves
 * @base:       a Redis store
 * @call:       completed with users, and where to go on
 * @tenant:     borrowed
 * @from:       NULL, or where to go on
 *
 * Return: 0; negative errno.
 */
int redis_users_scan(UserStore *base, StoreCall *call, const char *tenant, const char *from);
