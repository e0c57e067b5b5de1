/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/session/state-change.h"
#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"
#include "daemon/store/failure-table.h"
#include "daemon/store/sqlite-database.h"
#include "daemon/store/sqlite-records.h"
#include "daemon/store/store-scan.h"
#include "daemon/store/store-commit.h"

/* Texts are borrowed until the statement was run: sqlite_database_finish() clears them. Nothing is allocated, so
 * binding cannot fail. */
static void bind_text(
        SqliteDatabase *database, SqliteStatement statement, int i, const char *text) {
        (void)sqlite3_bind_text(database->statements[statement], i, text, -1, SQLITE_STATIC);
}

static void bind_int(SqliteDatabase *database, SqliteStatement statement, int i, int64_t number) {
        (void)sqlite3_bind_int64(database->statements[statement], i, number);
}

static int column_copy(sqlite3_stmt *statement, int i, char **ret_text) {
        const unsigned char *text = sqlite3_column_text(statement, i);

        if (!text)
                return -ENOMEM;
        *ret_text = strdup((const char *)text);
        return *ret_text ? 0 : -ENOMEM;
}

static int add_column(StateFields *fields, const char *name, sqlite3_stmt *row, int i) {
        const unsigned char *value = sqlite3_column_text(row, i);

        if (!name || !value)
                return -ENOMEM;
        return state_fields_add(
                fields, name, (const char *)value, (size_t)sqlite3_column_bytes(row, i));
}

static int read_field(StateFields *fields, sqlite3_stmt *row) {
        int r = 0;

        /* We never write a user's row without fields. */
        if (sqlite3_column_type(row, 0) == SQLITE_NULL)
                return USER_STATE_E_CORRUPT;
        if (fields->n_items == 0)
                r = add_column(fields, STATE_FIELD_VERSION, row, 2);
        return r ? r : add_column(fields, (const char *)sqlite3_column_text(row, 0), row, 1);
}

int sqlite_records_load(
        SqliteDatabase *database, const char *tenant, const char *user, UserState **ret_state) {
        _cleanup_(state_fields_clear) StateFields fields = { 0 };
        SqliteStatement statement = SQLITE_STATEMENT_READ_FIELDS;
        sqlite3_stmt *row = database->statements[statement];
        int r = 0, code, failed;

        bind_text(database, statement, 1, tenant);
        bind_text(database, statement, 2, user);
        while ((code = sqlite3_step(row)) == SQLITE_ROW && r == 0)
                r = read_field(&fields, row);
        failed = sqlite_database_finish(database, statement, code);
        if (failed)
                return failed;
        if (r == 0)
                r = state_fields_decode(tenant, user, &fields, ret_state);
        return r == USER_STATE_E_CORRUPT ? STORE_E_CORRUPT : r;
}

/* @ret_id: of the row, 0: there is none. */
static int check_version(SqliteDatabase *database, const UserState *before, int64_t *ret_id) {
        SqliteStatement statement = SQLITE_STATEMENT_READ_VERSION;
        sqlite3_stmt *row = database->statements[statement];
        char version[STATE_VERSION_SIZE + 1] = "";
        int code, failed;
        bool same;

        if (before->version.incarnation != 0)
                state_version_format(&before->version, version);
        bind_text(database, statement, 1, before->tenant);
        bind_text(database, statement, 2, before->user);
        code = sqlite3_step(row);
        if (code == SQLITE_ROW) {
                const char *stored = (const char *)sqlite3_column_text(row, 1);

                same = stored && strcmp(stored, version) == 0;
                *ret_id = sqlite3_column_int64(row, 0);
        } else {
                same = before->version.incarnation == 0;
                *ret_id = 0;
        }
        failed = sqlite_database_finish(database, statement, code);
        if (failed)
                return failed;
        return same ? 0 : STORE_E_CONFLICT;
}

static int run_with_id(SqliteDatabase *database, SqliteStatement statement, int64_t id) {
        bind_int(database, statement, 1, id);
        return sqlite_database_run(database, statement);
}

/* An end beyond all calendars is stored as no end. */
static void bind_end(SqliteDatabase *database, SqliteStatement statement, int i, uint64_t end_sec) {
        if (end_sec <= INT64_MAX)
                bind_int(database, statement, i, (int64_t)end_sec);
}

