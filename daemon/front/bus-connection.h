#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The connection to the message bus, made again when it breaks: restarting dbus-daemon must not disturb
 * logins on the socket.
 */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "common/cleanup.h"
#include "daemon/config/config.h"

typedef struct BusConnection BusConnection;

/* @bus: the new connection, attached to the loop; NULL when the old one broke.
 * Return: 0; negative errno, and it is closed, and another one made after a while. */
typedef int (*BusChanged)(sd_bus *bus, void *userdata);

/**
 * bus_connection_new() - connect, now and whenever it breaks
 * @event:      referenced
 * @kind:       which bus; BUS_NONE never connects
 * @changed:    called for the first connection and each later one, not before this returns
 * @userdata:   for @changed
 * @ret_connection: owned by the caller
 *
 * Return: 0; negative errno.
 */
int bus_connection_new(sd_event *event, BusKind kind, BusChanged changed, void *userdata,
        BusConnection **ret_connection);

/**
 * bus_connection_free() - close, without waiting
 * @connection: NULL is fine
 *
 * Return: NULL.
 */
BusConnection *bus_connection_free(BusConnection *connection);
DEFINE_CLEANUP(BusConnection, bus_connection_free)
