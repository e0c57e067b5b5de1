#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A private redis-server on a Unix socket, and an administrator who talks to it.
 */

#include <stdbool.h>
#include <sys/types.h>

#include <hiredis/hiredis.h>

#define REDIS_OPTIONS_MAX 16u
/* May do what the shipped list of users lets it do. */
#define REDIS_SERVER_LOGIN    "authtoken"
#define REDIS_SERVER_PASSWORD "password-of-the-store"

typedef struct RedisServer {
        char directory[80];
        char socket[108];
        const char *options[REDIS_OPTIONS_MAX + 1]; /* more of the command line; NULL at the end */
        pid_t pid;
        redisContext *admin;
} RedisServer;

/**
 * redis_server_is_installed() - whether there is one to start
 */
bool redis_server_is_installed(void);

/**
 * redis_server_start() - start it, and wait until it answers
 * @server:     directory set; options may be
 */
void redis_server_start(RedisServer *server);

/**
 * redis_server_kill() - kill -9, and wait until it is gone
 * @server:     running, or not
 */
void redis_server_kill(RedisServer *server);

/**
 * redis_server_signal() - SIGSTOP or SIGCONT; returns when it has taken effect
 * @server:     running
 * @signal:     the signal
 */
void redis_server_signal(RedisServer *server, int signal);

/**
 * redis_server_do() - a command by the administrator; fails the test on an error reply
 * @server:     running
 * @format:     redisCommand()'s
 *
 * Return: owned by the caller.
 */
redisReply *redis_server_do(RedisServer *server, const char *format, ...);

/**
 * redis_server_run() - the same, for commands whose answer does not matter
 * @server:     running
 * @format:     redisCommand()'s
 */
void redis_server_run(RedisServer *server, const char *format, ...);
