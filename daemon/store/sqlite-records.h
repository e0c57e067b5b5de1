#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What is read and written in the SQLite store's file. Each function returns 0, STORE_E_* or negative
 * errno; after an error of SQLite itself, sqlite_database_fail() has recorded it.
 */

#include <stddef.h>
#include <stdint.h>

#include "daemon/session/moment.h"

typedef struct FailureKey FailureKey;
typedef struct FailureTable FailureTable;
typedef struct SqliteDatabase SqliteDatabase;
typedef struct StateVersion StateVersion;
typedef struct StoreCommit StoreCommit;
typedef struct UserState UserState;

#define SQLITE_RECORDS_EXPIRE_MAX 1000u

/* Owned names; @tenants is NULL where there is only one. */
typedef struct SqliteNames {
        char **tenants, **users;
        size_t n_names;
} SqliteNames;

/**
 * sqlite_names_clear() - free what the names own
 * @names:      empty afterwards
 */
void sqlite_names_clear(SqliteNames *names);

/**
 * sqlite_records_load() - read a user's state
 * @database:   any
 * @tenant:     whose
 * @user:       whose
 * @ret_state:  owned by the caller; the empty state if nothing is stored
 */
int sqlite_records_load(
        SqliteDatabase *database, const char *tenant, const char *user, UserState **ret_state);

/**
 * sqlite_records_store() - turn a user's state into another if it is still the expected one
 * @database:   in a transaction
 * @commit:     the state that must be stored, by its version; and the new one, with its new
 *              version: an empty one is deleted
 *
 * STORE_E_CONFLICT, and a state that cannot be encoded, have written nothing.
 */
int sqlite_records_store(SqliteDatabase *database, const StoreCommit *commit);

/**
 * sqlite_records_find() - which user a session belongs to
 * @database:   any
 * @tenant:     whose
 * @sid:        live or ended
 * @ret_user:   owned by the caller
 *
 * STORE_E_NOT_FOUND: no such session.
 */
int sqlite_records_find(
        SqliteDatabase *database, const char *tenant, const char *sid, char **ret_user);

/* A change of a mark: see store-mark.h. */
typedef struct SqliteMark {
        const char *tenant, *name, *expected, *value;
} SqliteMark;

/**
 * sqlite_records_mark() - replace a mark if it is still the expected one, or read it
 * @database:   in a transaction, unless it is only read
 * @mark:       which, and how
 * @ret_value:  the stored text, owned by the caller; untouched if there is none
 *
 * STORE_E_CONFLICT has written nothing, and has set @ret_value.
 */
int sqlite_records_mark(SqliteDatabase *database, const SqliteMark *mark, char **ret_value);

/**
 * sqlite_records_guard() - whether a mark begins with the expected text
 * @database:   in the transaction that relies on it
 * @mark:       which; its value is not used
 *
 * Return: 0; STORE_E_MARK; as sqlite_records_mark().
 */
int sqlite_records_guard(SqliteDatabase *database, const SqliteMark *mark);

/**
 * sqlite_records_scan() - the next STORE_PAGE_MAX names
 * @database:   any
 * @tenant:     whose
 * @after:      name before the first one; "": from the beginning
 * @ret_names:  empty; cleared by the caller, on failure too
 */
int sqlite_records_scan(
        SqliteDatabase *database, const char *tenant, const char *after, SqliteNames *ret_names);

/**
 * sqlite_records_lock_out() - store until when somebody is locked out
 * @database:   in a transaction
 * @key:        who, and where
 * @until_sec:  seconds since the epoch
 */
int sqlite_records_lock_out(SqliteDatabase *database, const FailureKey *key, uint64_t until_sec);

/**
 * sqlite_records_lock_outs() - read the stored lock-outs
 * @database:   just opened
 * @table:      grows
 */
int sqlite_records_lock_outs(SqliteDatabase *database, FailureTable *table);

/**
 * sqlite_records_lift() - delete stored lock-outs of a user
 * @database:   in a transaction
 * @key:        whose; place may be "": all
 */
int sqlite_records_lift(SqliteDatabase *database, const FailureKey *key);

/**
 * sqlite_records_expire() - delete states whose end has passed, at most SQLITE_RECORDS_EXPIRE_MAX, and
 *                           all lock-outs that are over
 * @database:   in a transaction
 * @moment:     states are deleted when it is settled, lock-outs when it has passed
 * @ret_names:  whose; empty; cleared by the caller, on failure too
 */
int sqlite_records_expire(SqliteDatabase *database, const Moment *moment, SqliteNames *ret_names);
