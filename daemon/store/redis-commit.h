#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The one script that writes: turn a user's state into another if it is still the expected one, with the
 * index of its sessions and the list of users. Redis runs it as one step, or not at all. With a guard, it checks a
 * mark first. A record that is no state is replaced only if it is still the one that was examined.
 */

#include <stddef.h>

#include "common/cleanup.h"
#include "daemon/session/state-change.h"

typedef struct StoreCommit StoreCommit;

/* The answer if the mark of a guard begins with another text; else it is the new version, or the fields that are
 * stored instead. */
#define REDIS_COMMIT_GUARD_FAILED 2

/* Arguments of EVALSHA or EVAL; the first two are the caller's to set. Kept until the answer is there,
 * because the server may have lost the script. */
typedef struct RedisCommit {
        const char *script; /* redis_commit_script, or a rarely used one that is sent as a whole */
        StateChange change;
        char *text; /* behind @argv: the place for our next text */
        int argc;
        const char *argv[];
} RedisCommit;

extern const char redis_commit_script[];

/**
 * redis_commit_new() - put a commit's arguments together
 * @prefix:     of the keys
 * @commit:     the state that must be stored, by its version; and the new one, with its new version
 *              (an empty one is deleted); both outlive the arguments
 * @ret_arguments: owned by the caller
 *
 * Return: 0; -ENOMEM; -EINVAL, -EMSGSIZE the state cannot be encoded.
 */
int redis_commit_new(const char *prefix, const StoreCommit *commit, RedisCommit **ret_arguments);

/**
 * redis_commit_free() - free a commit's arguments
 * @commit:     NULL is fine
 *
 * Return: NULL.
 */
RedisCommit *redis_commit_free(RedisCommit *commit);
DEFINE_CLEANUP(RedisCommit, redis_commit_free)
