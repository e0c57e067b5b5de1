#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The D-Bus face: org.authtoken1 with its one object and one interface.
 */

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "common/cleanup.h"

typedef struct BusService BusService;
typedef struct Context Context;
typedef struct SessionEvent SessionEvent;

/* Read configuration and keys again; 0, or positive with a message for the caller. */
typedef int (*BusReload)(char *message, size_t message_size, void *userdata);

/**
 * bus_service_new() - serve on a connection, and ask for the name
 * @bus:        connected or connecting, attached to the loop; referenced
 * @context:    borrowed; outlives the service
 * @reload:     does Reload()
 * @userdata:   for @reload
 * @ret_service: owned by the caller
 *
 * Return: 0; negative errno.
 */
int bus_service_new(
        sd_bus *bus, Context *context, BusReload reload, void *userdata, BusService **ret_service);

/**
 * bus_service_free() - answer the calls under way with an error and leave the bus
 * @service:    NULL is fine
 *
 * Return: NULL.
 */
BusService *bus_service_free(BusService *service);
DEFINE_CLEANUP(BusService, bus_service_free)

/**
 * bus_service_emit() - broadcast a session's event as a signal
 * @service:    any
 * @event:      borrowed
 */
void bus_service_emit(BusService *service, const SessionEvent *event);
