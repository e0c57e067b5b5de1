/* SPDX-License-Identifier: MIT */

/*
 * Commands of a scenario:
 *
 *      daemon absent               there is no socket
 *      daemon stale                nobody listens on the socket
 *      daemon deaf                 nobody accepts connections
 *      daemon hang                 the next connection gets no answer
 *      daemon close | close-early  … is closed after, or before, the request was read
 *      daemon STATUS …             … gets an answer, see fake-reply.c
 *      daemon …                    and so on, for the connection after that
 *
 *      path directory mode OCTAL   of the socket's directory
 *      path directory owner UID
 *      path directory link         it is a symbolic link
 *      path socket owner UID
 *      path socket file | stream   it is a file, or a socket of another type
 *      path listener UID           who listens
 */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "authtoken/ipc-message.h"
#include "tests/pam/fake-daemon.h"
#include "tests/pam/fake-reply.h"
#include "tests/pam/fatal.h"
#include "tests/pam/transcript.h"

static const char *oddity(const Scenario *scenario, const char *what) {
        for (size_t i = 0; i < scenario->path.count; i++)
                if (strncmp(scenario->path.lines[i], what, strlen(what)) == 0)
                        return scenario->path.lines[i] + strlen(what);

        return NULL;
}

static bool is_daemon(const Scenario *scenario, const char *state) {
        return scenario->behaviour.count > 0 && strcmp(scenario->behaviour.lines[0], state) == 0;
}

static void directory_make(const Scenario *scenario, FakeDaemon *daemon) {
        const char *mode = oddity(scenario, "directory mode ");
        const char *owner = oddity(scenario, "directory owner ");
        char run[80], real[80];

        snprintf(daemon->directory, sizeof(daemon->directory), "/tmp/authtoken-test-XXXXXX");
        if (!mkdtemp(daemon->directory) || chmod(daemon->directory, 0755) < 0)
                fatal("mkdtemp");
        snprintf(run, sizeof(run), "%s/run", daemon->directory);
        snprintf(real, sizeof(real), "%s/real", daemon->directory);
        snprintf(daemon->path, sizeof(daemon->path), "%s/pam.sock", run);

        if (oddity(scenario, "directory link")) {
                if (mkdir(real, 0755) < 0 || symlink("real", run) < 0)
                        fatal("symlink");
                return;
        }
        if (mkdir(run, 0755) < 0)
                fatal("mkdir");
        if (mode && chmod(run, (mode_t)strtoul(mode, NULL, 8)) < 0)
                fatal("chmod");
        if (owner && chown(run, (uid_t)strtoul(owner, NULL, 10), 0) < 0)
                fatal("chown");
}

static int socket_make(const Scenario *scenario, const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int type = oddity(scenario, "socket stream") ? SOCK_STREAM : SOCK_SEQPACKET;
        const char *owner = oddity(scenario, "socket owner ");
        const char *listener = oddity(scenario, "listener ");
        int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
                chmod(path, 0666) < 0)
                fatal("bind");
        if (owner && chown(path, (uid_t)strtoul(owner, NULL, 10), 0) < 0)
                fatal("chown");
        if (listener && seteuid((uid_t)strtoul(listener, NULL, 10)) < 0)
                fatal("seteuid");
        /* SO_PEERCRED shows who calls listen(). */
        if (!is_daemon(scenario, "stale") && listen(fd, 64) < 0)
                fatal("listen");
        if (listener && seteuid(0) < 0)
                fatal("seteuid");

        return fd;
}

/* Returns false when the other side left without a word. */
static bool serve(int connection, const char *behaviour) {
        static uint8_t request[IPC_MESSAGE_MAX];
        ssize_t size;

        if (!behaviour) {
                transcript_line("unexpected connection");
                close(connection);
                return true;
        }
        if (strcmp(behaviour, "close-early") == 0) {
                transcript_line("connection closed");
                close(connection);
                return true;
        }

        size = recv(connection, request, sizeof(request), 0);
        if (size <= 0) {
                close(connection);
                return false;
        }
        fake_request_log(request, (size_t)size);
        if (strcmp(behaviour, "hang") == 0)
                return true;
        if (strcmp(behaviour, "close") != 0)
                fake_reply_send(connection, request, (size_t)size, behaviour);
        close(connection);
        return true;
}

static const char *line_or_null(const ScenarioList *list, size_t number) {
        return number < list->count ? list->lines[number] : NULL;
}

/* Until the application lets go of the control pipe; it may do so before its last connection is seen. */
static void daemon_run(const Scenario *scenario, int listener, int control) {
        bool deaf = is_daemon(scenario, "deaf");
        struct pollfd fds[] = {
                { .fd = control, .events = POLLIN },
                { .fd = deaf ? -1 : listener, .events = POLLIN },
        };
        size_t next = 0, silent = 0;
        int connection;

        if (fcntl(listener, F_SETFL, O_NONBLOCK) < 0)
                fatal("fcntl");
        do {
                if (poll(fds, 2, -1) < 0)
                        fatal("poll");
                while (!deaf && (connection = accept(listener, NULL, NULL)) >= 0) {
                        silent += !serve(connection, line_or_null(&scenario->behaviour, next));
                        next++;
                }
        } while (fds[0].revents == 0);

        while ((connection = accept(listener, NULL, NULL)) >= 0)
                transcript_line("connection left waiting");
        /* Told at the end, since nothing says when the other side goes on. */
        if (silent > 0)
                transcript_line("connections without a request: %zu", silent);
        if (!deaf && next < scenario->behaviour.count)
                transcript_line("connections missing: %zu", scenario->behaviour.count - next);
}

void fake_daemon_start(const Scenario *scenario, FakeDaemon *ret_daemon) {
        FakeDaemon daemon = { .control = -1 };
        int control[2], listener;

        directory_make(scenario, &daemon);
        *ret_daemon = daemon;
        if (is_daemon(scenario, "absent"))
                return;
        if (oddity(scenario, "socket file")) {
                close(open(daemon.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0666));
                return;
        }

        listener = socket_make(scenario, daemon.path);
        if (is_daemon(scenario, "stale")) {
                close(listener);
                return;
        }
        if (pipe(control) < 0)
                fatal("pipe");
        daemon.pid = fork();
        if (daemon.pid < 0)
                fatal("fork");
        if (daemon.pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                close(control[1]);
                daemon_run(scenario, listener, control[0]);
                exit(0);
        }

        close(control[0]);
        close(listener);
        daemon.control = control[1];
        *ret_daemon = daemon;
}

void fake_daemon_stop(FakeDaemon *daemon) {
        static const char *const files[] = { "run/pam.sock", "real/pam.sock", "run", "real",
                "conf/test", "conf/other", "conf/systemd-user", "conf/pam_authtoken.so",
                "conf/pam_probe.so", "conf", "" };
        char path[160];
        int status;

        if (daemon->pid > 0) {
                close(daemon->control);
                if (waitpid(daemon->pid, &status, 0) < 0 || status != 0)
                        fatal("the daemon of the test failed");
        }
        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
                snprintf(path, sizeof(path), "%s/%s", daemon->directory, files[i]);
                (void)remove(path);
        }
}
