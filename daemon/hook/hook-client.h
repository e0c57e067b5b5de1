#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The connection to the runner of hooks, a process of another user: a packet to its socket, and perhaps
 * an answer. Nothing here blocks: a runner that is absent, hangs, dies or answers nonsense is an outcome.
 * Logins and notices have separate lanes, each with a limited number of connections and waiting calls, so
 * that notices that nobody takes do not hold up logins.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "common/cleanup.h"
#include "common/hook-message.h"

#define HOOK_LOGINS_OPEN_MAX     64u
#define HOOK_LOGINS_WAITING_MAX  512u
#define HOOK_NOTICES_OPEN_MAX    8u
#define HOOK_NOTICES_WAITING_MAX 1024u
#define HOOK_NOTE_MAX            256u

typedef struct HookCall HookCall;
typedef struct HookClient HookClient;

enum {
        HOOK_CLIENT_E_FULL = 1, /* as many wait as may */
};

typedef struct HookResult {
        HookKind kind;
        HookOutcome outcome;
        const char *hook; /* its file's name; "" if no hook decided */
        const char *note; /* the error on the way; "" if there was none */
} HookResult;

typedef struct HookCounters {
        uint64_t n_outcomes[HOOK_KIND_COUNT][HOOK_OUTCOME_COUNT];
        uint64_t n_dropped[HOOK_KIND_COUNT]; /* HOOK_CLIENT_E_FULL */
        bool is_failing;                     /* the last one failed */
        size_t n_open, n_waiting;            /* now */
} HookCounters;

/* @result is borrowed. */
typedef void (*HookDone)(HookCall *call, const HookResult *result, void *userdata);

/* Borrowed for the call of a function only. */
typedef struct HookOrder {
        HookKind kind; /* HOOK_LOGIN has a lane of its own */
        const char *json;
        uint64_t timeout_usec; /* of a login from now on, of a notice from its turn on */
} HookOrder;

/**
 * hook_client_new() - nothing is connected yet
 * @event:      referenced
 * @path:       of the runner's socket; copied
 * @ret_client: owned by the caller
 *
 * Return: 0; -ENOMEM; -ENAMETOOLONG.
 */
int hook_client_new(sd_event *event, const char *path, HookClient **ret_client);

/**
 * hook_client_free() - forget all calls without completing them
 * @client:     NULL is fine
 *
 * Return: NULL.
 */
HookClient *hook_client_free(HookClient *client);
DEFINE_CLEANUP(HookClient, hook_client_free)

/**
 * hook_client_start() - have hooks run
 * @client:     any
 * @order:      borrowed
 * @done:       called once, never before this returns, and not after hook_call_free()
 * @userdata:   for @done
 * @ret_call:   owned by the caller until @done is called; may be NULL
 *
 * Return: 0; HOOK_CLIENT_E_FULL: it was dropped and counted; negative errno.
 */
int hook_client_start(HookClient *client, const HookOrder *order, HookDone done, void *userdata,
        HookCall **ret_call);

/**
 * hook_call_free() - do not wait for the answer
 * @call:       NULL is fine; not the one that is being completed
 *
 * Hooks that were begun are ended by their runner. Return: NULL.
 */
HookCall *hook_call_free(HookCall *call);

/**
 * hook_client_counters() - the outcomes of all calls so far
 * @client:     any
 * @ret_counters: filled
 */
void hook_client_counters(const HookClient *client, HookCounters *ret_counters);
