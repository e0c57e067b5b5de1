/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "redis-server.h"

#define PROGRAM      "/usr/bin/redis-server"
#define DEADLINE_SEC 20

bool redis_server_is_installed(void) {
        return access(PROGRAM, X_OK) == 0;
}

static void pause_shortly(void) {
        nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
}

static void run_server(const RedisServer *server) {
        const char *argv[32] = { PROGRAM, "--port", "0", "--unixsocket", server->socket, "--dir",
                server->directory, "--save", "", "--appendonly", "yes", "--appendfsync", "always",
                "--logfile", "redis.log", "--loglevel", "warning" };
        size_t n = 0;

        while (argv[n])
                n++;
        for (size_t i = 0; server->options[i]; i++)
                argv[n++] = server->options[i];
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execv(PROGRAM, (char *const *)argv);
        _exit(127);
}

static bool answers(RedisServer *server) {
        redisReply *reply;
        bool good;

        server->admin = redisConnectUnixWithTimeout(server->socket, (struct timeval){ 10, 0 });
        if (server->admin && !server->admin->err) {
                redisSetTimeout(server->admin, (struct timeval){ 10, 0 });
                reply = redisCommand(server->admin, "PING");
                good = reply &&
                       (reply->type == REDIS_REPLY_STATUS || strncmp(reply->str, "NOAUTH", 6) == 0);
                freeReplyObject(reply);
                if (good)
                        return true;
        }
        if (server->admin)
                redisFree(server->admin);
        server->admin = NULL;
        return false;
}

void redis_server_start(RedisServer *server) {
        time_t give_up = time(NULL) + DEADLINE_SEC;

        snprintf(server->socket, sizeof(server->socket), "%s/redis.sock", server->directory);
        unlink(server->socket);
        server->pid = fork();
        assert_true(server->pid >= 0);
        if (server->pid == 0)
                run_server(server);
        while (!answers(server)) {
                assert_true(time(NULL) < give_up);
                assert_int_equal(waitpid(server->pid, NULL, WNOHANG), 0);
                pause_shortly();
        }
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
