#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Compares the place and device of a login with those that its session is bound to.
 */

#include <stdbool.h>

#include "authtoken/reason.h"
#include "daemon/policy/binding.h"

typedef struct Context Context;
typedef struct LoginSubject LoginSubject;
typedef struct Session Session;

typedef struct LoginPlace {
        bool is_known;                        /* false: nowhere that could be compared */
        bool device_is_told, address_is_told; /* the journal knows of it, and is told once */
        char text[BINDING_PLACE_MAX + 1];
} LoginPlace;

/**
 * login_place_check() - whether a session may be used there
 * @context:    the daemon
 * @subject:    who asks; a difference that only warns is written to the journal
 * @session:    borrowed
 * @place:      zeroed before the first time; set if the session is bound to a place: the remote host that root's
 *              service names. A service that names none, as sudo does, is where the login is that it runs in, and
 *              at the host itself if it runs in none.
 * @ret_first:  whether the session is to be bound to the place before it is used
 *
 * Return: REASON_OK; REASON_ADDRESS_MISMATCH; REASON_DEVICE_MISMATCH.
 */
Reason login_place_check(Context *context, const LoginSubject *subject, const Session *session,
        LoginPlace *place, bool *ret_first);
