/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/journal/journal-entry.h"
#include "daemon/journal/journal.h"

#define DEADLINE_USEC UINT64_C(10000000)
#define BURST         (JOURNAL_QUEUE_MAX + 2000u)

/* A journal that takes what the test lets it take. */
typedef struct Fixture {
        char directory[32], path[64];
        int server;
        sd_event *event;
        Journal *journal;
} Fixture;

static int listen_at(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        assert_true(fd >= 0);
        assert_true(strlen(path) < sizeof(address.sun_path));
        memcpy(address.sun_path, path, strlen(path));
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        return fd;
}

static int setup(void **state) {
        static const char template[] = "/tmp/test-journal-XXXXXX";
        Fixture *fixture = calloc(1, sizeof(*fixture));

        assert_non_null(fixture);
        memcpy(fixture->directory, template, sizeof(template));
        assert_non_null(mkdtemp(fixture->directory));
        snprintf(fixture->path, sizeof(fixture->path), "%s/socket", fixture->directory);
        fixture->server = listen_at(fixture->path);
        assert_int_equal(sd_event_new(&fixture->event), 0);
        *state = fixture;
        return journal_new_at(fixture->path, fixture->event, LOG_INFO, &fixture->journal);
}

static int teardown(void **state) {
        Fixture *fixture = *state;

        journal_free(fixture->journal);
        sd_event_unref(fixture->event);
        close(fixture->server);
        unlink(fixture->path);
        rmdir(fixture->directory);
        free(fixture);
        return 0;
}

/* Takes what has arrived; returns the number of datagrams, and the last one. */
static size_t drain(const Fixture *fixture, char *last, size_t size) {
        size_t n_datagrams = 0;
        ssize_t n;

        while ((n = recv(fixture->server, last, size - 1, 0)) >= 0) {
                last[n] = '\0';
                n_datagrams++;
        }
        assert_int_equal(errno, EAGAIN);
        return n_datagrams;
}

static void test_native_form(void **unused) {
        static const JournalField fields[] = {
                { "AUTHTOKEN_USER", "alice" },
                { "AUTHTOKEN_TTY", NULL },
                { "AUTHTOKEN_RHOST", "a\nPRIORITY=0" },
        };
        static const char expected[] = "MESSAGE=hello\nPRIORITY=4\nSYSLOG_FACILITY=10\n"
                                       "SYSLOG_IDENTIFIER=authtokend\nAUTHTOKEN_USER=alice\n"
                                       "AUTHTOKEN_RHOST\n\x0c\0\0\0\0\0\0\0a\nPRIORITY=0\n";
        const JournalEvent event = { LOG_WARNING, "hello", fields, 3 };
        JournalEntry entry;

        (void)unused;
        assert_int_equal(journal_entry_native(&event, &entry), 0);
        assert_int_equal(entry.size, sizeof(expected) - 1);
        assert_memory_equal(entry.data, expected, entry.size);
        free(entry.data);
}

static const struct {
        const char *name, *message, *value, *line;
} text_forms[] = {
        { "a plain line", "hello", NULL, "<6>authtokend: hello\n" },
        { "a field of ours is shown", "hello", "alice",
                "<6>authtokend: hello AUTHTOKEN_USER=\"alice\"\n" },
        { "a newline begins no line", "a\n<0>b", NULL, "<6>authtokend: a\\x0a<0>b\n" },
        { "a terminal is not spoken to", "\x1b[2J\x7f", NULL, "<6>authtokend: \\x1b[2J\\x7f\n" },
        { "nor by C1 controls",
                "a\xc2\x9b"
                "2J",
                NULL, "<6>authtokend: a\\xc2\\x9b2J\n" },
        { "letters beyond ASCII stay", "\xc3\xa4\xe2\x82\xac", NULL,
                "<6>authtokend: \xc3\xa4\xe2\x82\xac\n" },
        { "a quote does not end a value", "x", "a\" b=\"\\",
                "<6>authtokend: x AUTHTOKEN_USER=\"a\\x22 b=\\x22\\x5c\"\n" },
};

static void test_text_form(void **unused) {
        char line[256];

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(text_forms); i++) {
                const JournalField fields[] = {
                        { "MESSAGE_ID", "5d2f0b6b7a6c4c0a9f0e3c51f1d80c01" },
                        { "AUTHTOKEN_USER", text_forms[i].value },
                };
                const JournalEvent event = { LOG_INFO, text_forms[i].message, fields, 2 };
                size_t size = journal_entry_text(&event, line, sizeof(line));

                print_message("# %s\n", text_forms[i].name);
                assert_int_equal(size, strlen(text_forms[i].line));
                assert_memory_equal(line, text_forms[i].line, size);
        }
}

