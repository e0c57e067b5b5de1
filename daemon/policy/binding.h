#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Where a session may be used: from the address, and on the device, that it is bound to. Pure comparisons; no
 * name is resolved.
 */

#include <stdbool.h>
#include <stddef.h>

#include "daemon/policy/policy-rules.h"

typedef struct Session Session;

/* A DNS name takes 253, an address of IPv6 with its zone less. */
#define BINDING_PLACE_MAX 255u

/* A login at the host itself: at the console, not inside a login from elsewhere. */
#define BINDING_PLACE_LOCAL "-"

typedef enum BindingVerdict {
        BINDING_FITS,
        BINDING_FIRST,   /* this is the session's first place: bind it */
        BINDING_DIFFERS, /* the mode says what follows */
} BindingVerdict;

/**
 * binding_place() - the form in which places are compared
 * @rhost:      an address, or a host's name; NULL or empty: at the host itself
 * @ret_place:  addresses are written in one way, those of IPv4 inside of IPv6 as IPv4, without a zone;
 *              names in small letters
 *
 * Return: true; false if it is neither: then it has no place.
 */
bool binding_place(const char *rhost, char ret_place[BINDING_PLACE_MAX + 1]);

/**
 * binding_set() - bind a new session as the rules say
 * @session:    changes; it is bound to its client's address, if it has one
 * @rules:      in force
 */
void binding_set(Session *session, const PolicyRules *rules);

/**
 * binding_address_mode() - what happens to a use from another address
 * @session:    borrowed
 */
BindMode binding_address_mode(const Session *session);

/**
 * binding_device_mode() - what happens to a use on another device
 * @session:    borrowed
 */
BindMode binding_device_mode(const Session *session);

/**
 * binding_check_address() - compare the place of a use with the session's
 * @session:    borrowed
 * @place:      from binding_place(); NULL: nowhere
 */
BindingVerdict binding_check_address(const Session *session, const char *place);

/**
 * binding_check_device() - compare the device of a use with the session's
 * @session:    borrowed
 * @device:     id of this host
 *
 * A session without a device fits all. Return: BINDING_FITS or BINDING_DIFFERS.
 */
BindingVerdict binding_check_device(const Session *session, const char *device);

/**
 * binding_take_address() - bind a session to its first place
 * @session:    changes
 * @place:      from binding_place()
 *
 * Return: 0; -ENOMEM.
 */
int binding_take_address(Session *session, const char *place);
