#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The event for a hook: one JSON object. Never a token, a code or a handle.
 */

#include <stdint.h>

#include "common/hook-message.h"

/* The version of the object's form, as "version". Members may be added without a new version. */
#define HOOK_EVENT_VERSION 1

/* Text is UTF-8; NULL becomes null. Borrowed. */
typedef struct HookEvent {
        HookKind kind;
        const char *user;
        const char *session; /* its id */
        const char *service, *tty, *rhost;
        const char *host;   /* this one's name */
        const char *reason; /* a code of reason.h */
        const char *platform, *device;
        uint64_t time_sec;
} HookEvent;

/**
 * hook_event_encode() - make the JSON of an event
 * @event:      borrowed
 * @ret_json:   one line of ASCII; owned by the caller
 *
 * Every member is there, each time. Return: 0; -ENOMEM; -EINVAL text that is not UTF-8.
 */
int hook_event_encode(const HookEvent *event, char **ret_json);