static void test_long_text_is_cut(void **unused) {
        char line[32];
        const JournalEvent event = { LOG_INFO, "0123456789\n0123456789", NULL, 0 };

        (void)unused;
        for (size_t size = 4; size <= sizeof(line); size++) {
                size_t used = journal_entry_text(&event, line, size);

                assert_true(used <= size);
                assert_int_equal(line[used - 1], '\n');
        }
}

static void test_lines_arrive(void **state) {
        Fixture *fixture = *state;
        char last[1024];

        journal_log(fixture->journal, LOG_INFO, "%s", "one");
        assert_int_equal(drain(fixture, last, sizeof(last)), 1);
        assert_non_null(strstr(last, "MESSAGE=one\n"));
        assert_int_equal(journal_dropped(fixture->journal), 0);
}

static void test_level_is_kept(void **state) {
        Fixture *fixture = *state;
        char last[1024];

        journal_log(fixture->journal, LOG_DEBUG, "unseen");
        assert_int_equal(drain(fixture, last, sizeof(last)), 0);
        journal_set_level(fixture->journal, LOG_DEBUG);
        journal_log(fixture->journal, LOG_DEBUG, "seen");
        assert_int_equal(drain(fixture, last, sizeof(last)), 1);
        journal_log(NULL, LOG_ERR, "to nobody");
}

static void wait_for(const Fixture *fixture, const char *wanted, size_t *n_lines) {
        char last[1024] = "";
        uint64_t now, end = 0;

        for (;;) {
                *n_lines += drain(fixture, last, sizeof(last));
                if (strstr(last, wanted))
                        return;
                assert_true(sd_event_now(fixture->event, CLOCK_MONOTONIC, &now) >= 0);
                end = end ? end : now + DEADLINE_USEC;
                assert_true(now < end);
                assert_true(sd_event_run(fixture->event, DEADLINE_USEC) >= 0);
        }
}

static void test_hanging_journal(void **state) {
        Fixture *fixture = *state;
        size_t n_lines = 0, dropped;
        char wanted[64];

        for (unsigned int i = 0; i < BURST; i++)
                journal_log(fixture->journal, LOG_INFO, "line %u", i);
        dropped = journal_dropped(fixture->journal);
        assert_true(dropped > 0 && dropped < BURST - JOURNAL_QUEUE_MAX);
        snprintf(wanted, sizeof(wanted), "MESSAGE=%zu lines were dropped", dropped);
        wait_for(fixture, wanted, &n_lines);
        assert_int_equal(n_lines, BURST - dropped + 1);
        assert_int_equal(journal_dropped(fixture->journal), dropped);
        journal_log(fixture->journal, LOG_INFO, "again");
        wait_for(fixture, "MESSAGE=again\n", &n_lines);
        assert_int_equal(n_lines, BURST - dropped + 2);
}

static void test_large_lines_fill_less_of_the_queue(void **state) {
        Fixture *fixture = *state;
        _cleanup_(freep) char *value = calloc(1, 65536);
        const JournalField field = { "AUTHTOKEN_NOTE", value };

        assert_non_null(value);
        memset(value, 'x', 65535);
        for (unsigned int i = 0; i < JOURNAL_QUEUE_MAX; i++)
                journal_send(fixture->journal, LOG_INFO, "large", &field, 1);
        assert_true(journal_dropped(fixture->journal) >
                    JOURNAL_QUEUE_MAX / 2 - JOURNAL_QUEUE_BYTES_MAX / 65536);
}

static void test_journal_that_starts_anew(void **state) {
        Fixture *fixture = *state;
        size_t n_lines = 0;

        close(fixture->server);
        journal_log(fixture->journal, LOG_INFO, "to a dead one");
        assert_int_equal(unlink(fixture->path), 0);
        journal_log(fixture->journal, LOG_INFO, "to nobody");
        fixture->server = listen_at(fixture->path);
        wait_for(fixture, "MESSAGE=to nobody\n", &n_lines);
        assert_int_equal(n_lines, 2);
        assert_int_equal(journal_dropped(fixture->journal), 0);
}

static void test_nothing_overtakes(void **state) {
        Fixture *fixture = *state;
        size_t n_lines = 0;
        char last[1024];

        close(fixture->server);
        journal_log(fixture->journal, LOG_INFO, "first");
        assert_int_equal(unlink(fixture->path), 0);
        fixture->server = listen_at(fixture->path);
        journal_log(fixture->journal, LOG_INFO, "second");
        assert_int_equal(drain(fixture, last, sizeof(last)), 0);
        wait_for(fixture, "MESSAGE=second\n", &n_lines);
        assert_int_equal(n_lines, 2);
}