static int add_state(SqliteDatabase *database, const UserState *state, int64_t *ret_id) {
        char version[STATE_VERSION_SIZE + 1];
        int r;

        state_version_format(&state->version, version);
        bind_text(database, SQLITE_STATEMENT_ADD_STATE, 1, state->tenant);
        bind_text(database, SQLITE_STATEMENT_ADD_STATE, 2, state->user);
        bind_text(database, SQLITE_STATEMENT_ADD_STATE, 3, version);
        bind_end(database, SQLITE_STATEMENT_ADD_STATE, 4, user_state_end_sec(state));
        r = sqlite_database_run(database, SQLITE_STATEMENT_ADD_STATE);
        if (r == 0 && sqlite3_changes(database->handle) == 0)
                return STORE_E_CONFLICT;
        *ret_id = sqlite3_last_insert_rowid(database->handle);
        return r;
}

/* If the end has not changed, its index is not touched. */
static int set_state(
        SqliteDatabase *database, const UserState *before, const UserState *after, int64_t id) {
        uint64_t end_sec = user_state_end_sec(after);
        SqliteStatement statement = SQLITE_STATEMENT_SET_VERSION;
        char version[STATE_VERSION_SIZE + 1];

        if (end_sec != user_state_end_sec(before)) {
                statement = SQLITE_STATEMENT_SET_END;
                bind_end(database, statement, 3, end_sec);
        }
        state_version_format(&after->version, version);
        bind_text(database, statement, 2, version);
        return run_with_id(database, statement, id);
}

static bool knows_sid(const UserState *state, const char *sid) {
        return user_state_find(state, sid) || user_state_find_ended(state, sid);
}

/* The fields whose name contains a sid: the index has each session that the state knows, live or
 * ended. */
static const char *sid_of(const StateField *field) {
        if (strncmp(field->name, STATE_FIELD_LIVE, strlen(STATE_FIELD_LIVE)) == 0)
                return field->name + strlen(STATE_FIELD_LIVE);
        if (strncmp(field->name, STATE_FIELD_ENDED, strlen(STATE_FIELD_ENDED)) == 0)
                return field->name + strlen(STATE_FIELD_ENDED);
        return NULL;
}

static int delete_sid(SqliteDatabase *database, const char *tenant, const char *sid) {
        bind_text(database, SQLITE_STATEMENT_DELETE_SID, 1, tenant);
        bind_text(database, SQLITE_STATEMENT_DELETE_SID, 2, sid);
        return sqlite_database_run(database, SQLITE_STATEMENT_DELETE_SID);
}

static int delete_state(SqliteDatabase *database, const UserState *before, int64_t id) {
        int r = run_with_id(database, SQLITE_STATEMENT_DELETE_STATE, id);

        for (size_t i = 0; r == 0 && i < before->n_sessions; i++)
                r = delete_sid(database, before->tenant, before->sessions[i]->sid);
        for (size_t i = 0; r == 0 && i < before->n_ended; i++)
                r = delete_sid(database, before->tenant, before->ended[i].sid);
        return r;
}

static int delete_field(
        SqliteDatabase *database, const UserState *after, int64_t id, const StateField *field) {
        SqliteStatement statement = SQLITE_STATEMENT_DELETE_FIELD;
        const char *sid = sid_of(field);
        int r;

        bind_text(database, statement, 2, field->name);
        r = run_with_id(database, statement, id);
        if (r || !sid || knows_sid(after, sid))
                return r;
        return delete_sid(database, after->tenant, sid);
}

/* The version is in the user's row. */
static int write_field(
        SqliteDatabase *database, SqliteStatement statement, int64_t id, const StateField *field) {
        if (strcmp(field->name, STATE_FIELD_VERSION) == 0)
                return 0;
        bind_text(database, statement, 2, field->name);
        bind_text(database, statement, 3, field->value);
        return run_with_id(database, statement, id);
}

static int add_field(
        SqliteDatabase *database, const UserState *before, int64_t id, const StateField *field) {
        const char *sid = sid_of(field);
        int r;

        r = write_field(database, SQLITE_STATEMENT_ADD_FIELD, id, field);
        if (r || !sid || knows_sid(before, sid))
                return r;
        bind_text(database, SQLITE_STATEMENT_ADD_SID, 1, before->tenant);
        bind_text(database, SQLITE_STATEMENT_ADD_SID, 2, sid);
        bind_int(database, SQLITE_STATEMENT_ADD_SID, 3, id);
        return sqlite_database_run(database, SQLITE_STATEMENT_ADD_SID);
}

static int write_change(SqliteDatabase *database, const StoreCommit *commit, int64_t id,
        const StateChange *change) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < change->gone.n_items; i++)
                r = delete_field(database, commit->after, id, &change->gone.items[i]);
        for (size_t i = 0; r == 0 && i < change->changed.n_items; i++)
                r = write_field(
                        database, SQLITE_STATEMENT_CHANGE_FIELD, id, &change->changed.items[i]);
        for (size_t i = 0; r == 0 && i < change->added.n_items; i++)
                r = add_field(database, commit->before, id, &change->added.items[i]);
        return r;
}

