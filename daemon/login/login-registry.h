#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The live logins of this host, and which token stands behind each sudo timestamp.
 *
 * A record is one small file under the runtime directory (a tmpfs): it outlives the daemon and dies
 * with the boot, like the login it describes. Records of another boot, and of logins whose leader and
 * logind session are both gone, are dropped when they are loaded. Everything is in memory, too.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/cleanup.h"
#include "daemon/login/login.h"

typedef struct LoginRegistry LoginRegistry;

/* "The last token authentication of this invoking user, tty and logind session." */
typedef struct Elevation {
        char *tenant, *user, *tty, *logind_id; /* @user invoked; tty and logind_id may be NULL */
        char *sid;
        uint64_t made_at_sec;
} Elevation;

/* Return true to go on. */
typedef bool (*LoginVisitor)(Login *login, void *userdata);
typedef void (*LoginObserver)(const Login *login, void *userdata);

/**
 * login_registry_open() - read the records of this boot
 * @directory:  made if missing, 0700; "logins" and "elevations" are made in it
 * @ret_registry: owned by the caller
 *
 * A record that cannot be understood is removed. Return: 0; negative errno.
 */
int login_registry_open(const char *directory, LoginRegistry **ret_registry);

/**
 * login_registry_free() - forget what is in memory; the files stay
 * @registry:   NULL is fine
 *
 * Return: NULL.
 */
LoginRegistry *login_registry_free(LoginRegistry *registry);
DEFINE_CLEANUP(LoginRegistry, login_registry_free)

/**
 * login_new() - an empty record
 * @ret_login:  owned by the caller; free with login_free()
 *
 * Return: 0; -ENOMEM.
 */
int login_new(Login **ret_login);

/**
 * login_free() - free a record that no registry owns
 * @login:      NULL is fine
 *
 * Return: NULL.
 */
Login *login_free(Login *login);
DEFINE_CLEANUP(Login, login_free)

/**
 * login_registry_add() - record a login, file first
 * @registry:   grows
 * @login:      owned by @registry on success only; its id, tenant, user and logind_id must not change
 *              from then on. Whether it opened the logind session is found out here.
 *
 * Return: 0; -EEXIST; other negative errno.
 */
int login_registry_add(LoginRegistry *registry, Login *login);

/**
 * login_registry_observe() - observe logins that come and go
 * @registry:   NULL is fine
 * @observer:   called when a login was added, and before one is removed; NULL: nobody
 * @userdata:   for @observer
 */
void login_registry_observe(LoginRegistry *registry, LoginObserver observer, void *userdata);

/**
 * login_registry_update() - write a changed record again (atomic replace)
 * @registry:   owner of @login
 * @login:      changed by the caller
 *
 * Return: 0; negative errno.
 */
int login_registry_update(LoginRegistry *registry, Login *login);

/**
 * login_registry_remove() - forget a login and free it
 * @registry:   owner of @login
 * @login:      invalid afterwards
 */
void login_registry_remove(LoginRegistry *registry, Login *login);

/**
 * login_registry_find() - a login by its id, in constant time of the comparison
 * @registry:   borrowed
 * @id:         NUL-terminated
 *
 * Return: borrowed, or NULL.
 */
Login *login_registry_find(LoginRegistry *registry, const char *id);

/**
 * login_registry_each() - visit all logins; only the visited one may be removed
 * @registry:   borrowed
 * @tenant:     NULL for any
 * @user:       NULL for any; looked up without a walk over all others
 * @visitor:    called for each
 * @userdata:   for @visitor
 */
void login_registry_each(LoginRegistry *registry, const char *tenant, const char *user,
        LoginVisitor visitor, void *userdata);

/**
 * login_registry_each_logind() - visit the logins in a logind session, sudo and su in it, too
 * @logind_id:  logind's id; all others as for login_registry_each()
 */
void login_registry_each_logind(
        LoginRegistry *registry, const char *logind_id, LoginVisitor visitor, void *userdata);

/**
 * login_registry_find_logind() - the login that opened a logind session, if one of ours did
 * @registry:   borrowed
 * @logind_id:  logind's id
 *
 * A sudo or su inside of the session did not open it. An ended login is preferred; its record
 * outlives its leader for as long as the session exists.
 * Return: borrowed, or NULL.
 */
Login *login_registry_find_logind(LoginRegistry *registry, const char *logind_id);

/**
 * login_registry_count() - how many logins are recorded
 * @registry:   borrowed
 */
size_t login_registry_count(const LoginRegistry *registry);

/**
 * login_registry_lost() - how many records could not be understood
 * @registry:   any
 *
 * Nobody ends these logins any more. Return: the number when the registry was opened.
 */
size_t login_registry_lost(const LoginRegistry *registry);

/**
 * login_registry_set_elevation() - remember (or, with @sid NULL, forget) a token authentication
 * @registry:   changes
 * @elevation:  copied; its key is (tenant, user, tty), or (tenant, user, logind_id) without a terminal
 *
 * Return: 0; negative errno.
 */
int login_registry_set_elevation(LoginRegistry *registry, const Elevation *elevation);

/**
 * login_registry_find_elevation() - the token authentication remembered under a key
 * @registry:   borrowed
 * @key:        only tenant, user, tty and logind_id are looked at
 *
 * An authentication from an earlier logind session on this terminal, which is gone, does not count.
 *
 * Return: borrowed, or NULL.
 */
const Elevation *login_registry_find_elevation(const LoginRegistry *registry, const Elevation *key);
