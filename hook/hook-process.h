#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One hook from its start to its end: in a process group of its own, with the event on standard input.
 * When its time is up, the whole group is killed.
 */

#include <stddef.h>
#include <stdint.h>

#include "common/hook-message.h"

/* Borrowed for the call. */
typedef struct HookJob {
        const char *directory, *name;
        const HookMessage *message; /* its deadline is the hook's */
} HookJob;

/**
 * hook_process_run() - run a hook and wait for its end
 * @job:        borrowed
 *
 * Never longer than to the deadline, plus the moment that SIGKILL takes. What went wrong is written to
 * standard error. Return: HOOK_ALLOWED exit status 0; HOOK_VETOED another one; HOOK_FAILED it could not
 * be started, was killed, or was not done in time.
 */
HookOutcome hook_process_run(const HookJob *job);
