#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * uid → login name, and login name → groups. NSS may ask a network, so it is asked in a worker thread.
 */

#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "common/cleanup.h"

#define USER_NAMES_PENDING_MAX  1024u
#define USER_NAMES_TIMEOUT_USEC (UINT64_C(5) * 1000 * 1000)

typedef struct UserNames UserNames;
typedef struct UserNameCall UserNameCall;

/* @name: borrowed; NULL when no user has this uid, NSS failed, or it took USER_NAMES_TIMEOUT_USEC. Of
 * user_names_groups(): what nss_group_names() returns. */
typedef void (*UserNameDone)(UserNameCall *call, const char *name, void *userdata);

/**
 * user_names_new() - make room for look-ups
 * @event:      referenced
 * @ret_names:  owned by the caller
 *
 * The worker thread starts with the first look-up. Return: 0; negative errno.
 */
int user_names_new(sd_event *event, UserNames **ret_names);

/**
 * user_names_free() - forget all look-ups without completing them
 * @names:      NULL is fine
 *
 * A look-up that hangs in NSS is left to its thread. Return: NULL.
 */
UserNames *user_names_free(UserNames *names);
DEFINE_CLEANUP(UserNames, user_names_free)

/**
 * user_names_lookup() - find the login name of a uid
 * @names:      any
 * @uid:        whose
 * @done:       called once, never before this returns
 * @userdata:   for @done
 * @ret_call:   owned by the caller until @done has returned; freeing it silences @done
 *
 * Return: 0; -EBUSY USER_NAMES_PENDING_MAX are waiting; other negative errno.
 */
int user_names_lookup(
        UserNames *names, uid_t uid, UserNameDone done, void *userdata, UserNameCall **ret_call);

/**
 * user_names_groups() - find the groups of a user
 * @names:      any
 * @user:       copied
 * @done:       as for user_names_lookup(); gets the names, one a line
 * @userdata:   for @done
 * @ret_call:   as for user_names_lookup()
 *
 * Return: as user_names_lookup().
 */
int user_names_groups(UserNames *names, const char *user, UserNameDone done, void *userdata,
        UserNameCall **ret_call);

/**
 * user_name_call_free() - forget a look-up
 * @call:       NULL is fine
 *
 * Return: NULL.
 */
UserNameCall *user_name_call_free(UserNameCall *call);
DEFINE_CLEANUP(UserNameCall, user_name_call_free)
