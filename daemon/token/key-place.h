#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The key directory as a place to write in. A file is there whole or not at all, after a crash too, and
 * belongs to the directory's owner, so that a key which root puts there can be read by the daemon.
 */

#include <sys/types.h>

#include "common/cleanup.h"
#include "common/secret.h"

/* Longest name of a file, with its NUL. */
#define KEY_PLACE_NAME_SIZE 256u

typedef struct KeyPlace {
        int fd; /* holds the lock; negative: closed */
        uid_t uid;
        gid_t gid;
} KeyPlace;

/**
 * key_place_open() - open a key directory and lock it against other writers
 * @directory:  path
 * @ret_place:  to be closed by the caller
 *
 * Root may write in anybody's directory, everybody else in their own and root's.
 * Return: 0; KEY_E_DIRECTORY; KEY_E_BUSY somebody else writes there; negative errno.
 */
int key_place_open(const char *directory, KeyPlace *ret_place);

/**
 * key_place_make() - make a key directory that is not there, for the owner of the directory above it
 * @directory:  path
 *
 * Return: 0 (also when it is there); negative errno.
 */
int key_place_make(const char *directory);

/**
 * key_place_close() - unlock
 * @place:      may be closed already
 */
void key_place_close(KeyPlace *place);

/**
 * key_place_write() - make or replace a file
 * @place:      opened
 * @name:       of the file
 * @content:    borrowed
 *
 * Mode 0600. It is on disk, synced, when this returns.
 * Return: 0; negative errno: the old content or the new one is there.
 */
int key_place_write(const KeyPlace *place, const char *name, const Secret *content);

/**
 * key_place_add() - make a file that is not there
 * @place:      opened
 * @name:       of the file
 * @content:    borrowed
 *
 * As key_place_write(), but a file of this name, which may hold another key, stays as it is.
 * Return: 0; -EEXIST; other negative errno.
 */
int key_place_add(const KeyPlace *place, const char *name, const Secret *content);

/**
 * key_place_remove() - remove a file
 * @place:      opened
 * @name:       of the file
 *
 * Return: 0 (also when it was not there); negative errno.
 */
int key_place_remove(const KeyPlace *place, const char *name);

/**
 * key_place_name() - the file name for a key
 * @kid:        its name
 * @name:       receives "KID.jwk", or a hash where @kid cannot be a file's name
 */
void key_place_name(const char *kid, char name[KEY_PLACE_NAME_SIZE]);

static inline void key_place_closep(KeyPlace *place) {
        key_place_close(place);
}