static void test_without_a_loop(void **state) {
        Fixture *fixture = *state;
        char last[1024];

        journal_free(fixture->journal);
        assert_int_equal(journal_new_at(fixture->path, NULL, LOG_INFO, &fixture->journal), 0);
        close(fixture->server);
        journal_log(fixture->journal, LOG_INFO, "first");
        assert_int_equal(unlink(fixture->path), 0);
        fixture->server = listen_at(fixture->path);
        journal_log(fixture->journal, LOG_INFO, "second");
        assert_int_equal(drain(fixture, last, sizeof(last)), 2);
        assert_non_null(strstr(last, "MESSAGE=second\n"));
}

static void test_free_sends_what_is_left(void **state) {
        Fixture *fixture = *state;
        char last[1024];

        close(fixture->server);
        journal_log(fixture->journal, LOG_INFO, "last words");
        assert_int_equal(unlink(fixture->path), 0);
        fixture->server = listen_at(fixture->path);
        fixture->journal = journal_free(fixture->journal);
        assert_int_equal(drain(fixture, last, sizeof(last)), 1);
        assert_non_null(strstr(last, "MESSAGE=last words\n"));
}

static void test_absent_journal(void **unused) {
        Journal *journal = NULL;

        (void)unused;
        assert_int_equal(journal_new_at("/nonexistent/socket", NULL, LOG_INFO, &journal), -ENOENT);
        assert_null(journal);
}

/* Standard error is a pipe for the time of a test. */
static int saved_stderr, reader;

static int setup_stderr(void **state) {
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        saved_stderr = dup(STDERR_FILENO);
        assert_true(saved_stderr >= 0);
        assert_true(dup2(fds[1], STDERR_FILENO) >= 0);
        close(fds[1]);
        reader = fds[0];
        assert_true(fcntl(reader, F_SETFL, O_NONBLOCK) >= 0);
        return journal_new(NULL, JOURNAL_STDERR, LOG_INFO, (Journal **)state);
}

static int teardown_stderr(void **state) {
        journal_free(*state);
        if (reader >= 0)
                close(reader);
        return dup2(saved_stderr, STDERR_FILENO) < 0 || close(saved_stderr);
}

static void test_stderr_that_nobody_reads(void **state) {
        static char buffer[1 << 20];
        Journal *journal = *state;
        ssize_t n;

        for (unsigned int i = 0; i < BURST; i++)
                journal_log(journal, LOG_INFO, "%0100u", i);
        assert_true(journal_dropped(journal) > 0);
        n = read(reader, buffer, sizeof(buffer));
        assert_true(n > 0 && buffer[n - 1] == '\n');
        journal_log(journal, LOG_INFO, "again");
        n = read(reader, buffer, sizeof(buffer) - 1);
        assert_true(n > 0);
        buffer[n] = '\0';
        assert_int_equal(strncmp(buffer, "<6>authtokend: again\n", 21), 0);
        assert_non_null(strstr(buffer, " lines were dropped: the journal took none\n"));
}

static void test_stderr_that_is_closed(void **state) {
        close(reader);
        reader = -1;
        journal_log(*state, LOG_INFO, "to nobody");
        assert_int_equal(journal_dropped(*state), 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_native_form),
                cmocka_unit_test(test_text_form),
                cmocka_unit_test(test_long_text_is_cut),
                cmocka_unit_test_setup_teardown(test_lines_arrive, setup, teardown),
                cmocka_unit_test_setup_teardown(test_level_is_kept, setup, teardown),
                cmocka_unit_test_setup_teardown(test_hanging_journal, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        test_large_lines_fill_less_of_the_queue, setup, teardown),
                cmocka_unit_test_setup_teardown(test_journal_that_starts_anew, setup, teardown),
                cmocka_unit_test_setup_teardown(test_nothing_overtakes, setup, teardown),
                cmocka_unit_test_setup_teardown(test_without_a_loop, setup, teardown),
                cmocka_unit_test_setup_teardown(test_free_sends_what_is_left, setup, teardown),
                cmocka_unit_test(test_absent_journal),
                cmocka_unit_test_setup_teardown(
                        test_stderr_that_nobody_reads, setup_stderr, teardown_stderr),
                cmocka_unit_test_setup_teardown(
                        test_stderr_that_is_closed, setup_stderr, teardown_stderr),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
