#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Dictionaries as rows of a table, for people or as JSON.
 */

#include <stddef.h>

#include "cli/command.h"
#include "cli/dictionary.h"
#include "common/cleanup.h"

typedef struct Table Table;

typedef enum TableForm {
        TABLE_PLAIN,
        TABLE_JSON,
} TableForm;

typedef enum ColumnKind {
        COLUMN_TEXT,
        COLUMN_NUMBER,
        COLUMN_FLAG, /* yes or no */
        COLUMN_TIME, /* local time for people, seconds since the epoch in JSON */
        COLUMN_LIST, /* comma-separated for people, array of strings in JSON */
} ColumnKind;

typedef enum ColumnUse {
        COLUMN_BOTH,
        COLUMN_PLAIN_ONLY,
        COLUMN_JSON_ONLY,
} ColumnUse;

/* A column without content in any row is left out for people. The first column shows the tree. */
typedef struct Column {
        const char *heading;   /* in JSON the name, in small letters */
        const char *key;       /* of the dictionary of a row; NULL: stays empty */
        const char *child_key; /* the same for a row below another */
        ColumnKind kind;
        ColumnUse use;
} Column;

/**
 * table_new() - an empty table
 * @name:       of the list in JSON
 * @columns:    borrowed for the table's life
 * @n_columns:  number of them
 * @form:       how it will be printed
 * @ret_table:  owned by the caller
 *
 * Return: 0; negative errno.
 */
int table_new(const char *name, const Column *columns, size_t n_columns, TableForm form,
        Table **ret_table);

/**
 * table_free() - free a table
 * @table:      NULL is fine
 *
 * Return: NULL.
 */
Table *table_free(Table *table);
DEFINE_CLEANUP(Table, table_free)

/**
 * table_add() - add a row, and rows below it
 * @table:      grows
 * @row:        borrowed
 * @children:   the first of a list, borrowed; NULL for none
 *
 * Return: 0; negative errno.
 */
int table_add(Table *table, const Dictionary *row, const Dictionary *children);

/**
 * table_print() - write the table to standard output
 * @table:      filled
 *
 * Return: STATUS_OK; STATUS_FAILED, complained.
 */
ExitStatus table_print(Table *table);
