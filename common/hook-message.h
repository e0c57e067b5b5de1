#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What the daemon and the runner of hooks say to each other: one packet each way.
 *
 *      authtoken-hook 1 EVENT DEADLINE\n{JSON}         to the runner
 *      allowed | vetoed NAME | failed [NAME]           and back; NAME is the file of a hook
 *
 * DEADLINE is a point of CLOCK_MONOTONIC in microseconds: by it a runner that was started late knows
 * that nobody waits any more. The JSON is for the hooks; the runner hands it on unread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOOK_PACKET_MAX 32768u
#define HOOK_NAME_MAX   128u
#define HOOK_ANSWER_MAX (HOOK_NAME_MAX + 16u)

/* X(symbol, name) */
#define HOOK_KINDS(X)         \
        X(LOGIN, "login")     \
        X(LOGOUT, "logout")   \
        X(REFRESH, "refresh") \
        X(KICK, "kick")

typedef enum HookKind {
#define X(symbol, name) HOOK_##symbol,
        HOOK_KINDS(X)
#undef X
                HOOK_KIND_COUNT,
} HookKind;

typedef enum HookOutcome {
        HOOK_ALLOWED,
        HOOK_VETOED,
        HOOK_FAILED, /* a hook could not be run to its end: nobody said yes, nobody said no */
} HookOutcome;

/* No value of the enum, or each switch over it would have to name it. */
#define HOOK_OUTCOME_COUNT (HOOK_FAILED + 1)

/* Text is borrowed, and need not end with NUL. */
typedef struct HookMessage {
        HookKind kind;
        uint64_t deadline_usec; /* CLOCK_MONOTONIC */
        const char *json;
        size_t json_size;
} HookMessage;

typedef struct HookAnswer {
        HookOutcome outcome;
        char name[HOOK_NAME_MAX + 1]; /* of the hook; empty for HOOK_ALLOWED, or if none decided */
} HookAnswer;

enum {
        HOOK_MESSAGE_E_MALFORMED = 1,
        HOOK_MESSAGE_E_FULL,
};

/**
 * hook_kind_name() - the name of an event
 * @kind:       below HOOK_KIND_COUNT
 */
const char *hook_kind_name(HookKind kind);

/**
 * hook_outcome_name() - the word for what came of an event
 * @outcome:    below HOOK_OUTCOME_COUNT
 */
const char *hook_outcome_name(HookOutcome outcome);

/**
 * hook_name_is_valid() - whether a file of this name can be a hook
 * @name:       NUL-terminated
 *
 * 1 … HOOK_NAME_MAX letters, digits, '.', '_' and '-', beginning with a letter or digit, and not what a
 * package manager leaves beside a changed file.
 */
bool hook_name_is_valid(const char *name);

/**
 * hook_message_encode() - compose a packet to the runner
 * @message:    its JSON is one line of UTF-8
 * @buffer:     receives the packet
 * @size:       of @buffer
 * @ret_used:   untouched on failure
 *
 * Return: 0; HOOK_MESSAGE_E_FULL.
 */
int hook_message_encode(const HookMessage *message, char *buffer, size_t size, size_t *ret_used);

/**
 * hook_message_decode() - take a packet from the daemon apart
 * @packet:     borrowed by @ret_message
 * @size:       of @packet
 * @ret_message: untouched on failure
 *
 * Return: 0; HOOK_MESSAGE_E_MALFORMED.
 */
int hook_message_decode(const char *packet, size_t size, HookMessage *ret_message);

/**
 * hook_answer_encode() - compose an answer of the runner
 * @answer:     borrowed
 * @buffer:     receives it; HOOK_ANSWER_MAX is enough
 * @size:       of @buffer
 * @ret_used:   untouched on failure
 *
 * Return: 0; HOOK_MESSAGE_E_FULL.
 */
int hook_answer_encode(const HookAnswer *answer, char *buffer, size_t size, size_t *ret_used);

/**
 * hook_answer_decode() - take an answer of the runner apart
 * @packet:     bytes
 * @size:       of @packet
 * @ret_answer: untouched on failure
 *
 * Return: 0; HOOK_MESSAGE_E_MALFORMED.
 */
int hook_answer_decode(const char *packet, size_t size, HookAnswer *ret_answer);
