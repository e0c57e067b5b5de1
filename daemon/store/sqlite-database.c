/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/session/state-fields.h"
#include "daemon/store/sqlite-database.h"
#include "daemon/store/sqlite-file.h"
#include "daemon/store/user-store.h"

#define APPLICATION_ID 1635019630 /* "atkn" */
#define SCHEMA_VERSION 2
#define OPEN_WAIT_MSEC 500

#define STRINGIFY(x)   #x
#define AS_TEXT(macro) STRINGIFY(macro)

/* A user's row, with the version, and under it the other fields of state-fields.h. "end_sec" is NULL for states without an end. "sid" is a
 * hint: its rows are deleted with the sessions that they lead to; a row left over would only cause a useless look-up. */
static const char schema[] =
        "CREATE TABLE state ("
        " id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, user TEXT NOT NULL,"
        " version TEXT NOT NULL, end_sec INTEGER, UNIQUE (tenant, user)) STRICT;"
        "CREATE INDEX state_end ON state (end_sec) WHERE end_sec IS NOT NULL;"
        "CREATE TABLE field ("
        " state INTEGER NOT NULL REFERENCES state ON DELETE CASCADE, name TEXT NOT NULL,"
        " value TEXT NOT NULL, PRIMARY KEY (state, name)) STRICT, WITHOUT ROWID;"
        "CREATE TABLE sid ("
        " tenant TEXT NOT NULL, sid TEXT NOT NULL, state INTEGER NOT NULL,"
        " PRIMARY KEY (tenant, sid)) STRICT, WITHOUT ROWID;"
        "PRAGMA application_id = " AS_TEXT(APPLICATION_ID) ";"
                                                           "PRAGMA user_version = " AS_TEXT(
                                                                   SCHEMA_VERSION) ";";

/* A file from before there were marks gets this table when it is opened. */
static const char mark_schema[] = "CREATE TABLE IF NOT EXISTS mark ("
                                  " tenant TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,"
                                  " PRIMARY KEY (tenant, name)) STRICT, WITHOUT ROWID";

/* Added later: a file without it is valid. */
static const char lock_out_schema[] =
        "CREATE TABLE IF NOT EXISTS lock_out ("
        " tenant TEXT NOT NULL, user TEXT NOT NULL, place TEXT NOT NULL,"
        " until_sec INTEGER NOT NULL, PRIMARY KEY (tenant, user, place)) STRICT, WITHOUT ROWID;";

