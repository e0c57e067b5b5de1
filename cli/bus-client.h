#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Calls to org.authtoken1, and what their errors mean to the person at the terminal.
 */

#include <stdint.h>
#include <systemd/sd-bus.h>

#include "cli/command.h"

/* How long a call may take. */
typedef enum CallPatience {
        CALL_SHORT,
        /* As long as the daemon lives: only it knows how long a login may take to end. */
        CALL_ENDLESS,
} CallPatience;

/* A method and how it is called. */
typedef struct BusCall {
        const char *method;
        const char *what; /* for a complaint: "cannot WHAT: …"; N_() */
        CallPatience patience;
} BusCall;

/**
 * bus_client_open() - connect to the bus
 * @line:       which bus
 * @ret_bus:    owned by the caller
 *
 * Waits until the bus has let us in, for at most 10 s. With a terminal, polkit may ask for a password: an agent is started if there is none.
 * Return: STATUS_OK; STATUS_UNREACHABLE or STATUS_USAGE, complained.
 */
ExitStatus bus_client_open(const CommandLine *line, sd_bus **ret_bus);

/**
 * bus_client_prepare() - begin a call of a method
 * @bus:        connected
 * @method:     member name
 * @ret_call:   owned by the caller; arguments are to be appended
 *
 * Return: STATUS_OK; STATUS_FAILED, complained.
 */
ExitStatus bus_client_prepare(sd_bus *bus, const char *method, sd_bus_message **ret_call);

/**
 * bus_client_call() - send a call and wait for its reply
 * @call:       from bus_client_prepare()
 * @what:       as in BusCall
 * @patience:   how long to wait
 * @ret_reply:  owned by the caller
 *
 * Return: STATUS_OK; another status, complained.
 */
ExitStatus bus_client_call(
        sd_bus_message *call, const char *what, CallPatience patience, sd_bus_message **ret_reply);

/**
 * bus_client_ask() - connect, call one method, and wait for its reply
 * @line:       which bus
 * @question:   borrowed
 * @ret_reply:  owned by the caller
 * @types:      of the arguments, as in sd_bus_message_append(); NULL: there are none
 *
 * Return: STATUS_OK; another status, complained.
 */
ExitStatus bus_client_ask(const CommandLine *line, const BusCall *question,
        sd_bus_message **ret_reply, const char *types, ...);

/**
 * bus_client_append_filter() - add the options that choose among sessions
 * @call:       grows by an a{sv}
 * @user:       NULL: not chosen by it; likewise the others
 * @platform:   borrowed
 * @device:     borrowed
 *
 * Return: 0 or more; negative errno.
 */
int bus_client_append_filter(
        sd_bus_message *call, const char *user, const char *platform, const char *device);

/**
 * bus_client_broken() - complain about a call that could not be composed or a reply that is not understood
 * @what:       as in BusCall
 * @r:          negative errno
 *
 * Return: STATUS_FAILED.
 */
ExitStatus bus_client_broken(const char *what, int r);
