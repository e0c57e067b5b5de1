#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Whether an open file is still where it was opened, and untouched since. SQLite does not notice if its files were
 * removed, replaced or overwritten by a backup.
 */

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum {
        SQLITE_PLACE_E_MOVED = 1,   /* removed, renamed or replaced */
        SQLITE_PLACE_E_TOUCHED = 2, /* the file's size or one of its times has changed */
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
 * sqlite_place_look() - whether the file is as it was
 * @place:      as it was
 * @ret_now:    receives what is there now, on SQLITE_PLACE_E_TOUCHED
 *
 * Times only hint: reading, new rights and new names may change them, too; and two writes within one tick of the clock
 * leave the same time. Return: 0; SQLITE_PLACE_E_*; negative errno if it cannot be looked at.
 */
int sqlite_place_look(const SqlitePlace *place, SqlitePlace *ret_now);