static const char *const statement_sql[SQLITE_STATEMENT_COUNT] = {
        [SQLITE_STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
        [SQLITE_STATEMENT_COMMIT] = "COMMIT",
        [SQLITE_STATEMENT_ROLLBACK] = "ROLLBACK",
        [SQLITE_STATEMENT_READ_FIELDS] =
                "SELECT name, value, version FROM state LEFT JOIN field ON field.state = state.id"
                " WHERE tenant = ?1 AND user = ?2",
        [SQLITE_STATEMENT_READ_VERSION] =
                "SELECT id, version FROM state WHERE tenant = ?1 AND user = ?2",
        [SQLITE_STATEMENT_READ_RAW] =
                "SELECT hex(version) || ':' || ifnull((SELECT group_concat(hex(name) || '=' || "
                "hex(value)) FROM (SELECT name, value FROM field WHERE field.state = state.id"
                " ORDER BY name)), '') FROM state WHERE tenant = ?1 AND user = ?2",
        [SQLITE_STATEMENT_DELETE_USER_SIDS] =
                "DELETE FROM sid WHERE (tenant, sid, state) IN"
                " (SELECT tenant, substr(name, 3), id FROM field JOIN state ON state.id = "
                "field.state"
                " WHERE tenant = ?1 AND user = ?2"
                " AND substr(name, 1, 2) IN ('" STATE_FIELD_LIVE "', '" STATE_FIELD_ENDED "'))",
        [SQLITE_STATEMENT_DELETE_USER] = "DELETE FROM state WHERE tenant = ?1 AND user = ?2",
        [SQLITE_STATEMENT_ADD_STATE] = "INSERT OR IGNORE INTO state (tenant, user, version, "
                                       "end_sec) VALUES (?1, ?2, ?3, ?4)",
        [SQLITE_STATEMENT_SET_VERSION] = "UPDATE state SET version = ?2 WHERE id = ?1",
        [SQLITE_STATEMENT_SET_END] = "UPDATE state SET version = ?2, end_sec = ?3 WHERE id = ?1",
        [SQLITE_STATEMENT_DELETE_STATE] = "DELETE FROM state WHERE id = ?1",
        [SQLITE_STATEMENT_ADD_FIELD] = "INSERT INTO field (state, name, value) VALUES (?1, ?2, ?3)",
        [SQLITE_STATEMENT_CHANGE_FIELD] =
                "UPDATE field SET value = ?3 WHERE state = ?1 AND name = ?2",
        [SQLITE_STATEMENT_DELETE_FIELD] = "DELETE FROM field WHERE state = ?1 AND name = ?2",
        [SQLITE_STATEMENT_DELETE_SID] = "DELETE FROM sid WHERE tenant = ?1 AND sid = ?2",
        [SQLITE_STATEMENT_ADD_SID] =
                "INSERT OR REPLACE INTO sid (tenant, sid, state) VALUES (?1, ?2, ?3)",
        [SQLITE_STATEMENT_FIND_SID] = "SELECT user FROM sid JOIN state ON state.id = sid.state"
                                      " WHERE sid.tenant = ?1 AND sid = ?2",
        [SQLITE_STATEMENT_SCAN] = "SELECT user FROM state WHERE tenant = ?1 AND user > ?2"
                                  " ORDER BY user LIMIT ?3",
        [SQLITE_STATEMENT_READ_MARK] = "SELECT value FROM mark WHERE tenant = ?1 AND name = ?2",
        [SQLITE_STATEMENT_WRITE_MARK] =
                "INSERT OR REPLACE INTO mark (tenant, name, value) VALUES (?1, ?2, ?3)",
        [SQLITE_STATEMENT_DELETE_MARK] = "DELETE FROM mark WHERE tenant = ?1 AND name = ?2",
        [SQLITE_STATEMENT_ADD_LOCK_OUT] =
                "INSERT OR REPLACE INTO lock_out (tenant, user, place, until_sec)"
                " VALUES (?1, ?2, ?3, ?4)",
        [SQLITE_STATEMENT_READ_LOCK_OUTS] =
                "SELECT tenant, user, place, until_sec FROM lock_out ORDER BY until_sec LIMIT ?1",
        [SQLITE_STATEMENT_DELETE_LOCK_OUTS] =
                "DELETE FROM lock_out WHERE tenant = ?1 AND user = ?2 AND (?3 = '' OR place = ?3)",
        [SQLITE_STATEMENT_EXPIRE_LOCK_OUTS] = "DELETE FROM lock_out WHERE until_sec <= ?1",
        [SQLITE_STATEMENT_EXPIRE_SIDS] =
                "DELETE FROM sid WHERE (tenant, sid) IN"
                " (SELECT tenant, substr(name, 3) FROM field JOIN state ON state.id = field.state"
                " WHERE state.id IN (SELECT id FROM state WHERE end_sec < ?1 ORDER BY end_sec "
                "LIMIT ?2)"
                " AND substr(name, 1, 2) IN ('" STATE_FIELD_LIVE "', '" STATE_FIELD_ENDED "'))",
        [SQLITE_STATEMENT_EXPIRE] =
                "DELETE FROM state WHERE id IN"
                " (SELECT id FROM state WHERE end_sec < ?1 ORDER BY end_sec LIMIT ?2)"
                " RETURNING tenant, user",
};

static int look(SqliteDatabase *database) {
        int r = database->moved ? SQLITE_VFS_E_MOVED : sqlite_vfs_check(database->file);

        if (r == 0)
                r = sqlite_vfs_check(database->log);
        /* It stays so: writes of the meantime are missing even if the files come back. */
        database->moved = r > 0;
        return r;
}

int sqlite_database_fail(SqliteDatabase *database) {
        database->error = sqlite3_extended_errcode(database->handle);
        switch (database->error & 0xff) {
        case SQLITE_NOMEM:
                return -ENOMEM;
        case SQLITE_IOERR:
                /* Perhaps our VFS did not let SQLite write to, or read, a foreign file. */
                if (database->log && look(database) > 0)
                        database->error = SQLITE_READONLY_DBMOVED;
                return STORE_E_OFFLINE;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
                return STORE_E_CORRUPT;
        default:
                return STORE_E_REFUSED;
        }
}

StoreFailure sqlite_database_failure(int sqlite_error) {
        switch (sqlite_error & 0xff) {
        case SQLITE_FULL:
                return STORE_FAILURE_FULL;
        case SQLITE_IOERR:
                return STORE_FAILURE_IO;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
                return STORE_FAILURE_CORRUPT;
        case SQLITE_READONLY:
                return STORE_FAILURE_READONLY;
        default:
                return STORE_FAILURE_OTHER;
        }
}

int sqlite_database_finish(SqliteDatabase *database, SqliteStatement statement, int code) {
        int r = code == SQLITE_ROW || code == SQLITE_DONE ? 0 : sqlite_database_fail(database);

        sqlite3_reset(database->statements[statement]);
        sqlite3_clear_bindings(database->statements[statement]);
        return r;
}

int sqlite_database_run(SqliteDatabase *database, SqliteStatement statement) {
        int code = sqlite3_step(database->statements[statement]);

        return sqlite_database_finish(database, statement, code);
}

const char *sqlite_database_explain(int sqlite_error) {
        if (sqlite_error == SQLITE_READONLY_DBMOVED)
                return "removed, overwritten or replaced under the running daemon; restart it";
        return sqlite3_errstr(sqlite_error);
}

int sqlite_database_find(SqliteDatabase *database) {
        if (look(database) == 0)
                return 0;
        database->error = database->moved ? SQLITE_READONLY_DBMOVED : SQLITE_IOERR_FSTAT;
        return STORE_E_OFFLINE;
}

int sqlite_database_begin(SqliteDatabase *database) {
        database->error = 0;
        if (sqlite_database_find(database) != 0)
                return STORE_E_OFFLINE;
        return sqlite_database_run(database, SQLITE_STATEMENT_BEGIN);
}

int sqlite_database_commit(SqliteDatabase *database) {
        int r = sqlite_database_run(database, SQLITE_STATEMENT_COMMIT);

        if (r)
                return r;
        sqlite_reserve_take(&database->reserve);
        /* The data may be on the disk, but in a file that nobody will find. */
        return sqlite_database_find(database);
}

void sqlite_database_rollback(SqliteDatabase *database) {
        int error = database->error;

        /* SQLite has left the transaction by itself after some errors. */
        if (!sqlite3_get_autocommit(database->handle))
                (void)sqlite_database_run(database, SQLITE_STATEMENT_ROLLBACK);
        database->error = error;
}

static int run_sql(SqliteDatabase *database, const char *sql) {
        if (sqlite3_exec(database->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
                return sqlite_database_fail(database);
        return 0;
}

/* @first: the first column of the first row, cut if need be. */
static int query_text(SqliteDatabase *database, const char *sql, char *first, size_t size) {
        sqlite3_stmt *statement = NULL;
        const unsigned char *text;
        int r = 0;

        first[0] = '\0';
        if (sqlite3_prepare_v2(database->handle, sql, -1, &statement, NULL) != SQLITE_OK)
                return sqlite_database_fail(database);
        if (sqlite3_step(statement) != SQLITE_ROW)
                r = sqlite_database_fail(database);
        text = r == 0 ? sqlite3_column_text(statement, 0) : NULL;
        if (text)
                snprintf(first, size, "%s", (const char *)text);
        sqlite3_finalize(statement);
        return r;
}

bool sqlite_database_make_room(SqliteDatabase *database, bool from_reserve) {
        char busy[8];

        if (from_reserve && !sqlite_reserve_release(&database->reserve))
                return false;
        /* The log is not truncated: the next writes use the disk space that it has. */
        return query_text(database, "PRAGMA wal_checkpoint(RESTART)", busy, sizeof(busy)) == 0;
}

/* The lock is taken by the first access and kept until we close or die. */
static int configure(SqliteDatabase *database, bool no_sync, const char **ret_problem) {
        char mode[16];
        int r;

        (void)sqlite3_extended_result_codes(database->handle, 1);
        (void)sqlite3_busy_timeout(database->handle, OPEN_WAIT_MSEC);
        r = run_sql(database, "PRAGMA locking_mode = EXCLUSIVE;"
                              "PRAGMA cache_size = -512;"
                              "PRAGMA mmap_size = 0;"
                              "PRAGMA wal_autocheckpoint = 256;"
                              "PRAGMA trusted_schema = OFF;"
                              "PRAGMA foreign_keys = ON;");
        if (r == 0)
                r = query_text(database, "PRAGMA journal_mode = WAL", mode, sizeof(mode));
        if (r)
                return r;
        if (strcmp(mode, "wal") != 0) {
                *ret_problem = "the file system cannot keep a write-ahead log";
                return STORE_E_REFUSED;
        }
        (void)sqlite3_db_config(database->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        return run_sql(database,
                no_sync ? "PRAGMA journal_size_limit = 4194304; PRAGMA synchronous = OFF;"
                        : "PRAGMA journal_size_limit = 4194304; PRAGMA synchronous = FULL;");
}

static int make_schema(SqliteDatabase *database) {
        int r = run_sql(database, "BEGIN EXCLUSIVE");

        if (r == 0)
                r = run_sql(database, schema);
        if (r == 0)
                r = run_sql(database, "COMMIT");
        return r;
}

/* @ret_problem: what is wrong with the file, if it is not SQLite that said so. */
static int check_schema(SqliteDatabase *database, const char **ret_problem) {
        char application[24], version[24], tables[24], check[128];
        int r;

        r = query_text(database, "PRAGMA application_id", application, sizeof(application));
        if (r == 0)
                r = query_text(database, "PRAGMA user_version", version, sizeof(version));
        if (r == 0)
                r = query_text(
                        database, "SELECT count(*) FROM sqlite_schema", tables, sizeof(tables));
        if (r)
                return r;
        if (strcmp(application, "0") == 0 && strcmp(tables, "0") == 0)
                return make_schema(database);
        if (strcmp(application, AS_TEXT(APPLICATION_ID)) != 0) {
                *ret_problem = "not a session store of authtokend";
                return STORE_E_REFUSED;
        }
        if (strcmp(version, AS_TEXT(SCHEMA_VERSION)) != 0) {
                *ret_problem = "made by another version of authtokend";
                return STORE_E_REFUSED;
        }
        r = query_text(database, "PRAGMA quick_check(1)", check, sizeof(check));
        if (r == 0 && strcmp(check, "ok") != 0) {
                *ret_problem = "damaged; restore it, or remove it (that ends all sessions)";
                return STORE_E_CORRUPT;
        }
        return r;
}

static int prepare(SqliteDatabase *database) {
        for (size_t i = 0; i < SQLITE_STATEMENT_COUNT; i++)
                if (sqlite3_prepare_v3(database->handle, statement_sql[i], -1,
                            SQLITE_PREPARE_PERSISTENT, &database->statements[i], NULL) != SQLITE_OK)
                        return sqlite_database_fail(database);
        return 0;
}

static const char *explain(const SqliteDatabase *database) {
        switch (database->error & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                return "another process holds it";
        case SQLITE_NOTADB:
                return "not a database, or damaged";
        default:
                return sqlite3_errstr(database->error);
        }
}

int sqlite_database_open(const char *path, bool no_sync, char *message, size_t message_size,
        SqliteDatabase **ret_database) {
        _cleanup_(sqlite_database_closep) SqliteDatabase *database = NULL;
        const char *problem = NULL, *vfs;
        int r;

        r = sqlite_file_prepare(path, message, message_size);
        if (r)
                return r;
        database = calloc(1, sizeof(*database));
        vfs = sqlite_vfs_name();
        if (!database || !vfs)
                return -ENOMEM;
        database->no_sync = no_sync;
        /* Without a reserve, ends of sessions fail on a full disk, too. That is no reason not to
         * start. */
        if (sqlite_reserve_open(path, &database->reserve) < 0)
                database->reserve.fd = -1;
        if (sqlite3_open_v2(path, &database->handle,
                    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
                    vfs) != SQLITE_OK)
                r = database->handle ? sqlite_database_fail(database) : -ENOMEM;
        if (r == 0)
                r = configure(database, no_sync, &problem);
        if (r == 0)
                r = check_schema(database, &problem);
        if (r == 0)
                r = run_sql(database, mark_schema);
        if (r == 0)
                r = run_sql(database, lock_out_schema);
        if (r == 0)
                r = prepare(database);
        if (r == 0)
                r = sqlite_vfs_watch(database->handle, SQLITE_FCNTL_FILE_POINTER, &database->file);
        if (r == 0)
                r = sqlite_vfs_watch(
                        database->handle, SQLITE_FCNTL_JOURNAL_POINTER, &database->log);
        if (r < 0)
                return r;
        if (r > 0) {
                snprintf(message, message_size, "%s: %s", path,
                        problem ? problem : explain(database));
                return STORE_E_REFUSED;
        }
        *ret_database = TAKE_PTR(database);
        return 0;
}

bool sqlite_database_leave(SqliteDatabase *database) {
        bool is_other = sqlite_vfs_is_other(database->file);

        if (!is_other && sqlite_vfs_check(database->log) != SQLITE_VFS_E_OVERWRITTEN)
                return false;
        (void)sqlite3_db_config(database->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        if (is_other)
                sqlite_vfs_put_aside(database->log);
        return true;
}

SqliteDatabase *sqlite_database_close(SqliteDatabase *database) {
        if (!database)
                return NULL;
        for (size_t i = 0; i < SQLITE_STATEMENT_COUNT; i++)
                sqlite3_finalize(database->statements[i]);
        sqlite3_close(database->handle);
        sqlite_reserve_close(&database->reserve);
        free(database);
        return NULL;
}
