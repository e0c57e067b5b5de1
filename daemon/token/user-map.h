#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * From the name that another issuer gives a user to a login name of this host.
 *
 *      alice@example.org:alice     this name, and no other
 *      @example.org                every name that ends so, without the ending
 *      *                           every name, as it is
 *
 * The first pair that names the user decides; without one, the first of the other entries that fits.
 */

#include <stddef.h>

#include "authtoken/reason.h"
#include "common/cleanup.h"
#include "common/text.h"

typedef struct UserMap UserMap;

#define USER_MAP_ENTRIES_MAX 1024u

enum {
        USER_MAP_E_INVALID = 1, /* an entry has none of the forms, or is there twice */
};

/**
 * user_map_parse() - read entries with white space between them
 * @text:       NUL-terminated; NULL or empty: "*"
 * @ret_map:    owned by the caller
 *
 * Return: 0; USER_MAP_E_INVALID; -ENOMEM.
 */
int user_map_parse(const char *text, UserMap **ret_map);

/**
 * user_map_free() - free a map
 * @map:        NULL is fine
 *
 * Return: NULL.
 */
UserMap *user_map_free(UserMap *map);
DEFINE_CLEANUP(UserMap, user_map_free)

/**
 * user_map_apply() - the login name of a foreign user
 * @map:        any
 * @name:       NUL-terminated, without control characters
 * @user:       receives the login name and NUL on REASON_OK
 *
 * The result is a valid login name, and never "root" unless a pair says so.
 * Return: REASON_OK; REASON_USER_UNMAPPED no entry fits; REASON_USER_INVALID the result cannot be a
 * login name, or is "root".
 */
Reason user_map_apply(const UserMap *map, const char *name, char user[USER_NAME_MAX + 1]);
