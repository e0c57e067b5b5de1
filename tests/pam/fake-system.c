/* SPDX-License-Identifier: MIT */

/*
 * What libpam finds here in place of the system's own: the log, which becomes part of the
 * transcript, and the users.
 */

#include <poll.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "tests/pam/fatal.h"
#include "tests/pam/transcript.h"

#define REPLACED __attribute__((visibility("default")))

#define PREFIX "pam_authtoken("

/* glibc's headers declare them only when they are fortified. */
void __syslog_chk(int priority, int flag, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static const char *const priorities[] = { "emerg", "alert", "crit", "err", "warning", "notice",
        "info", "debug" };

static void log_line(int priority, const char *format, va_list arguments) {
        const char *shown;
        char *text;

        if (vasprintf(&text, format, arguments) < 0)
                fatal("vasprintf");

        shown = transcript_text(text, strlen(text));
        if (strncmp(shown, PREFIX, strlen(PREFIX)) == 0)
                shown += strlen("pam_authtoken");
        transcript_line("log %s %s", priorities[LOG_PRI(priority)], shown);
        free(text);
}

REPLACED void __syslog_chk(int priority, int flag, const char *format, ...) {
        va_list arguments;

        (void)flag;
        va_start(arguments, format);
        log_line(priority, format, arguments);
        va_end(arguments);
}

REPLACED void syslog(int priority, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        log_line(priority, format, arguments);
        va_end(arguments);
}

/* A name service that takes so long that the other side of an open connection gives up. */
static void wait_for_hangup(void) {
        struct pollfd fds[64];
        short events = 0;

        for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
                fds[i] = (struct pollfd){ .fd = (int)i + STDERR_FILENO + 1 };
        while (!(events & POLLHUP) && poll(fds, ARRAY_SIZE(fds), -1) > 0)
                for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                        events |= fds[i].revents;
                        fds[i].fd = fds[i].revents ? -1 : fds[i].fd;
                }
}

/* Whoever runs the tests plays alice, so that "own user" has a meaning without root, too. */
REPLACED int getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size,
        struct passwd **ret_entry) {
        static const struct {
                const char *asked, *name;
                uid_t uid;
        } users[] = {
                { "alice", "alice", 4242 }, { "bob", "bob", 4243 }, { "root", "root", 0 },
                { "authtoken", "authtoken", 65533 }, { "slow", "slow", 4244 },
                { "alias", "alice", 4242 }, /* some name services answer with another name */
        };

        *ret_entry = NULL;
        for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
                if (strcmp(users[i].asked, name) != 0)
                        continue;
                if (strcmp(name, "slow") == 0)
                        wait_for_hangup();
                if ((size_t)snprintf(buffer, size, "%s", users[i].name) >= size)
                        return ERANGE;
                *entry = (struct passwd){
                        .pw_name = buffer,
                        .pw_passwd = buffer + strlen(buffer),
                        .pw_gecos = buffer + strlen(buffer),
                        .pw_dir = buffer + strlen(buffer),
                        .pw_shell = buffer + strlen(buffer),
                        .pw_uid = i == 0 && getuid() != 0 ? getuid() : users[i].uid,
                };
                *ret_entry = entry;
                return 0;
        }

        return 0;
}
