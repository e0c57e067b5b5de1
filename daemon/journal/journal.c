/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "daemon/journal/journal-entry.h"
#include "daemon/journal/journal.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define RETRY_USEC     UINT64_C(100000)

typedef struct Line {
        struct Line *next; /* linked in Journal.first, in order */
        JournalEntry entry;
} Line;

struct Journal {
        sd_event *event;
        sd_event_source *retry;
        int fd; /* connected datagram socket; -1: standard error */
        int max_level;
        Line *first, **last;
        size_t n_lines, n_dropped, n_reported;
};

static void drop_first(Journal *journal) {
        Line *line = journal->first;

        journal->first = line->next;
        if (!journal->first)
                journal->last = &journal->first;
        journal->n_lines--;
        journal_entry_clear(&line->entry);
        free(line);
}

/* True when it is gone for good: sent, or not sendable at all. */
static bool send_entry(const Journal *journal, const JournalEntry *entry) {
        ssize_t n;

        n = send(journal->fd, entry->data, entry->size, MSG_DONTWAIT | MSG_NOSIGNAL);
        return n >= 0 || (errno != EAGAIN && errno != ENOBUFS && errno != EINTR);
}

static void write_stderr(int priority, const char *message) {
        struct pollfd output = { .fd = STDERR_FILENO, .events = POLLOUT };

        /* A terminal or pipe that nobody reads must not hold a login up. */
        if (poll(&output, 1, 0) == 1 && (output.revents & POLLOUT))
                (void)dprintf(STDERR_FILENO, "<%d>authtokend: %s\n", priority, message);
}

static void flush(Journal *journal) {
        while (journal->first && send_entry(journal, &journal->first->entry))
                drop_first(journal);
}

static void report_dropped(Journal *journal) {
        size_t n_new = journal->n_dropped - journal->n_reported;

        if (n_new == 0)
                return;
        journal->n_reported = journal->n_dropped;
        journal_log(journal, LOG_WARNING, "%zu lines were dropped: the journal took none", n_new);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        Journal *journal = userdata;

        flush(journal);
        if (!journal->first)
                report_dropped(journal);
        if (!journal->first)
                return sd_event_source_set_enabled(source, SD_EVENT_OFF);
        return sd_event_source_set_time(source, usec + RETRY_USEC);
}

static void schedule_retry(Journal *journal) {
        if (!journal->event)
                return;
        if (!journal->retry) {
                if (sd_event_add_time_relative(journal->event, &journal->retry, CLOCK_MONOTONIC,
                            RETRY_USEC, 0, on_retry, journal) >= 0)
                        (void)sd_event_source_set_enabled(journal->retry, SD_EVENT_ON);
                return;
        }
        (void)sd_event_source_set_time_relative(journal->retry, RETRY_USEC);
        (void)sd_event_source_set_enabled(journal->retry, SD_EVENT_ON);
}

static void enqueue(Journal *journal, JournalEntry *entry) {
        Line *line = journal->n_lines < JOURNAL_QUEUE_MAX ? calloc(1, sizeof(*line)) : NULL;

        if (!line) {
                journal->n_dropped++;
                journal_entry_clear(entry);
                return;
        }
        line->entry = *entry;
        *journal->last = line;
        journal->last = &line->next;
        if (journal->n_lines++ == 0)
                schedule_retry(journal);
}

void journal_send(Journal *journal, int priority, const char *message, const JournalField *fields,
        size_t n_fields) {
        JournalEntry entry = {};

        if (!journal || priority > journal->max_level)
                return;
        if (journal->fd < 0) {
                write_stderr(priority, message);
                return;
        }
        if (journal_entry_begin(&entry, priority, message) < 0)
                goto failed;
        for (size_t i = 0; i < n_fields; i++)
                if (fields[i].value &&
                        journal_entry_add(&entry, fields[i].name, fields[i].value) < 0)
                        goto failed;
        /* In order: nothing overtakes what waits. */
        if (!journal->first && send_entry(journal, &entry)) {
                journal_entry_clear(&entry);
                return;
        }
        enqueue(journal, &entry);
        return;
failed:
        journal->n_dropped++;
        journal_entry_clear(&entry);
}

void journal_log(Journal *journal, int priority, const char *format, ...) {
        char message[JOURNAL_LINE_MAX];
        va_list arguments;

        if (!journal || priority > journal->max_level)
                return;
        va_start(arguments, format);
        vsnprintf(message, sizeof(message), format, arguments);
        va_end(arguments);
        journal_send(journal, priority, message, NULL, 0);
}

static int connect_native(const char *path, int *ret_fd) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_(closep) int fd = -1;

        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        memcpy(address.sun_path, path, strlen(path));
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                return -errno;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int journal_new_at(const char *path, sd_event *event, int max_level, Journal **ret_journal) {
        Journal *journal = calloc(1, sizeof(*journal));
        int r = 0;

        if (!journal)
                return -ENOMEM;
        journal->fd = -1;
        journal->last = &journal->first;
        journal->max_level = max_level;
        journal->event = sd_event_ref(event);
        if (path)
                r = connect_native(path, &journal->fd);
        if (r < 0) {
                journal_free(journal);
                return r;
        }
        *ret_journal = journal;
        return 0;
}

int journal_new(sd_event *event, JournalTarget target, int max_level, Journal **ret_journal) {
        int r;

        if (target != JOURNAL_STDERR) {
                r = journal_new_at(JOURNAL_SOCKET, event, max_level, ret_journal);
                if (r >= 0 || target == JOURNAL_NATIVE)
                        return r;
        }
        return journal_new_at(NULL, event, max_level, ret_journal);
}

Journal *journal_free(Journal *journal) {
        if (!journal)
                return NULL;
        flush(journal);
        while (journal->first)
                drop_first(journal);
        sd_event_source_disable_unref(journal->retry);
        sd_event_unref(journal->event);
        if (journal->fd >= 0)
                close(journal->fd);
        free(journal);
        return NULL;
}

void journal_set_level(Journal *journal, int max_level) {
        journal->max_level = max_level;
}

size_t journal_dropped(const Journal *journal) {
        return journal->n_dropped;
}
