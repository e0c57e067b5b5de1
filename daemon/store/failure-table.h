#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Failed logins by tenant, user and place, in memory and bounded: the entry that was used longest
 * ago is forgotten first. Lock-outs are not forgotten, or a flood of names would end them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

#define FAILURE_TABLE_MAX 16384u

typedef struct FailureTable FailureTable;
typedef struct LockOutList LockOutList;

/* Whose failures. @place: where they came from, as text. Borrowed. Where several are meant, "" stands for any. */
typedef struct FailureKey {
        const char *tenant, *user, *place;
} FailureKey;

typedef struct FailureRules {
        unsigned int max; /* failures that lock out; 0: nobody is ever locked out */
        uint64_t window_sec, lock_out_sec;
} FailureRules;

/* What is reported about an attempt. A reserved attempt counts as a failure until its outcome is known: of
 * many at once, no more are made than may fail. */
typedef enum FailureStep {
        FAILURE_COUNT,          /* it failed, and was not reserved */
        FAILURE_RESERVE,        /* it is to be made */
        FAILURE_COUNT_RESERVED, /* it was reserved, and failed */
        FAILURE_RELEASE,        /* it was reserved, and is no failure */
} FailureStep;

typedef struct FailureQuestion {
        FailureKey key;
        FailureRules rules;
        uint64_t now_sec; /* the caller's clock */
        FailureStep step; /* for who tells something */
} FailureQuestion;

/**
 * failure_table_new() - an empty table
 * @count_max:  entries
 * @ret_table:  owned by the caller
 *
 * Return: 0; -ENOMEM; -EIO no random numbers.
 */
int failure_table_new(size_t count_max, FailureTable **ret_table);

/**
 * failure_table_free() - free a table
 * @table:      NULL is fine
 *
 * Return: NULL.
 */
FailureTable *failure_table_free(FailureTable *table);
DEFINE_CLEANUP(FailureTable, failure_table_free)

/**
 * failure_table_is_locked() - whether a place is locked out now
 * @table:      any
 * @question:   borrowed
 *
 * An end further ahead than a lock-out lasts does not count: the clock was set back.
 */
bool failure_table_is_locked(const FailureTable *table, const FailureQuestion *question);

/**
 * failure_table_reserve() - reserve an attempt, unless as many as may fail have failed or are under way
 * @table:      changes; a table that is full of lock-outs, or without memory, reserves nothing
 * @question:   borrowed
 *
 * Return: true if the attempt may be made.
 */
bool failure_table_reserve(FailureTable *table, const FailureQuestion *question);

/**
 * failure_table_release() - a reserved attempt is over
 * @table:      changes, unless it has forgotten the place meanwhile
 * @key:        borrowed
 */
void failure_table_release(FailureTable *table, const FailureKey *key);

/**
 * failure_table_count() - count a failure
 * @table:      changes; a table that is full of lock-outs, or without memory, counts nothing
 * @question:   borrowed; its step is FAILURE_COUNT or FAILURE_COUNT_RESERVED
 *
 * The window begins with the first failure. While locked out, nothing is counted. Return: true if this
 * failure was the one that locks out.
 */
bool failure_table_count(FailureTable *table, const FailureQuestion *question);

/**
 * failure_table_lock() - lock a place out until a time
 * @table:      changes, if there is room
 * @key:        borrowed
 * @until_sec:  first second of freedom
 */
void failure_table_lock(FailureTable *table, const FailureKey *key, uint64_t until_sec);

/**
 * failure_table_lift() - end lock-outs, and begin to count anew
 * @table:      changes; reserved attempts stay reserved
 * @question:   any of its names may be ""; a single named place is counted anew even if it is not locked
 *              out
 *
 * Return: how many places were locked out until now.
 */
unsigned int failure_table_lift(FailureTable *table, const FailureQuestion *question);

/**
 * failure_table_list() - who is locked out now
 * @table:      any
 * @question:   any of its names may be ""
 * @list:       grows
 *
 * Return: 0; -ENOMEM.
 */
int failure_table_list(
        const FailureTable *table, const FailureQuestion *question, LockOutList *list);

/**
 * failure_table_locks() - whether any place was locked out, and may still be
 * @table:      any
 */
bool failure_table_locks(const FailureTable *table);

/**
 * failure_table_size() - entries
 * @table:      any
 */
size_t failure_table_size(const FailureTable *table);
