#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A commit that takes place only while a mark begins with a text: the commit script, with a look at the mark in
 * front. It is sent as a whole, since it is seldom wanted.
 */

#include "daemon/store/redis-commit.h"

/* What the script answers besides what that of a commit does. */
#define REDIS_GUARD_FAILED 2

/**
 * redis_guard_add() - put a condition on a commit
 * @commit:     new; gets a script of its own
 * @key:        of the mark; handed over; NULL: there was no memory for it
 * @begins:     copied
 *
 * Return: 0; -ENOMEM.
 */
int redis_guard_add(RedisCommit *commit, char *key, const char *begins);
