#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Telling the administrator's hooks what happens, and asking them about a login. They run elsewhere, see
 * hook-client.h; this file decides whether they are told, and what their outcome means.
 */

#include <stdbool.h>
#include <stdint.h>

#include "authtoken/reason.h"
#include "daemon/hook/hook-client.h"
#include "daemon/hook/hook-event.h"

typedef struct Context Context;

/* Failures, which the journal is told of once a second; zeroed at the beginning. */
typedef struct HookFailures {
        uint64_t told_sec;
        unsigned int n_not_told; /* since then */
} HookFailures;

/* Borrowed for the call of hook_ask(). */
typedef struct HookQuestion {
        HookEvent event;
        uint64_t deadline_usec; /* CLOCK_MONOTONIC, when the asking program gives up; 0: never */
} HookQuestion;

/**
 * hook_is_on() - whether the configuration sends an event
 * @context:    the daemon
 * @kind:       of the event
 */
bool hook_is_on(const Context *context, HookKind kind);

/**
 * hook_send() - tell of something that has happened
 * @context:    the daemon
 * @event:      borrowed; its host and time are filled in here
 *
 * Nobody waits. Events that cannot be sent are counted and written to the journal. An event that is off
 * costs nothing.
 */
void hook_send(Context *context, const HookEvent *event);

/**
 * hook_ask() - ask whether a login may go on
 * @context:    the daemon
 * @question:   its event as for hook_send(), and on
 * @done:       called once, never before this returns; what it means is for hook_verdict() to say
 * @userdata:   for @done
 * @ret_call:   hook_call_free() silences @done
 *
 * The answer comes while there is time for the reply, and within Timeout=.
 * Return: 0; HOOK_CLIENT_E_FULL; negative errno.
 */
int hook_ask(Context *context, const HookQuestion *question, HookDone done, void *userdata,
        HookCall **ret_call);

/**
 * hook_verdict() - what an outcome means for the login
 * @context:    the daemon
 * @outcome:    of the hooks; HOOK_FAILED also if they could not be asked
 *
 * Return: REASON_OK; REASON_HOOK_VETOED; REASON_HOOK_FAILED, unless OnFailure=allow.
 */
Reason hook_verdict(const Context *context, HookOutcome outcome);
