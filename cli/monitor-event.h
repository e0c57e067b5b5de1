#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A signal of the daemon as a line: for people, or as JSON.
 */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "cli/command.h"
#include "cli/dictionary.h"
#include "common/cleanup.h"

/* Owned text; NULL where the signal has none. */
typedef struct MonitorEvent {
        char *name; /* of the signal, or "Daemon" */
        char *session, *reason, *key;
        uint64_t time_usec;     /* CLOCK_REALTIME, when it was heard */
        uint64_t deadline_usec; /* 0: none */
        struct MonitorEvent *next;
} MonitorEvent;

/**
 * monitor_event_new() - make an event of our own
 * @name:       copied
 * @reason:     copied
 * @ret_event:  owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int monitor_event_new(const char *name, const char *reason, MonitorEvent **ret_event);

/**
 * monitor_event_read() - read a signal
 * @message:    of org.authtoken1.Manager
 * @ret_event:  owned by the caller
 *
 * A signal that only a newer daemon has is shown by its name alone. Return: 0; negative errno.
 */
int monitor_event_read(sd_bus_message *message, MonitorEvent **ret_event);

/**
 * monitor_event_free() - free an event
 * @event:      NULL is fine
 *
 * Return: NULL.
 */
MonitorEvent *monitor_event_free(MonitorEvent *event);
DEFINE_CLEANUP(MonitorEvent, monitor_event_free)

/**
 * monitor_event_begins() - whether an older list of sessions knows too little of its session
 * @event:      any
 */
bool monitor_event_begins(const MonitorEvent *event);

/**
 * monitor_event_print() - write its line to standard output, at once
 * @event:      borrowed
 * @session:    what is known of its session; NULL: nothing
 * @json:       as a JSON object
 *
 * Return: STATUS_OK; STATUS_FAILED, complained.
 */
ExitStatus monitor_event_print(const MonitorEvent *event, const Dictionary *session, bool json);
