/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "daemon/journal/journal-entry.h"
#include "daemon/journal/journal.h"

#define JOURNAL_SOCKET      "/run/systemd/journal/socket"
#define RETRY_USEC          UINT64_C(100000) /* when it took nothing */
#define GO_ON_USEC          UINT64_C(5000)   /* when it took some */
#define RETRY_ACCURACY_USEC UINT64_C(1000)

typedef struct Line {
        struct Line *next; /* linked in Journal.first, in order */
        JournalEntry entry;
} Line;

struct Journal {
        sd_event *event;
        sd_event_source *retry;
        int fd; /* datagram socket; -1: standard error */
        struct sockaddr_un address;
        int max_level;
        bool is_terminal, is_file; /* standard error */
        Line *first, **last;
        size_t n_lines, n_bytes, n_dropped, n_reported;
};

typedef enum Sent {
        SENT,
        SENT_LATER, /* nobody takes it now */
        SENT_NEVER,
} Sent;

/* The address is given each time: a connected socket would be lost when the journal is restarted. */
static Sent send_entry(const Journal *journal, const JournalEntry *entry) {
        ssize_t n;

        n = sendto(journal->fd, entry->data, entry->size, MSG_DONTWAIT | MSG_NOSIGNAL,
                (const struct sockaddr *)&journal->address, sizeof(journal->address));
        if (n >= 0)
                return SENT;
        switch (errno) {
        case EAGAIN:
        case ENOBUFS:
        case ENOMEM:
        case EINTR:
        case ENOENT:
        case ECONNREFUSED:
                return SENT_LATER;
        default:
                return SENT_NEVER;
        }
}

static void drop_first(Journal *journal) {
        Line *line = journal->first;

        journal->first = line->next;
        if (!journal->first)
                journal->last = &journal->first;
        journal->n_lines--;
        journal->n_bytes -= line->entry.size;
        free(line->entry.data);
        free(line);
}

static void report_dropped(Journal *journal) {
        size_t n_before = journal->n_reported, n_dropped = journal->n_dropped;

        if (n_dropped == n_before)
                return;
        journal->n_reported = n_dropped;
        journal_log(journal, LOG_WARNING, "%zu lines were dropped: the journal took none",
                n_dropped - n_before);
        /* The report itself was dropped. */
        if (journal->n_dropped != n_dropped)
                journal->n_reported = n_before;
}

static void flush(Journal *journal) {
        while (journal->first) {
                Sent sent = send_entry(journal, &journal->first->entry);

                if (sent == SENT_LATER)
                        return;
                if (sent == SENT_NEVER)
                        journal->n_dropped++;
                drop_first(journal);
        }
        report_dropped(journal);
}

static void schedule_retry(Journal *journal, uint64_t after_usec);

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        Journal *journal = userdata;
        size_t n_before = journal->n_lines;

        (void)source;
        (void)usec;
        flush(journal);
        if (journal->first)
                schedule_retry(journal, journal->n_lines < n_before ? GO_ON_USEC : RETRY_USEC);
        return 0;
}

static void schedule_retry(Journal *journal, uint64_t after_usec) {
        if (!journal->event)
                return;
        if (!journal->retry) {
                (void)sd_event_add_time_relative(journal->event, &journal->retry, CLOCK_MONOTONIC,
                        after_usec, RETRY_ACCURACY_USEC, on_retry, journal);
                return;
        }
        (void)sd_event_source_set_time_relative(journal->retry, after_usec);
        (void)sd_event_source_set_enabled(journal->retry, SD_EVENT_ONESHOT);
}

static void enqueue(Journal *journal, JournalEntry *entry) {
        bool full = journal->n_lines >= JOURNAL_QUEUE_MAX ||
                    entry->size > JOURNAL_QUEUE_BYTES_MAX - journal->n_bytes;
        Line *line = full ? NULL : calloc(1, sizeof(*line));

        if (!line) {
                journal->n_dropped++;
                free(entry->data);
                return;
        }
        line->entry = *entry;
        *journal->last = line;
        journal->last = &line->next;
        journal->n_bytes += entry->size;
        if (journal->n_lines++ == 0)
                schedule_retry(journal, RETRY_USEC);
}

