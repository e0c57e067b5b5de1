#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Lines to the journal, without ever waiting for it: native-protocol datagrams with MSG_DONTWAIT
 * through a bounded queue that counts what it drops. Without a journal (or by configuration) the
 * lines go to standard error.
 */

#include <stddef.h>
#include <syslog.h>
#include <systemd/sd-event.h>

#include "common/cleanup.h"

#define JOURNAL_QUEUE_MAX       1024u
#define JOURNAL_QUEUE_BYTES_MAX 4194304u
#define JOURNAL_LINE_MAX        2048u

typedef struct Journal Journal;

typedef enum JournalTarget {
        JOURNAL_AUTO, /* the journal if it is there, else standard error */
        JOURNAL_NATIVE,
        JOURNAL_STDERR,
} JournalTarget;

typedef struct JournalField {
        const char *name;  /* [A-Z_], without '=' */
        const char *value; /* NULL: the field is left out */
} JournalField;

/**
 * journal_new() - open the way out
 * @event:      NULL before there is a loop: lines are then sent at once or queued
 * @target:     where to
 * @max_level:  LOG_INFO or LOG_DEBUG; less urgent lines are not written
 * @ret_journal: owned by the caller
 *
 * Return: 0; negative errno.
 */
int journal_new(sd_event *event, JournalTarget target, int max_level, Journal **ret_journal);

/**
 * journal_new_at() - journal_new() with a socket of one's choice
 * @path:       of a datagram socket that takes the native protocol; NULL for standard error
 * @event:      as for journal_new()
 * @max_level:  likewise
 * @ret_journal: owned by the caller
 *
 * Return: 0; negative errno.
 */
int journal_new_at(const char *path, sd_event *event, int max_level, Journal **ret_journal);

/**
 * journal_free() - try once more to send what is queued, then free
 * @journal:    NULL is fine
 *
 * Return: NULL.
 */
Journal *journal_free(Journal *journal);
DEFINE_CLEANUP(Journal, journal_free)

/**
 * journal_set_level() - change what is written
 * @journal:    any
 * @max_level:  as for journal_new()
 */
void journal_set_level(Journal *journal, int max_level);

/**
 * journal_send() - one event with fields
 * @journal:    NULL is fine: nothing is written
 * @priority:   syslog priority
 * @message:    one line, without a secret
 * @fields:     may be NULL with @n_fields 0; values with newlines are sent safely
 * @n_fields:   number of them
 */
void journal_send(Journal *journal, int priority, const char *message, const JournalField *fields,
        size_t n_fields);

/**
 * journal_log() - one line, printf-like
 * @journal:    NULL is fine
 * @priority:   syslog priority
 * @format:     printf format, without a secret among the arguments
 */
void journal_log(Journal *journal, int priority, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/**
 * journal_dropped() - how many lines were dropped because the journal took none
 * @journal:    any
 */
size_t journal_dropped(const Journal *journal);
