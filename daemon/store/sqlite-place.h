#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Whether an open file still stands where it was opened, and was left alone since. SQLite goes on with files that were
 * removed, replaced or overwritten by a backup, as if nothing were.
 */

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum {
        SQLITE_PLACE_E_MOVED = 1,   /* removed, renamed or replaced */
        SQLITE_PLACE_E_TOUCHED = 2, /* the file's size or one of its times is another */
};

typedef struct SqlitePlace {
        const char *path; /* borrowed */
        dev_t device;
        ino_t inode;
        uint64_t size;
        struct timespec modified, changed;
} SqlitePlace;

/**
 * sqlite_place_read() - what is there now
 * @path:       borrowed as long as the place is used
 * @ret_place:  receives it
 *
 * Return: 0; negative errno.
 */
int sqlite_place_read(const char *path, SqlitePlace *ret_place);

/**
 * sqlite_place_look() - whether it is as it was
 * @place:      as it was
 * @ret_now:    receives what is there now, on SQLITE_PLACE_E_TOUCHED
 *
 * Times only hint: reading, new rights and new names may change them, too; and a write within a tick of the clock from
 * another does not. Return: 0; SQLITE_PLACE_E_*; negative errno if it cannot be looked at.
 */
int sqlite_place_look(const SqlitePlace *place, SqlitePlace *ret_now);
