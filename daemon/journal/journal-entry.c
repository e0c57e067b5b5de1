/* SPDX-License-Identifier: MIT */

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/journal/journal-entry.h"

#define OWN_PREFIX "AUTHTOKEN_"

static char *grow(JournalEntry *entry, size_t size) {
        char *data = realloc(entry->data, entry->size + size), *end;

        if (!data)
                return NULL;
        entry->data = data;
        end = data + entry->size;
        entry->size += size;
        return end;
}

static int add_line(JournalEntry *entry, const char *name, const char *value) {
        size_t name_size = strlen(name), value_size = strlen(value);
        char *line = grow(entry, name_size + 1 + value_size + 1);

        if (!line)
                return -ENOMEM;
        memcpy(line, name, name_size);
        line[name_size] = '=';
        memcpy(line + name_size + 1, value, value_size);
        line[name_size + 1 + value_size] = '\n';
        return 0;
}

/* A newline in a user's name must not begin another field. */
static int add_block(JournalEntry *entry, const char *name, const char *value) {
        size_t name_size = strlen(name), value_size = strlen(value);
        uint64_t size = htole64(value_size);
        char *block = grow(entry, name_size + 1 + sizeof(size) + value_size + 1);

        if (!block)
                return -ENOMEM;
        memcpy(block, name, name_size);
        block[name_size] = '\n';
        memcpy(block + name_size + 1, &size, sizeof(size));
        memcpy(block + name_size + 1 + sizeof(size), value, value_size);
        block[name_size + 1 + sizeof(size) + value_size] = '\n';
        return 0;
}

static int add(JournalEntry *entry, const char *name, const char *value) {
        return strchr(value, '\n') ? add_block(entry, name, value) : add_line(entry, name, value);
}

static int add_all(const JournalEvent *event, JournalEntry *entry) {
        const char digit[] = { (char)('0' + LOG_PRI(event->priority)), '\0' };
        int r;

        r = add(entry, "MESSAGE", event->message);
        if (r >= 0)
                r = add(entry, "PRIORITY", digit);
        if (r >= 0)
                r = add(entry, "SYSLOG_FACILITY", "10"); /* LOG_AUTHPRIV */
        if (r >= 0)
                r = add(entry, "SYSLOG_IDENTIFIER", "authtokend");
        for (size_t i = 0; i < event->n_fields && r >= 0; i++)
                if (event->fields[i].value)
                        r = add(entry, event->fields[i].name, event->fields[i].value);
        return r;
}

int journal_entry_native(const JournalEvent *event, JournalEntry *ret_entry) {
        JournalEntry entry = {};
        int r;

        r = add_all(event, &entry);
        if (r < 0) {
                free(entry.data);
                return r;
        }
        *ret_entry = entry;
        return 0;
}

/* A line under construction; one byte is kept for the newline. */
typedef struct Line {
        char *text;
        size_t used, size;
} Line;

static void put(Line *line, const char *text, size_t size) {
        if (size >= line->size - line->used)
                size = line->size - line->used - 1;
        memcpy(line->text + line->used, text, size);
        line->used += size;
}

static void put_text(Line *line, const char *text) {
        put(line, text, strlen(text));
}

/* Nearly all characters. */
static bool is_plain(unsigned char c) {
        return c >= ' ' && c < 0x7f && c != '\\' && c != '"';
}

/* C0, DEL and C1 (two bytes in UTF-8); and the characters that the form itself uses. */
static bool needs_escape(const char *text, size_t i) {
        unsigned char before = i > 0 ? (unsigned char)text[i - 1] : 0;
        unsigned char here = (unsigned char)text[i], behind = (unsigned char)text[i + 1];

        if (here < ' ' || here == 0x7f || here == '\\' || here == '"')
                return true;
        return (here == 0xc2 && behind < 0xa0) || (before == 0xc2 && here < 0xa0);
}

static void put_safely(Line *line, const char *text) {
        static const char hex[] = "0123456789abcdef";

        size_t begin = 0, i;

        for (i = 0; text[i]; i++) {
                unsigned char c = (unsigned char)text[i];
                const char escape[] = { '\\', 'x', hex[c >> 4], hex[c & 15] };

                if (is_plain(c) || !needs_escape(text, i))
                        continue;
                put(line, text + begin, i - begin);
                put(line, escape, sizeof(escape));
                begin = i + 1;
        }
        put(line, text + begin, i - begin);
}

size_t journal_entry_text(const JournalEvent *event, char *text, size_t size) {
        const char digit[] = { '<', (char)('0' + LOG_PRI(event->priority)), '>' };
        Line line = { .text = text, .size = size };

        put(&line, digit, sizeof(digit));
        put_text(&line, "authtokend: ");
        put_safely(&line, event->message);
        for (size_t i = 0; i < event->n_fields; i++) {
                const JournalField *field = &event->fields[i];

                if (!field->value || strncmp(field->name, OWN_PREFIX, strlen(OWN_PREFIX)))
                        continue;
                put_text(&line, " ");
                put_text(&line, field->name);
                put_text(&line, "=\"");
                put_safely(&line, field->value);
                put_text(&line, "\"");
        }
        text[line.used++] = '\n';
        return line.used;
}
