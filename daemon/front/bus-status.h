#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The answer of GetStatus: the state of the daemon, its store, its keys and its hooks. It names no
 * user.
 */

#include <systemd/sd-bus.h>

typedef struct Context Context;

/**
 * bus_status_append() - append the status as a{sv}
 * @reply:      under construction
 * @context:    the daemon
 *
 * It does not ask the store, so it answers while the store hangs, too. Return: 0 or more; negative
 * errno.
 */
int bus_status_append(sd_bus_message *reply, const Context *context);
