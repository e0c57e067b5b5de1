/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "daemon/session/state-fields.h"
#include "daemon/session/user-state.h"
#include "daemon/store/sqlite-database.h"
#include "daemon/store/sqlite-unreadable.h"
#include "daemon/store/user-store.h"

/* Texts are borrowed until the statement was run. */
static sqlite3_stmt *begin(
        SqliteDatabase *database, SqliteStatement statement, const char *tenant, const char *user) {
        sqlite3_stmt *row = database->statements[statement];

        (void)sqlite3_bind_text(row, 1, tenant, -1, SQLITE_STATIC);
        (void)sqlite3_bind_text(row, 2, user, -1, SQLITE_STATIC);
        return row;
}

static int read_text(
        SqliteDatabase *database, const char *tenant, const char *user, char **ret_text) {
        sqlite3_stmt *row = begin(database, SQLITE_STATEMENT_READ_RAW, tenant, user);
        int r = STORE_E_NOT_FOUND, code = sqlite3_step(row), failed;
        _cleanup_(freep) char *copy = NULL;

        if (code == SQLITE_ROW) {
                const char *text = (const char *)sqlite3_column_text(row, 0);

                copy = text ? strdup(text) : NULL;
                r = copy ? 0 : -ENOMEM;
        }
        failed = sqlite_database_finish(database, SQLITE_STATEMENT_READ_RAW, code);
        if (failed)
                return failed;
        if (r == 0)
                *ret_text = TAKE_PTR(copy);
        return r;
}

/* We never write such a value, so it proves nothing. In particular it does not prove that the
 * user is not banned. */
static int add_field(StateFields *fields, sqlite3_stmt *row) {
        const char *name = (const char *)sqlite3_column_text(row, 0);
        const char *value = (const char *)sqlite3_column_text(row, 1);
        size_t size = (size_t)sqlite3_column_bytes(row, 1);

        if (!name || !value)
                return -ENOMEM;
        if (memchr(value, '\0', size))
                size = 0;
        return state_fields_add(fields, name, value, size);
}

static int read_remains(
        SqliteDatabase *database, const char *tenant, const char *user, UserState **ret_remains) {
        sqlite3_stmt *row = begin(database, SQLITE_STATEMENT_READ_FIELDS, tenant, user);
        _cleanup_(state_fields_clear) StateFields fields = { 0 };
        int r = 0, code, failed;

        while ((code = sqlite3_step(row)) == SQLITE_ROW && r == 0)
                if (sqlite3_column_type(row, 0) != SQLITE_NULL)
                        r = add_field(&fields, row);
        failed = sqlite_database_finish(database, SQLITE_STATEMENT_READ_FIELDS, code);
        if (failed)
                return failed;
        if (r)
                return r;
        return state_fields_salvage(tenant, user, fields.n_items > 0 ? &fields : NULL, ret_remains);
}

int sqlite_unreadable_read(SqliteDatabase *database, const char *tenant, const char *user,
        char **ret_text, UserState **ret_remains) {
        _cleanup_(freep) char *text = NULL;
        int r;

        r = read_text(database, tenant, user, &text);
        if (r == 0 && ret_remains)
                r = read_remains(database, tenant, user, ret_remains);
        if (r == 0)
                *ret_text = TAKE_PTR(text);
        return r;
}

int sqlite_unreadable_remove(
        SqliteDatabase *database, const char *tenant, const char *user, const char *text) {
        _cleanup_(freep) char *stored = NULL;
        int r;

        r = sqlite_unreadable_read(database, tenant, user, &stored, NULL);
        if (r == STORE_E_NOT_FOUND || (r == 0 && strcmp(stored, text) != 0))
                return STORE_E_CONFLICT;
        if (r)
                return r;
        (void)begin(database, SQLITE_STATEMENT_DELETE_USER_SIDS, tenant, user);
        r = sqlite_database_run(database, SQLITE_STATEMENT_DELETE_USER_SIDS);
        if (r)
                return r;
        (void)begin(database, SQLITE_STATEMENT_DELETE_USER, tenant, user);
        return sqlite_database_run(database, SQLITE_STATEMENT_DELETE_USER);
}
