/* SPDX-License-Identifier: MIT */

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "private-bus.h"

#define DBUS_DAEMON   "/usr/bin/dbus-daemon"
#define DEADLINE_MSEC 10000

extern char **environ;

bool private_bus_is_there(void) {
        if (access(DBUS_DAEMON, X_OK) == 0)
                return true;
        puts("1..0 # SKIP " DBUS_DAEMON " is missing: install dbus-daemon");
        return false;
}

static pid_t spawn(int output) {
        const char *const arguments[] = { "dbus-daemon", "--session", "--nofork", "--nosyslog",
                "--nopidfile", "--address=unix:tmpdir=/tmp", "--print-address=3", NULL };
        posix_spawn_file_actions_t actions;
        pid_t pid;

        assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
        assert_int_equal(posix_spawn_file_actions_adddup2(&actions, output, 3), 0);
        assert_int_equal(
                posix_spawn(&pid, DBUS_DAEMON, &actions, NULL, (char **)arguments, environ), 0);
        posix_spawn_file_actions_destroy(&actions);
        return pid;
}

void private_bus_start(PrivateBus *bus) {
        size_t used = 0;
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        bus->pid = spawn(fds[1]);
        close(fds[1]);
        do {
                struct pollfd input = { .fd = fds[0], .events = POLLIN };
                ssize_t n;

                assert_int_equal(poll(&input, 1, DEADLINE_MSEC), 1);
                n = read(fds[0], bus->address + used, sizeof(bus->address) - 1 - used);
                assert_true(n > 0);
                used += (size_t)n;
        } while (bus->address[used - 1] != '\n');
        bus->address[used - 1] = '\0';
        close(fds[0]);
}

void private_bus_stop(PrivateBus *bus) {
        if (bus->pid <= 0)
                return;
        kill(bus->pid, SIGTERM);
        waitpid(bus->pid, NULL, 0);
        bus->pid = 0;
}

sd_bus *private_bus_connect(const PrivateBus *bus, sd_event *event) {
        sd_bus *connection = NULL;

        assert_true(sd_bus_new(&connection) >= 0);
        assert_true(sd_bus_set_address(connection, bus->address) >= 0);
        assert_true(sd_bus_set_bus_client(connection, true) >= 0);
        assert_true(sd_bus_start(connection) >= 0);
        assert_true(sd_bus_attach_event(connection, event, SD_EVENT_PRIORITY_NORMAL) >= 0);
        return connection;
}