int sqlite_records_store(SqliteDatabase *database, const StoreCommit *commit) {
        const UserState *before = commit->before, *after = commit->after;
        _cleanup_(state_change_clear) StateChange change = { 0 };
        int64_t id = 0;
        int r = 0;

        /* Do not look for a row first: adding it shows whether it was there. */
        if (before->version.incarnation != 0 || user_state_end_sec(after) == 0)
                r = check_version(database, before, &id);
        if (r)
                return r;
        if (user_state_end_sec(after) == 0)
                return id == 0 ? 0 : delete_state(database, before, id);
        r = state_change_make(before, after, &change);
        if (r)
                return r;
        r = id == 0 ? add_state(database, after, &id) : set_state(database, before, after, id);
        return r ? r : write_change(database, commit, id, &change);
}

int sqlite_records_find(
        SqliteDatabase *database, const char *tenant, const char *sid, char **ret_user) {
        SqliteStatement statement = SQLITE_STATEMENT_FIND_SID;
        sqlite3_stmt *row = database->statements[statement];
        int r = STORE_E_NOT_FOUND, code, failed;

        bind_text(database, statement, 1, tenant);
        bind_text(database, statement, 2, sid);
        code = sqlite3_step(row);
        if (code == SQLITE_ROW)
                r = column_copy(row, 0, ret_user);
        failed = sqlite_database_finish(database, statement, code);
        return failed ? failed : r;
}

void sqlite_names_clear(SqliteNames *names) {
        for (size_t i = 0; i < names->n_names; i++) {
                free(names->users[i]);
                if (names->tenants)
                        free(names->tenants[i]);
        }
        free(names->users);
        free(names->tenants);
        *names = (SqliteNames){ 0 };
}

static int add_user(SqliteNames *names, sqlite3_stmt *row, int column) {
        char **users = names->users;

        /* Capacity doubles at the powers of two. */
        if ((names->n_names & (names->n_names - 1)) == 0) {
                users = reallocarray(
                        users, names->n_names ? 2 * names->n_names : 1, sizeof(*users));
                if (!users)
                        return -ENOMEM;
                names->users = users;
        }
        if (column_copy(row, column, &users[names->n_names]) < 0)
                return -ENOMEM;
        names->n_names++;
        return 0;
}

static int read_users(SqliteDatabase *database, SqliteStatement statement, SqliteNames *ret_names) {
        sqlite3_stmt *row = database->statements[statement];
        int r = 0, code, failed;

        while ((code = sqlite3_step(row)) == SQLITE_ROW && r == 0)
                r = add_user(ret_names, row, 0);
        failed = sqlite_database_finish(database, statement, code);
        return failed ? failed : r;
}

int sqlite_records_scan(
        SqliteDatabase *database, const char *tenant, const char *after, SqliteNames *ret_names) {
        bind_text(database, SQLITE_STATEMENT_SCAN, 1, tenant);
        bind_text(database, SQLITE_STATEMENT_SCAN, 2, after);
        bind_int(database, SQLITE_STATEMENT_SCAN, 3, STORE_PAGE_MAX);
        return read_users(database, SQLITE_STATEMENT_SCAN, ret_names);
}

static int read_mark(SqliteDatabase *database, const SqliteMark *mark, char **ret_value) {
        SqliteStatement statement = SQLITE_STATEMENT_READ_MARK;
        sqlite3_stmt *row = database->statements[statement];
        int r = 0, code, failed;

        bind_text(database, statement, 1, mark->tenant);
        bind_text(database, statement, 2, mark->name);
        code = sqlite3_step(row);
        if (code == SQLITE_ROW)
                r = column_copy(row, 0, ret_value);
        failed = sqlite_database_finish(database, statement, code);
        return failed ? failed : r;
}

static int write_mark(SqliteDatabase *database, const SqliteMark *mark) {
        SqliteStatement statement =
                *mark->value ? SQLITE_STATEMENT_WRITE_MARK : SQLITE_STATEMENT_DELETE_MARK;

        bind_text(database, statement, 1, mark->tenant);
        bind_text(database, statement, 2, mark->name);
        if (*mark->value)
                bind_text(database, statement, 3, mark->value);
        return sqlite_database_run(database, statement);
}

int sqlite_records_mark(SqliteDatabase *database, const SqliteMark *mark, char **ret_value) {
        _cleanup_(freep) char *stored = NULL, *written = NULL;
        int r;

        r = read_mark(database, mark, &stored);
        if (r == 0 && mark->expected && strcmp(STRING_OR_EMPTY(stored), mark->expected) != 0)
                r = STORE_E_CONFLICT;
        if (r == 0 && mark->expected) {
                written = *mark->value ? strdup(mark->value) : NULL;
                if (*mark->value && !written)
                        return -ENOMEM;
                r = write_mark(database, mark);
                if (r == 0)
                        *ret_value = TAKE_PTR(written);
                return r;
        }
        if (r == 0 || r == STORE_E_CONFLICT)
                *ret_value = TAKE_PTR(stored);
        return r;
}

