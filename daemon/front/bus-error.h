#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The only translation from an internal failure to an error on the bus. A message always begins with
 * the stable code of the reason: "session-unknown: no session of the user has this id".
 */

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "authtoken/bus-name.h"
#include "authtoken/reason.h"

/**
 * bus_error_set_reason() - fill an error from a reason
 * @error:      empty
 * @reason:     not REASON_OK
 *
 * Return: the negative errno that sd-bus has for the error, for use as a handler's result.
 */
int bus_error_set_reason(sd_bus_error *error, Reason reason);

/**
 * bus_error_set_detail() - the same, with words that tell more than the reason's own
 * @error:      empty
 * @reason:     not REASON_OK
 * @detail:     for an administrator
 *
 * Return: as bus_error_set_reason().
 */
int bus_error_set_detail(sd_bus_error *error, Reason reason, const char *detail);

/**
 * bus_error_set_argument() - fill an error about a bad argument
 * @error:      empty
 * @reason:     which reason's code to begin with
 * @format:     printf format: what is wrong and what is allowed
 *
 * Return: as bus_error_set_reason().
 */
int bus_error_set_argument(sd_bus_error *error, Reason reason, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/**
 * bus_error_is_outage() - whether a reason only tells of our own trouble, and nothing about the subject
 * of the call
 * @reason:     any
 *
 * Only such a reason may be answered before the caller is authorised.
 */
bool bus_error_is_outage(Reason reason);
