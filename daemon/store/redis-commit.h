#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The one script that writes: turn a user's state into another if it is still the expected one, with the
 * index of its sessions and the list of users. Redis runs it as one step, or not at all.
 */

#include <stddef.h>

#include "common/cleanup.h"

typedef struct StoreCommit StoreCommit;

/* The script answers with the new version, or with the fields that are stored instead. */
#define REDIS_COMMIT_SCRATCH 256u

/* Arguments of EVALSHA or EVAL; the first two are the caller's to set. Kept until the answer is there,
 * because the server may have lost the script. */
typedef struct RedisCommit {
        int argc;
        const char **argv;
        char **owned;                       /* argv[i] where it is to be freed, else NULL */
        char scratch[REDIS_COMMIT_SCRATCH]; /* short texts of @argv */
        size_t n_scratch;
        char *script; /* to be sent as a whole instead of redis_commit_script; NULL: none */
} RedisCommit;

extern const char redis_commit_script[];

/**
 * redis_commit_new() - put a commit's arguments together
 * @prefix:     of the keys
 * @commit:     what must be stored, by its version; and what is to be, with its new version: an empty
 *              state is deleted; both outlive the arguments
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
