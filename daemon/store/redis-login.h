#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Our login to a Redis server: the first commands on every connection.
 */

#include <stdint.h>

#include "common/cleanup.h"
#include "daemon/store/redis-connection.h"

typedef struct RedisLogin RedisLogin;

/* Borrowed for redis_login_new() only. */
typedef struct RedisCredentials {
        const char *username, *password; /* NULL: no AUTH; or the default user's */
        unsigned int database;
} RedisCredentials;

/**
 * redis_login_new() - keep credentials
 * @credentials: copied
 * @ret_login:  owned by the caller; outlives the connections it is used on
 *
 * Return: 0; -ENOMEM.
 */
int redis_login_new(const RedisCredentials *credentials, RedisLogin **ret_login);

/**
 * redis_login_free() - wipe the password and free
 * @login:      NULL is fine
 *
 * Return: NULL.
 */
RedisLogin *redis_login_free(RedisLogin *login);
DEFINE_CLEANUP(RedisLogin, redis_login_free)

/**
 * redis_login_is_default() - whether it is that of the default user, who may ask anything
 * @login:      any
 */
bool redis_login_is_default(const RedisLogin *login);

/**
 * redis_login_change() - another password, for the connections to come
 * @login:      may be in use
 * @password:   copied
 *
 * Return: 0; -ENOMEM, and the old one stays.
 */
int redis_login_change(RedisLogin *login, const char *password);

/**
 * redis_login_try() - log in again on a connection that is in use
 * @login:      with a password
 * @connection: ready; if the server refuses, it remains what it was
 * @done:       gets the server's answer to AUTH
 * @userdata:   for @done
 *
 * Return: as redis_connection_send().
 */
int redis_login_try(
        const RedisLogin *login, RedisConnection *connection, RedisReplyDone done, void *userdata);

/**
 * redis_login_start() - say AUTH, SELECT and what we are called
 * @login:      may be in use on several connections
 * @connection: just connected; refused if the server refuses us
 * @name:       in CLIENT LIST
 */
void redis_login_start(const RedisLogin *login, RedisConnection *connection, const char *name);
