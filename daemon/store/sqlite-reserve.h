#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Room on the disk that is kept for ends of sessions. An end needs a few pages of the log, too, so
 * filling the disk would otherwise make tokens irrevocable.
 */

#include <stdbool.h>

typedef struct SqliteReserve {
        int fd; /* -1: there is none */
        bool held;
} SqliteReserve;

/**
 * sqlite_reserve_open() - open or make the file beside the database, and take the room
 * @database_path: of the database; the reserve's own name is that with "-reserve" behind it
 * @ret_reserve: to be closed
 *
 * Without it everything works, except on a full disk. Return: 0; negative errno.
 */
int sqlite_reserve_open(const char *database_path, SqliteReserve *ret_reserve);

/**
 * sqlite_reserve_close() - close the file; the room stays taken
 * @reserve:    opened, or with an fd of -1
 */
void sqlite_reserve_close(SqliteReserve *reserve);

/**
 * sqlite_reserve_take() - take the room again, if the disk has it
 * @reserve:    any
 */
void sqlite_reserve_take(SqliteReserve *reserve);

/**
 * sqlite_reserve_release() - give the room to the database
 * @reserve:    any
 *
 * Return: true if there was any.
 */
bool sqlite_reserve_release(SqliteReserve *reserve);
