#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The names of our keys. A user's hash holds the fields of state-fields.h:
 *
 *      PREFIX:TENANT:u:USER    hash, the user's state
 *      PREFIX:TENANT:i:OWNER   string, whose sessions they are whose ids begin so, see jti.h
 *      PREFIX:TENANT:i:SID     likewise, of one that was adopted: its id says nothing
 *      PREFIX:TENANT:f:USER:PLACE string, how many logins have failed; it goes by itself
 *      PREFIX:TENANT:fn        string, how many of those were made within a window
 *      PREFIX:TENANT:fl        sorted set, USER:PLACE of who is locked out, see redis-lock-outs.h
 *      PREFIX:TENANT:u:USER:lifted string, empty, there for a moment when lock-outs of theirs were lifted
 *      PREFIX:TENANT:users     sorted set, all users of whom something is stored, see redis-users.h
 *      PREFIX:TENANT:begun     string, there once such a list was begun
 *      PREFIX:TENANT:MARK      string, see store-mark.h
 *      PREFIX:settled          string, empty, see redis-replicas.h
 */

#include <stdbool.h>
#include <stddef.h>

#include "daemon/token/jti.h"

typedef struct FailureKey FailureKey;

#define REDIS_KEY_LIFTED ":lifted" /* behind the user's name, which has no ':' */

/* The part after the tenant, alone or followed by a name. */
#define REDIS_KEY_USER  "u:"
#define REDIS_KEY_INDEX "i:"
#define REDIS_KEY_USERS "users"
#define REDIS_KEY_BEGUN "begun"

/* Where our keys are; both without ':'. */
typedef struct RedisKeyPlace {
        const char *prefix, *tenant;
} RedisKeyPlace;

/**
 * redis_key_size() - bytes that a key takes, its NUL among them
 * @place:      where
 * @kind:       REDIS_KEY_*, or the name of a mark
 * @name:       of a user or session; "" where there is one for all
 */
size_t redis_key_size(const RedisKeyPlace *place, const char *kind, const char *name);

/**
 * redis_key_write() - write a key
 * @text:       receives redis_key_size() bytes
 * @place:      as there
 * @kind:       likewise
 * @name:       likewise
 */
void redis_key_write(char *text, const RedisKeyPlace *place, const char *kind, const char *name);

/**
 * redis_key_users_prefix() - the beginning of the keys of all users' states; the user's name
 * follows
 * @prefix:     configured
 * @tenant:     without ':'
 *
 * Return: owned by the caller; NULL without memory.
 */
char *redis_key_users_prefix(const char *prefix, const char *tenant);

/**
 * redis_key_user() - the key of a user's state
 * @prefix:     configured
 * @tenant:     without ':'
 * @user:       likewise
 *
 * Return: owned by the caller; NULL without memory.
 */
char *redis_key_user(const char *prefix, const char *tenant, const char *user);

/**
 * redis_key_name_owner() - the part after REDIS_KEY_INDEX for a session
 * @sid:        of the session
 * @adopted:    whether it was
 * @name:       receives it
 */
void redis_key_name_owner(const char *sid, bool adopted, char name[SID_SIZE + 1]);

/**
 * redis_key_owner() - the key that leads from a session to its user
 * @prefix:     configured
 * @tenant:     without ':'
 * @sid:        of the session
 * @adopted:    whether it was
 *
 * Return: owned by the caller; NULL without memory.
 */
char *redis_key_owner(const char *prefix, const char *tenant, const char *sid, bool adopted);

/**
 * redis_key_users() - the key of the list of users
 * @prefix:     configured
 * @tenant:     without ':'
 *
 * Return: owned by the caller; NULL without memory.
 */
char *redis_key_users(const char *prefix, const char *tenant);

/**
 * redis_key_begun() - the key that says that a list of users must exist
 * @prefix:     configured
 * @tenant:     without ':'
 *
 * Return: owned by the caller; NULL without memory.
 */
char *redis_key_begun(const char *prefix, const char *tenant);

/**
 * redis_key_mark() - the key of a mark
 * @prefix:     configured
 * @tenant:     without ':'
 * @name:       see store-mark.h
 *
 * Return: owned by the caller; NULL without memory.
 */
char *redis_key_mark(const char *prefix, const char *tenant, const char *name);

/**
 * redis_key_failures() - the key of a counter of failed logins
 * @prefix:     configured
 * @key:        whose, and where from
 *
 * Return: owned by the caller; NULL without memory.
 */
char *redis_key_failures(const char *prefix, const FailureKey *key);

/**
 * redis_key_failures_prefix() - the beginning of all those keys; user, ':' and place follow
 * @prefix:     configured
 * @tenant:     without ':'
 *
 * Return: owned by the caller; NULL without memory.
 */
char *redis_key_failures_prefix(const char *prefix, const char *tenant);

/**
 * redis_key_lock_outs() - the key of the list of lock-outs
 * @prefix:     configured
 * @tenant:     without ':'
 *
 * Return: owned by the caller; NULL without memory.
 */
char *redis_key_lock_outs(const char *prefix, const char *tenant);

/**
 * redis_key_lifted() - the key that tells hosts that a user's lock-outs were lifted
 * @prefix:     configured
 * @tenant:     without ':'
 * @user:       likewise
 *
 * It begins like the user's own key, so that its changes are announced, too. Return: owned by the caller; NULL
 * without memory.
 */
char *redis_key_lifted(const char *prefix, const char *tenant, const char *user);

/**
 * redis_key_attempts() - the key of the number of reserved attempts
 * @prefix:     configured
 * @key:        whose, and where from
 *
 * Return: owned by the caller; NULL without memory.
 */
char *redis_key_attempts(const char *prefix, const FailureKey *key);

/**
 * redis_key_counters() - the key of the number of those counters
 * @prefix:     configured
 * @tenant:     without ':'
 *
 * Return: owned by the caller; NULL without memory.
 */
char *redis_key_counters(const char *prefix, const char *tenant);
