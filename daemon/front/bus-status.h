#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What GetStatus answers: how the daemon, its store, its keys and its hooks are. It names nobody.
 */

#include <systemd/sd-bus.h>

typedef struct Context Context;

/**
 * bus_status_append() - append the status as a{sv}
 * @reply:      under construction
 * @context:    the daemon
 *
 * Asks nobody, so it answers while the store hangs, too. Return: 0 or more; negative errno.
 */
int bus_status_append(sd_bus_message *reply, const Context *context);
