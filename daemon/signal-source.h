#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The signals that the daemon takes.
 */

#include <systemd/sd-event.h>

/**
 * signal_sources_add() - end the loop on SIGTERM and SIGINT, and have SIGHUP handled
 * @event:      the loop's; before any thread is made, so that every thread leaves them to it
 * @on_hangup:  for SIGHUP
 * @userdata:   for @on_hangup
 *
 * Return: 0 or positive; negative errno.
 */
int signal_sources_add(sd_event *event, sd_event_signal_handler_t on_hangup, void *userdata);
