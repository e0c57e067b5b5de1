#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Puts key rings into use: after loading, after a rotation, and after a key has retired.
 */

#include <stdbool.h>

#include "common/cleanup.h"
#include "daemon/keys/key-task.h"

typedef struct Context Context;
typedef struct KeyKeeper KeyKeeper;

enum {
        KEY_KEEPER_E_BUSY = 1,
};

/**
 * key_keeper_new() - make one
 * @context:    borrowed; outlives the keeper
 * @ret_keeper: owned by the caller
 *
 * Return: 0; negative errno.
 */
int key_keeper_new(Context *context, KeyKeeper **ret_keeper);

/**
 * key_keeper_free() - wait for a change that is under way, and free
 * @keeper:     NULL is fine
 *
 * Return: NULL.
 */
KeyKeeper *key_keeper_free(KeyKeeper *keeper);
DEFINE_CLEANUP(KeyKeeper, key_keeper_free)

/**
 * key_keeper_take() - use this ring from now on
 * @keeper:     keeper
 * @keyring:    its reference is taken
 */
void key_keeper_take(KeyKeeper *keeper, Keyring *keyring);

/**
 * key_keeper_rotate() - change the directory and use the resulting ring
 * @keeper:     keeper
 * @rotation:   copied
 * @done:       told when the ring is in use, or why not
 * @userdata:   for @done
 *
 * Return: 0; KEY_KEEPER_E_BUSY; negative errno.
 */
int key_keeper_rotate(
        KeyKeeper *keeper, const KeyRotation *rotation, KeyTaskDone done, void *userdata);

/**
 * key_keeper_tick() - retire keys that are due, if an earlier attempt failed
 * @keeper:     keeper
 */
void key_keeper_tick(KeyKeeper *keeper);
