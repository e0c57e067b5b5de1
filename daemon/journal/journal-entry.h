#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One event as the bytes that are sent: a datagram of the journal's native protocol, which is NAME=value
 * lines, or NAME, size and bytes for a value with newlines (systemd.io/JOURNAL_NATIVE_PROTOCOL); or a
 * line of text for standard error.
 */

#include <stddef.h>

#include "daemon/journal/journal.h"

/* What journal_send() was given. Borrowed. */
typedef struct JournalEvent {
        int priority;
        const char *message;
        const JournalField *fields;
        size_t n_fields;
} JournalEvent;

typedef struct JournalEntry {
        char *data;
        size_t size;
} JournalEntry;

/**
 * journal_entry_native() - write a datagram
 * @event:      borrowed
 * @ret_entry:  owned by the caller, who frees its data
 *
 * Return: 0; -ENOMEM.
 */
int journal_entry_native(const JournalEvent *event, JournalEntry *ret_entry);

/**
 * journal_entry_text() - write a line
 * @event:      borrowed; of its fields the AUTHTOKEN_ ones are shown
 * @line:       receives the line with its newline; not ended with NUL
 * @size:       bytes of @line; what does not fit is cut
 *
 * Control characters are written as \xNN: a name that somebody chose can neither begin a new line
 * nor control a terminal. Return: bytes of the line.
 */
size_t journal_entry_text(const JournalEvent *event, char *line, size_t size);
