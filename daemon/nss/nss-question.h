#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Questions to the host's user data base. It may ask a network, so call these in a worker thread.
 */

#include <sys/types.h>

/**
 * nss_user_name() - the login name of a uid
 * @uid:        whose
 *
 * Return: owned by the caller; NULL when no user has it, or the look-up failed.
 */
char *nss_user_name(uid_t uid);

/**
 * nss_group_names() - the groups that a user is in
 * @user:       login name
 *
 * Return: names, one a line, owned by the caller; an empty text for a user whom this host does not know;
 * NULL when the look-up failed. A group without a name is left out, and so is one whose name has a line end.
 */
char *nss_group_names(const char *user);