static void send_native(Journal *journal, const JournalEvent *event) {
        Sent sent = SENT_LATER;
        JournalEntry entry;

        if (journal_entry_native(event, &entry) < 0) {
                journal->n_dropped++;
                return;
        }
        /* Without a loop there is no timer: the next line tries again. */
        if (journal->first && !journal->event)
                flush(journal);
        /* In order: nothing overtakes queued lines. */
        if (!journal->first)
                sent = send_entry(journal, &entry);
        if (sent == SENT_LATER) {
                enqueue(journal, &entry);
                return;
        }
        if (sent == SENT_NEVER)
                journal->n_dropped++;
        free(entry.data);
}

/* A terminal or pipe that nobody reads must not hold a login up. It cannot be made non-blocking,
 * since others may share it; but if poll() says that it is writable, it takes PIPE_BUF bytes at
 * once. */
static bool write_stderr(const Journal *journal, const JournalEvent *event) {
        struct pollfd output = { .fd = STDERR_FILENO, .events = POLLOUT };
        char line[PIPE_BUF];
        size_t size, skipped;

        if (!journal->is_file && (poll(&output, 1, 0) != 1 || output.revents != POLLOUT))
                return false;
        size = journal_entry_text(event, line, sizeof(line));
        /* The priority at the front is for systemd, not for people. */
        skipped = journal->is_terminal ? strlen("<N>") : 0;
        return write(STDERR_FILENO, line + skipped, size - skipped) == (ssize_t)(size - skipped);
}

static void send_text(Journal *journal, const JournalEvent *event) {
        if (!write_stderr(journal, event))
                journal->n_dropped++;
        else
                report_dropped(journal);
}

void journal_send(Journal *journal, int priority, const char *message, const JournalField *fields,
        size_t n_fields) {
        const JournalEvent event = {
                .priority = priority,
                .message = message,
                .fields = fields,
                .n_fields = n_fields,
        };

        if (!journal || LOG_PRI(priority) > journal->max_level)
                return;
        if (journal->fd < 0)
                send_text(journal, &event);
        else
                send_native(journal, &event);
}

void journal_log(Journal *journal, int priority, const char *format, ...) {
        char message[JOURNAL_LINE_MAX];
        va_list arguments;

        if (!journal || LOG_PRI(priority) > journal->max_level)
                return;
        va_start(arguments, format);
        vsnprintf(message, sizeof(message), format, arguments);
        va_end(arguments);
        journal_send(journal, priority, message, NULL, 0);
}

static int open_native(const char *path, Journal *journal) {
        _cleanup_(closep) int fd = -1;

        if (strlen(path) >= sizeof(journal->address.sun_path))
                return -ENAMETOOLONG;
        journal->address.sun_family = AF_UNIX;
        memcpy(journal->address.sun_path, path, strlen(path));
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        /* Only to find out whether somebody listens. */
        if (connect(fd, (struct sockaddr *)&journal->address, sizeof(journal->address)) < 0)
                return -errno;
        journal->fd = TAKE_FD(fd);
        return 0;
}

int journal_new_at(const char *path, sd_event *event, int max_level, Journal **ret_journal) {
        Journal *journal = calloc(1, sizeof(*journal));
        struct stat status;
        int r = 0;

        if (!journal)
                return -ENOMEM;
        journal->fd = -1;
        journal->last = &journal->first;
        journal->max_level = max_level;
        journal->is_terminal = isatty(STDERR_FILENO);
        journal->is_file = fstat(STDERR_FILENO, &status) == 0 && S_ISREG(status.st_mode);
        journal->event = sd_event_ref(event);
        if (path)
                r = open_native(path, journal);
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
        if (journal->fd >= 0)
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
