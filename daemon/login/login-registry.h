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
#include "daemon/login/process.h"
#include "authtoken/reason.h"

#define LOGIN_ID_SIZE 22u

typedef struct LoginRegistry LoginRegistry;

/* Strings are owned; NULL where there is none. */
typedef struct Login {
        char id[LOGIN_ID_SIZE + 1]; /* the handle it was opened with */
        char *sid;                  /* the token session */
        char *tenant, *user;        /* whose session it is */
        char *service, *tty, *rhost;
        char *target;       /* PAM_USER at open: another user for sudo and su */
        char *logind_id;    /* logind session the leader was in */
        bool opened_logind; /* by the leader, who is not a sudo or su inside of it */
        uid_t logind_owner; /* (uid_t)-1: none */
        uid_t uid;          /* of @user, as the kernel or the session tells; (uid_t)-1 unknown */
        ProcessId leader;
        uint64_t opened_at_sec;
        uint64_t
                deadline_sec; /* of its session, as it was seen last; not in the file; 0: unknown */
        bool ended;           /* its session has ended; it stays listed until the process is gone */
        bool closed; /* by its process; what that left in its logind session may still be there */
        Reason end_reason;
} Login;

/* "The last token authentication of this invoking user, tty and logind session." */
typedef struct Elevation {
        char *tenant, *user, *tty, *logind_id; /* @user invoked; tty and logind_id may be NULL */
        char *sid;
        uint64_t made_at_sec;
} Elevation;

/* Return true to go on. */
typedef bool (*LoginVisitor)(Login *login, void *userdata);

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
 * login_is_over() - whether nothing is left of a login
 * @login:      any
 *
 * Its process is gone, or has closed it, and logind has no session of it any more.
 */
bool login_is_over(const Login *login);

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
 * login_registry_find_logind() - the login that opened a logind session, if one of ours did
 * @registry:   borrowed
 * @logind_id:  logind's id
 *
 * A sudo or su inside of the session did not open it. One that has ended is preferred; its record
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
 * login_registry_set_elevation() - remember (or, with @sid NULL, forget) a token authentication
 * @registry:   changes
 * @elevation:  copied; its key is (tenant, user, tty, logind_id)
 *
 * Return: 0; negative errno.
 */
int login_registry_set_elevation(LoginRegistry *registry, const Elevation *elevation);

/**
 * login_registry_find_elevation() - the token authentication remembered under a key
 * @registry:   borrowed
 * @key:        only tenant, user, tty and logind_id are looked at
 *
 * Return: borrowed, or NULL.
 */
const Elevation *login_registry_find_elevation(const LoginRegistry *registry, const Elevation *key);
