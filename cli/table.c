/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <jansson.h>
#include <libsmartcols/libsmartcols.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/shown-text.h"
#include "cli/table.h"
#include "common/text.h"
#include "common/translation.h"

#define TIME_TEXT_SIZE 32u

struct Table {
        struct libscols_table *scols;
        const Column *columns;
        size_t n_columns;
        TableForm form;
        bool *filled; /* by column: whether any row has content */
};

static int json_kind_of(ColumnKind kind) {
        switch (kind) {
        case COLUMN_TEXT:
                return SCOLS_JSON_STRING;
        case COLUMN_NUMBER:
        case COLUMN_TIME:
                return SCOLS_JSON_NUMBER;
        case COLUMN_FLAG:
                return SCOLS_JSON_BOOLEAN;
        case COLUMN_LIST:
                /* Printed as it is: libsmartcols has no empty list, its own type makes it [null]. */
                return SCOLS_JSON_NUMBER;
        }
        return SCOLS_JSON_STRING;
}

static bool is_used(const Table *table, const Column *column) {
        switch (column->use) {
        case COLUMN_BOTH:
                return true;
        case COLUMN_PLAIN_ONLY:
                return table->form == TABLE_PLAIN;
        case COLUMN_JSON_ONLY:
                return table->form == TABLE_JSON;
        }
        return false;
}

static int add_column(Table *table, const Column *column) {
        const char *heading = table->form == TABLE_PLAIN ? _(column->heading) : column->heading;
        struct libscols_column *made;
        int flags = 0;

        if (column == table->columns)
                flags |= SCOLS_FL_TREE;
        if (!is_used(table, column))
                flags |= SCOLS_FL_HIDDEN;
        if (table->form == TABLE_PLAIN && column->kind == COLUMN_NUMBER)
                flags |= SCOLS_FL_RIGHT;
        made = scols_table_new_column(table->scols, heading, 0, flags);
        if (!made)
                return -ENOMEM;
        return scols_column_set_json_type(made, json_kind_of(column->kind));
}

static int set_up(Table *table, const char *name) {
        int r;

        table->filled = calloc(table->n_columns, sizeof(*table->filled));
        table->scols = scols_new_table();
        if (!table->filled || !table->scols)
                return -ENOMEM;
        r = scols_table_enable_json(table->scols, table->form == TABLE_JSON);
        if (r >= 0)
                r = scols_table_set_name(table->scols, name);
        for (size_t i = 0; i < table->n_columns && r >= 0; i++)
                r = add_column(table, &table->columns[i]);
        return r;
}

int table_new(const char *name, const Column *columns, size_t n_columns, TableForm form,
        Table **ret_table) {
        Table *table = calloc(1, sizeof(*table));
        int r;

        if (!table)
                return -ENOMEM;
        table->columns = columns;
        table->n_columns = n_columns;
        table->form = form;
        r = set_up(table, name);
        if (r >= 0)
                *ret_table = table;
        else
                table_free(table);
        return r < 0 ? r : 0;
}

Table *table_free(Table *table) {
        if (!table)
                return NULL;
        scols_unref_table(table->scols);
        free(table->filled);
        free(table);
        return NULL;
}

static int time_text(const char *seconds, char **ret_text) {
        char text[TIME_TEXT_SIZE];
        uint64_t value;
        struct tm fields;
        time_t when;

        if (text_parse_u64(seconds, INT64_MAX, &value))
                return -EINVAL;
        when = (time_t)value;
        if (!localtime_r(&when, &fields) ||
                strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &fields) == 0)
                return -EINVAL;
        *ret_text = strdup(text);
        return *ret_text ? 0 : -ENOMEM;
}

static int list_json(const char *lines, char **ret_text) {
        json_t *array = json_array();
        int r = array ? 0 : -ENOMEM;

        while (*lines && r == 0) {
                size_t size = strcspn(lines, "\n");

                r = json_array_append_new(array, json_stringn(lines, size)) ? -ENOMEM : 0;
                lines += size + (lines[size] ? 1 : 0);
        }
        if (r == 0) {
                *ret_text = json_dumps(array, JSON_COMPACT);
                r = *ret_text ? 0 : -ENOMEM;
        }
        json_decref(array);
        return r;
}

/* The text of a cell. In JSON everything except lists is printed as the dictionary has it. */
static int cell_text(const Table *table, ColumnKind kind, const char *value, char **ret_text) {
        bool is_plain = table->form == TABLE_PLAIN;

        if (is_plain && kind == COLUMN_TIME)
                return time_text(value, ret_text);
        if (!is_plain && kind == COLUMN_LIST)
                return list_json(value, ret_text);
        if (is_plain && kind == COLUMN_FLAG)
                value = strcmp(value, "0") ? "yes" : "no";
        *ret_text = strdup(value);
        if (!*ret_text)
                return -ENOMEM;
        if (is_plain && kind == COLUMN_LIST)
                for (char *p = strchr(*ret_text, '\n'); p; p = strchr(p, '\n'))
                        *p = ',';
        if (is_plain)
                shown_text_clean(*ret_text);
        return 0;
}

static int set_cell(Table *table, struct libscols_line *line, size_t index, const char *value) {
        char *text = NULL;
        int r;

        r = cell_text(table, table->columns[index].kind, value, &text);
        if (r < 0)
                return r;
        table->filled[index] |= *text != '\0';
        r = scols_line_set_data(line, index, text);
        free(text);
        return r;
}

static int add_line(Table *table, const Dictionary *row, struct libscols_line *parent,
        struct libscols_line **ret_line) {
        struct libscols_line *line = scols_table_new_line(table->scols, parent);

        if (!line)
                return -ENOMEM;
        for (size_t i = 0; i < table->n_columns; i++) {
                const Column *column = &table->columns[i];
                const char *value = dictionary_text(row, parent ? column->child_key : column->key);
                int r = value ? set_cell(table, line, i, value) : 0;

                if (r < 0)
                        return r;
        }
        *ret_line = line;
        return 0;
}

int table_add(Table *table, const Dictionary *row, const Dictionary *children) {
        struct libscols_line *line, *child;
        int r;

        r = add_line(table, row, NULL, &line);
        for (; children && r >= 0; children = dictionary_next(children))
                r = add_line(table, children, line, &child);
        return r;
}

static void hide_empty_columns(Table *table) {
        for (size_t i = 1; i < table->n_columns; i++) {
                struct libscols_column *column = scols_table_get_column(table->scols, i);

                if (!table->filled[i])
                        (void)scols_column_set_flags(
                                column, scols_column_get_flags(column) | SCOLS_FL_HIDDEN);
        }
}

ExitStatus table_print(Table *table) {
        int r;

        if (table->form == TABLE_PLAIN)
                hide_empty_columns(table);
        r = scols_print_table(table->scols);
        if (r < 0) {
                complain("cannot print the table: %s", strerror(-r));
                return STATUS_FAILED;
        }
        return finish_output();
}
