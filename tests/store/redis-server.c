/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "redis-server.h"

#define PROGRAM       "/usr/bin/redis-server"
#define DEADLINE_MSEC 20000

bool redis_server_is_installed(void) {
        return access(PROGRAM, X_OK) == 0;
}

/* The login that is shipped, with a password. */
static void write_login(const char *path) {
        static const char begin[] = "user " REDIS_SERVER_LOGIN " ";
        FILE *users = fopen(REDIS_USERS, "re"), *config = fopen(path, "we");
        char line[4096];

        assert_non_null(users);
        assert_non_null(config);
        while (fgets(line, sizeof(line), users) && strncmp(line, begin, strlen(begin)) != 0) {
        }
        assert_true(strncmp(line, begin, strlen(begin)) == 0);
        fprintf(config, "%s>" REDIS_SERVER_PASSWORD " %s", begin, line + strlen(begin));
        fclose(users);
        assert_int_equal(fclose(config), 0);
}

static void run_server(const RedisServer *server, const char *notify_path, const char *login_path) {
        const char *argv[38] = { PROGRAM, "--port", "0", "--unixsocket", server->socket, "--dir",
                server->directory, "--save", "", "--appendonly", "yes", "--appendfsync", "always",
                "--logfile", "redis.log", "--loglevel", "warning", "--supervised", "systemd",
                "--include", login_path };
        size_t n = 0;

        while (argv[n])
                n++;
        for (size_t i = 0; server->options[i]; i++)
                argv[n++] = server->options[i];
        setenv("NOTIFY_SOCKET", notify_path, 1);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execv(PROGRAM, (char *const *)argv);
        _exit(127);
}

/* The server says so itself when it has read its data. */
static void wait_until_ready(int fd) {
        struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
        char message[256] = "";

        while (!strstr(message, "READY=1")) {
                ssize_t n;

                assert_int_equal(poll(&poll_fd, 1, DEADLINE_MSEC), 1);
                n = recv(fd, message, sizeof(message) - 1, 0);
                assert_true(n >= 0);
                message[n] = '\0';
        }
}

static int listen_for_notice(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        unlink(path);
        assert_true(fd >= 0);
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        return fd;
}

void redis_server_start(RedisServer *server) {
        char notify_path[108], login_path[108];
        int fd;

        snprintf(server->socket, sizeof(server->socket), "%s/redis.sock", server->directory);
        snprintf(notify_path, sizeof(notify_path), "%s/notify.sock", server->directory);
        snprintf(login_path, sizeof(login_path), "%s/login.conf", server->directory);
        unlink(server->socket);
        write_login(login_path);
        fd = listen_for_notice(notify_path);
        server->pid = fork();
        assert_true(server->pid >= 0);
        if (server->pid == 0)
                run_server(server, notify_path, login_path);
        wait_until_ready(fd);
        close(fd);
        server->admin = redisConnectUnix(server->socket);
        assert_non_null(server->admin);
        assert_int_equal(server->admin->err, 0);
        redisSetTimeout(server->admin, (struct timeval){ DEADLINE_MSEC / 1000, 0 });
}

void redis_server_kill(RedisServer *server) {
        if (server->admin)
                redisFree(server->admin);
        server->admin = NULL;
        if (server->pid <= 0)
                return;
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
        server->pid = 0;
}

void redis_server_signal(RedisServer *server, int signal) {
        int status = 0;

        assert_int_equal(kill(server->pid, signal), 0);
        assert_int_equal(waitpid(server->pid, &status, signal == SIGSTOP ? WUNTRACED : WCONTINUED),
                server->pid);
}

redisReply *redis_server_do(RedisServer *server, const char *format, ...) {
        va_list arguments;
        redisReply *reply;

        va_start(arguments, format);
        reply = redisvCommand(server->admin, format, arguments);
        va_end(arguments);
        assert_non_null(reply);
        if (reply->type == REDIS_REPLY_ERROR)
                fail_msg("%s: %s", format, reply->str);
        return reply;
}

void redis_server_run(RedisServer *server, const char *format, ...) {
        va_list arguments;
        redisReply *reply;

        va_start(arguments, format);
        reply = redisvCommand(server->admin, format, arguments);
        va_end(arguments);
        assert_non_null(reply);
        if (reply->type == REDIS_REPLY_ERROR)
                fail_msg("%s: %s", format, reply->str);
        freeReplyObject(reply);
}
