#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A message bus that only the test knows: a dbus-daemon of its own.
 */

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

typedef struct PrivateBus {
        pid_t pid;
        char address[256];
} PrivateBus;

/**
 * private_bus_is_there() - whether dbus-daemon is installed
 *
 * If not, it says so as a skipped TAP test.
 */
bool private_bus_is_there(void);

/**
 * private_bus_start() - start one and wait until it listens; asserts that it does
 * @bus:        filled
 */
void private_bus_start(PrivateBus *bus);

/**
 * private_bus_stop() - end it
 * @bus:        started
 */
void private_bus_stop(PrivateBus *bus);

/**
 * private_bus_connect() - a connection on a loop; asserts that it works
 * @bus:        started
 * @event:      the loop
 *
 * Return: owned by the caller; for sd_bus_flush_close_unref().
 */
sd_bus *private_bus_connect(const PrivateBus *bus, sd_event *event);
