#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Whether an open database still stands where it was opened. SQLite goes on with files that were removed,
 * or replaced by a backup, as if nothing were; what it writes there is gone when it closes them.
 */

#include <sys/types.h>

#define SQLITE_PLACE_FILES 2u /* the database, its log */

enum {
        SQLITE_PLACE_E_MOVED = 1,
};

typedef struct SqlitePlace {
        char *paths[SQLITE_PLACE_FILES];
        struct {
                dev_t device;
                ino_t inode;
        } files[SQLITE_PLACE_FILES];
} SqlitePlace;

/**
 * sqlite_place_open() - remember which files they are
 * @database_path: of the database, whose log has been opened, too
 * @ret_place:  to be closed
 *
 * Return: 0; negative errno.
 */
int sqlite_place_open(const char *database_path, SqlitePlace *ret_place);

/**
 * sqlite_place_close() - forget them
 * @place:      opened, or zeroed
 */
void sqlite_place_close(SqlitePlace *place);

/**
 * sqlite_place_check() - whether both names still lead to these files
 * @place:      opened
 *
 * Return: 0; SQLITE_PLACE_E_MOVED one was removed, renamed or replaced; negative errno if it cannot be looked at.
 */
int sqlite_place_check(const SqlitePlace *place);