int sqlite_records_guard(SqliteDatabase *database, const SqliteMark *mark) {
        _cleanup_(freep) char *stored = NULL;
        int r;

        r = read_mark(database, mark, &stored);
        if (r)
                return r;
        return stored && strncmp(stored, mark->expected, strlen(mark->expected)) == 0
                       ? 0
                       : STORE_E_MARK;
}

static int add_pair(SqliteNames *names, sqlite3_stmt *row) {
        char *tenant = NULL;
        int r;

        r = column_copy(row, 0, &tenant);
        if (r == 0)
                r = add_user(names, row, 1);
        if (r < 0) {
                free(tenant);
                return r;
        }
        names->tenants[names->n_names - 1] = tenant;
        return 0;
}

static void bind_key(SqliteDatabase *database, SqliteStatement statement, const FailureKey *key) {
        bind_text(database, statement, 1, key->tenant);
        bind_text(database, statement, 2, key->user);
        bind_text(database, statement, 3, key->place);
}

int sqlite_records_lock_out(SqliteDatabase *database, const FailureKey *key, uint64_t until_sec) {
        bind_key(database, SQLITE_STATEMENT_ADD_LOCK_OUT, key);
        bind_int(database, SQLITE_STATEMENT_ADD_LOCK_OUT, 4, (int64_t)until_sec);
        return sqlite_database_run(database, SQLITE_STATEMENT_ADD_LOCK_OUT);
}

int sqlite_records_lift(SqliteDatabase *database, const FailureKey *key) {
        bind_key(database, SQLITE_STATEMENT_DELETE_LOCK_OUTS, key);
        return sqlite_database_run(database, SQLITE_STATEMENT_DELETE_LOCK_OUTS);
}

int sqlite_records_lock_outs(SqliteDatabase *database, FailureTable *table) {
        SqliteStatement statement = SQLITE_STATEMENT_READ_LOCK_OUTS;
        sqlite3_stmt *row = database->statements[statement];
        int code;

        bind_int(database, statement, 1, FAILURE_TABLE_MAX);
        while ((code = sqlite3_step(row)) == SQLITE_ROW) {
                const FailureKey key = {
                        .tenant = (const char *)sqlite3_column_text(row, 0),
                        .user = (const char *)sqlite3_column_text(row, 1),
                        .place = (const char *)sqlite3_column_text(row, 2),
                };

                if (key.tenant && key.user && key.place)
                        failure_table_lock(table, &key, (uint64_t)sqlite3_column_int64(row, 3));
        }
        return sqlite_database_finish(database, statement, code);
}

static void bind_time(SqliteDatabase *database, SqliteStatement statement, int i, uint64_t sec) {
        bind_int(database, statement, i, (int64_t)(sec > INT64_MAX ? INT64_MAX : sec));
}

static int expire_lock_outs(SqliteDatabase *database, uint64_t passed_sec) {
        bind_time(database, SQLITE_STATEMENT_EXPIRE_LOCK_OUTS, 1, passed_sec);
        return sqlite_database_run(database, SQLITE_STATEMENT_EXPIRE_LOCK_OUTS);
}

int sqlite_records_expire(SqliteDatabase *database, const Moment *moment, SqliteNames *ret_names) {
        SqliteStatement statement = SQLITE_STATEMENT_EXPIRE;
        sqlite3_stmt *row = database->statements[statement];
        int r, code, failed;

        r = expire_lock_outs(database, moment->passed_sec);
        if (r)
                return r;
        bind_time(database, SQLITE_STATEMENT_EXPIRE_SIDS, 1, moment->settled_sec);
        bind_int(database, SQLITE_STATEMENT_EXPIRE_SIDS, 2, SQLITE_RECORDS_EXPIRE_MAX);
        r = sqlite_database_run(database, SQLITE_STATEMENT_EXPIRE_SIDS);
        if (r)
                return r;
        ret_names->tenants = calloc(SQLITE_RECORDS_EXPIRE_MAX, sizeof(char *));
        if (!ret_names->tenants)
                return -ENOMEM;
        bind_time(database, statement, 1, moment->settled_sec);
        bind_int(database, statement, 2, SQLITE_RECORDS_EXPIRE_MAX);
        while ((code = sqlite3_step(row)) == SQLITE_ROW && r == 0)
                r = add_pair(ret_names, row);
        failed = sqlite_database_finish(database, statement, code);
        return failed ? failed : r;
}
