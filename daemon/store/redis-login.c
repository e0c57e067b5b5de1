/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/secret.h"
#include "daemon/store/redis-connection.h"
#include "daemon/store/redis-error.h"
#include "daemon/store/redis-login.h"
#include "daemon/store/user-store.h"

#define REPLY_MAX       4096u
#define AUTH_WORDS_MAX  3u
#define DATABASE_DIGITS 11u

struct RedisLogin {
        char *username;
        Secret *password; /* NULL: no AUTH */
        char database[DATABASE_DIGITS + 1];
};

int redis_login_new(const RedisCredentials *credentials, RedisLogin **ret_login) {
        _cleanup_(redis_login_freep) RedisLogin *login = calloc(1, sizeof(*login));
        int r = 0;

        if (!login)
                return -ENOMEM;
        snprintf(login->database, sizeof(login->database), "%u", credentials->database);
        if (credentials->username) {
                login->username = strdup(credentials->username);
                if (!login->username)
                        return -ENOMEM;
        }
        if (credentials->password)
                r = secret_new(
                        credentials->password, strlen(credentials->password), &login->password);
        if (r < 0)
                return r;
        *ret_login = TAKE_PTR(login);
        return 0;
}

RedisLogin *redis_login_free(RedisLogin *login) {
        if (!login)
                return NULL;
        secret_free(login->password);
        free(login->username);
        free(login);
        return NULL;
}

/* The server's answer to AUTH is not logged: an unknown command is answered with its arguments. */
static void refuse(RedisConnection *connection, const char *command, const redisReply *reply) {
        char code[REDIS_ERROR_CODE_MAX + 1], why[STORE_MESSAGE_MAX];

        redis_error_code(reply, code);
        snprintf(why, sizeof(why), "the server refuses %s (%s)", command, code);
        redis_connection_refuse(connection, why);
}

static void on_auth(int r, const redisReply *reply, void *userdata) {
        if (r == 0 && reply->type == REDIS_REPLY_ERROR)
                refuse(userdata, "our login", reply);
}

static void on_select(int r, const redisReply *reply, void *userdata) {
        if (r == 0 && reply->type == REDIS_REPLY_ERROR)
                refuse(userdata, "the database", reply);
}

/* Our name in CLIENT LIST is a courtesy; but the answer also shows if the server demands a login. */
static void on_name(int r, const redisReply *reply, void *userdata) {
        if (r == 0 && redis_error_is(reply, "NOAUTH"))
                refuse(userdata, "everything without a login", reply);
}

static void say(RedisConnection *connection, const RedisCommand *command) {
        if (redis_connection_greet(connection, command) < 0)
                redis_connection_refuse(connection, strerror(ENOMEM));
}

bool redis_login_is_default(const RedisLogin *login) {
        return !login->username;
}

int redis_login_change(RedisLogin *login, const char *password) {
        Secret *changed;
        int r;

        r = secret_new(password, strlen(password), &changed);
        if (r < 0)
                return r;
        secret_free(login->password);
        login->password = changed;
        return 0;
}

/* Return: how many words. */
static int make_auth(const RedisLogin *login, const char *words[AUTH_WORDS_MAX]) {
        int n_words = 0;

        words[n_words++] = "AUTH";
        if (login->username)
                words[n_words++] = login->username;
        words[n_words++] = login->password->data;
        return n_words;
}

int redis_login_try(
        const RedisLogin *login, RedisConnection *connection, RedisReplyDone done, void *userdata) {
        const char *auth[AUTH_WORDS_MAX];

        return redis_connection_send(connection, &(RedisCommand){ .argc = make_auth(login, auth),
                                                         .argv = auth,
                                                         .reply_max = REPLY_MAX,
                                                         .done = done,
                                                         .userdata = userdata });
}

void redis_login_start(const RedisLogin *login, RedisConnection *connection, const char *name) {
        const char *client[] = { "CLIENT", "SETNAME", name };
        const char *database[] = { "SELECT", login->database };
        RedisCommand command = { .reply_max = REPLY_MAX, .userdata = connection };

        if (login->password) {
                const char *auth[AUTH_WORDS_MAX];

                command.argc = make_auth(login, auth);
                command.argv = auth;
                command.done = on_auth;
                say(connection, &command);
        }
        if (strcmp(login->database, "0") != 0) {
                command.argc = ARRAY_SIZE(database);
                command.argv = database;
                command.done = on_select;
                say(connection, &command);
        }
        command.argc = ARRAY_SIZE(client);
        command.argv = client;
        command.done = on_name;
        say(connection, &command);
}
