#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One datagram of the journal's native protocol: NAME=value lines, or NAME, size and bytes for a value
 * with newlines (systemd.io/JOURNAL_NATIVE_PROTOCOL).
 */

#include <stddef.h>

typedef struct JournalEntry {
        char *data;
        size_t size;
} JournalEntry;

/**
 * journal_entry_begin() - MESSAGE=, PRIORITY= and who we are
 * @entry:      zeroed
 * @priority:   syslog priority
 * @message:    text
 *
 * Return: 0; -ENOMEM. Either way journal_entry_clear() frees it.
 */
int journal_entry_begin(JournalEntry *entry, int priority, const char *message);

/**
 * journal_entry_add() - one more field
 * @entry:      begun
 * @name:       [A-Z_]
 * @value:      any text
 *
 * Return: 0; -ENOMEM.
 */
int journal_entry_add(JournalEntry *entry, const char *name, const char *value);

/**
 * journal_entry_clear() - free what it owns
 * @entry:      empty afterwards
 */
void journal_entry_clear(JournalEntry *entry);
