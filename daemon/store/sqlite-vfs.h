#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The VFS through which SQLite reads and writes. It remembers what we wrote to the database and its log. Any other
 * content was written by somebody else: a backup over the open file, or a program that ignores our lock.
 */

#include <stdbool.h>

#include <sqlite3.h>

enum {
        SQLITE_VFS_E_MOVED = 1,       /* the name leads to no file, or to another one */
        SQLITE_VFS_E_OVERWRITTEN = 2, /* the file has content that we did not write */
};

/* The database or its log; a part of SQLite's handle. */
typedef struct SqliteFile SqliteFile;

/**
 * sqlite_vfs_name() - for sqlite3_open_v2()
 *
 * Return: static; NULL if there is no memory.
 */
const char *sqlite_vfs_name(void);

/**
 * sqlite_vfs_watch() - remember the file's content from now on
 * @handle:     opened with our name, and locked exclusively
 * @control:    SQLITE_FCNTL_FILE_POINTER the database; SQLITE_FCNTL_JOURNAL_POINTER its log, which has been opened, too
 * @ret_file:   valid until @handle is closed
 *
 * Reads all of it. Return: 0; negative errno.
 */
int sqlite_vfs_watch(sqlite3 *handle, int control, SqliteFile **ret_file);

/**
 * sqlite_vfs_check() - whether the file is where it was, and nobody else wrote to it
 * @file:       watched; by the thread that writes
 *
 * It compares the file's times, and is only as good as they are. If they are not as our last write left them, the
 * whole file is read again, and its content decides. A foreign write between two writes of ours to the same file,
 * before a sync, is found when it is read, if at all. Return: 0; SQLITE_VFS_E_*, which stays so if it was
 * overwritten; negative errno if it cannot be looked at.
 */
int sqlite_vfs_check(SqliteFile *file);

/**
 * sqlite_vfs_is_other() - whether there is a file of somebody else's in its place
 * @file:       watched
 *
 * Return: false also if there is none.
 */
bool sqlite_vfs_is_other(SqliteFile *file);

/**
 * sqlite_vfs_put_aside() - rename a file that must not be used, but may hold data that somebody misses
 * @file:       watched; left alone if it is empty, or not as we wrote it; otherwise it gets "-stray" behind its name
 */
void sqlite_vfs_put_aside(SqliteFile *file);
