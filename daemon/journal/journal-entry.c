/* SPDX-License-Identifier: MIT */

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/journal/journal-entry.h"

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

/* A newline in a user's name must not begin a field of its own. */
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

int journal_entry_add(JournalEntry *entry, const char *name, const char *value) {
        return strchr(value, '\n') ? add_block(entry, name, value) : add_line(entry, name, value);
}

int journal_entry_begin(JournalEntry *entry, int priority, const char *message) {
        const char digit[] = { (char)('0' + (priority & 7)), '\0' };
        int r;

        r = journal_entry_add(entry, "MESSAGE", message);
        if (r >= 0)
                r = add_line(entry, "PRIORITY", digit);
        if (r >= 0)
                r = add_line(entry, "SYSLOG_FACILITY", "10"); /* LOG_AUTHPRIV */
        if (r >= 0)
                r = add_line(entry, "SYSLOG_IDENTIFIER", "authtokend");
        return r;
}

void journal_entry_clear(JournalEntry *entry) {
        free(entry->data);
        *entry = (JournalEntry){};
}
