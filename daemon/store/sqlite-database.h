#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The one file of the SQLite store: opening, checking, tables, statements and transactions.
 * sqlite-records.h reads and writes the data with them. Synchronous; one thread at a time.
 *
 * The file is locked exclusively: a second daemon cannot write unnoticed, and data that was read once
 * stays true until we change it.
 */

#include <stdbool.h>
#include <stddef.h>

#include <sqlite3.h>

#include "common/cleanup.h"
#include "daemon/store/sqlite-reserve.h"
#include "daemon/store/sqlite-vfs.h"
#include "daemon/store/store-notices.h"

/* The SQL of each stands in a table in sqlite-database.c. */
typedef enum SqliteStatement {
        SQLITE_STATEMENT_BEGIN,
        SQLITE_STATEMENT_COMMIT,
        SQLITE_STATEMENT_ROLLBACK,
        SQLITE_STATEMENT_READ_FIELDS,
        SQLITE_STATEMENT_READ_VERSION,
        SQLITE_STATEMENT_READ_RAW,
        SQLITE_STATEMENT_DELETE_USER_SIDS,
        SQLITE_STATEMENT_DELETE_USER,
        SQLITE_STATEMENT_ADD_STATE,
        SQLITE_STATEMENT_SET_VERSION,
        SQLITE_STATEMENT_SET_END,
        SQLITE_STATEMENT_DELETE_STATE,
        SQLITE_STATEMENT_ADD_FIELD,
        SQLITE_STATEMENT_CHANGE_FIELD,
        SQLITE_STATEMENT_DELETE_FIELD,
        SQLITE_STATEMENT_DELETE_SID,
        SQLITE_STATEMENT_ADD_SID,
        SQLITE_STATEMENT_FIND_SID,
        SQLITE_STATEMENT_SCAN,
        SQLITE_STATEMENT_READ_MARK,
        SQLITE_STATEMENT_WRITE_MARK,
        SQLITE_STATEMENT_DELETE_MARK,
        SQLITE_STATEMENT_ADD_LOCK_OUT,
        SQLITE_STATEMENT_READ_LOCK_OUTS,
        SQLITE_STATEMENT_DELETE_LOCK_OUTS,
        SQLITE_STATEMENT_EXPIRE_LOCK_OUTS,
        SQLITE_STATEMENT_EXPIRE_SIDS,
        SQLITE_STATEMENT_EXPIRE,
} SqliteStatement;

#define SQLITE_STATEMENT_COUNT (SQLITE_STATEMENT_EXPIRE + 1u)

typedef struct SqliteDatabase {
        sqlite3 *handle;
        sqlite3_stmt *statements[SQLITE_STATEMENT_COUNT];
        SqliteReserve reserve;
        SqliteFile *file, *log;
        bool moved; /* away, or overwritten; stays so */
        bool no_sync;
        int error; /* SQLite's code of the last failure since sqlite_database_begin(); 0: none */
} SqliteDatabase;

/**
 * sqlite_database_open() - open or make the file, lock and check it
 * @path:       see sqlite_file_prepare()
 * @no_sync:    for measurements: a power cut may lose everything
 * @message:    why not, on STORE_E_REFUSED
 * @message_size: bytes of @message
 * @ret_database: owned by the caller
 *
 * Return: 0; STORE_E_REFUSED; -ENOMEM.
 */
int sqlite_database_open(const char *path, bool no_sync, char *message, size_t message_size,
        SqliteDatabase **ret_database);

/**
 * sqlite_database_leave() - last look before it is closed
 * @database:   outside of a transaction
 *
 * If the files are somebody else's now, closing writes nothing to them. If there is another database now, our log is put
 * aside, or the next start would replay it into that database. Return: true if the files are somebody else's.
 */
bool sqlite_database_leave(SqliteDatabase *database);

/**
 * sqlite_database_close() - write everything back and close
 * @database:   NULL is fine
 *
 * Return: NULL.
 */
SqliteDatabase *sqlite_database_close(SqliteDatabase *database);
DEFINE_CLEANUP(SqliteDatabase, sqlite_database_close)

/**
 * sqlite_database_find() - look whether the files are still where they were opened, and as we left them
 * @database:   any
 *
 * If they are not, nothing stored there counts. Return: 0; STORE_E_OFFLINE.
 */
int sqlite_database_find(SqliteDatabase *database);

/**
 * sqlite_database_begin() - begin a transaction that writes
 * @database:   outside of one
 *
 * Return: 0; STORE_E_*; -ENOMEM.
 */
int sqlite_database_begin(SqliteDatabase *database);

/**
 * sqlite_database_commit() - end a transaction; when it returns 0, all of it is on the disk
 * @database:   in a transaction
 *
 * Return: 0; STORE_E_OFFLINE whether it is on the disk is unknown; another STORE_E_* it is not; -ENOMEM.
 */
int sqlite_database_commit(SqliteDatabase *database);

/**
 * sqlite_database_rollback() - leave a transaction, if there still is one, without its changes
 * @database:   any
 */
void sqlite_database_rollback(SqliteDatabase *database);

/**
 * sqlite_database_make_room() - after SQLITE_FULL: let the log begin again from its start
 * @database:   outside of a transaction
 * @from_reserve: the reserve may be used up for it
 *
 * Return: true if another attempt may succeed.
 */
bool sqlite_database_make_room(SqliteDatabase *database, bool from_reserve);

/**
 * sqlite_database_fail() - record SQLite's error; the transaction must then be rolled back
 * @database:   whose last call failed
 *
 * Return: STORE_E_OFFLINE input/output error; STORE_E_CORRUPT the file is damaged; STORE_E_REFUSED disk
 * full, read-only and the like; -ENOMEM.
 */
int sqlite_database_fail(SqliteDatabase *database);

/**
 * sqlite_database_failure() - the kind of failure of SQLite's error, for administrators
 * @sqlite_error: extended or not; not 0
 *
 * Return: the kind; each is reported once in a while.
 */
StoreFailure sqlite_database_failure(int sqlite_error);

/**
 * sqlite_database_explain() - SQLite's error as a text
 * @sqlite_error: extended or not; not 0
 *
 * Return: static.
 */
const char *sqlite_database_explain(int sqlite_error);

/**
 * sqlite_database_finish() - let go of a statement that was stepped through
 * @database:   owns it
 * @statement:  its bindings are cleared
 * @code:       what sqlite3_step() said last
 *
 * Return: 0; else, for anything but a row or the end, as sqlite_database_fail().
 */
int sqlite_database_finish(SqliteDatabase *database, SqliteStatement statement, int code);

/**
 * sqlite_database_run() - run a statement that gives no rows, with its bindings
 * @database:   any
 * @statement:  which; reset afterwards
 *
 * Return: 0; as sqlite_database_fail().
 */
int sqlite_database_run(SqliteDatabase *database, SqliteStatement statement);
