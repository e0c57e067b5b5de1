#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A user's record in SQLite that is no state: its bytes, and its replacement. Each function returns 0, STORE_E_* or
 * negative errno, as those of sqlite-records.h.
 */

typedef struct SqliteDatabase SqliteDatabase;
typedef struct UserState UserState;

/**
 * sqlite_unreadable_read() - what stands there
 * @database:   any
 * @tenant:     whose
 * @user:       whose
 * @ret_text:   all of it, in hexadecimal digits; owned by the caller
 * @ret_remains: see state_fields_salvage(); owned by the caller; NULL: not wanted
 *
 * STORE_E_NOT_FOUND: nothing is stored.
 */
int sqlite_unreadable_read(SqliteDatabase *database, const char *tenant, const char *user,
        char **ret_text, UserState **ret_remains);

/**
 * sqlite_unreadable_remove() - remove the record, with the index of its sessions, if it is still the
 * same
 * @database:   in a transaction
 * @tenant:     whose
 * @user:       whose
 * @text:       what sqlite_unreadable_read() has said
 *
 * STORE_E_CONFLICT has written nothing.
 */
int sqlite_unreadable_remove(
        SqliteDatabase *database, const char *tenant, const char *user, const char *text);
