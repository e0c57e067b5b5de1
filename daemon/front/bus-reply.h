#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Results as a{sv} dictionaries in a reply.
 */

#include <stdint.h>
#include <systemd/sd-bus.h>

/* The bus disconnects a sender of more than it takes (32 MiB by default). */
#define BUS_REPLY_MAX ((size_t)16 * 1024 * 1024)

typedef struct Context Context;
typedef struct Keyring Keyring;
typedef struct OperationResult OperationResult;
typedef struct SessionRow SessionRow;

/**
 * bus_reply_text() - append one text entry to an open a{sv}
 * @reply:      a{sv} is open
 * @key:        entry's key
 * @value:      NULL: the entry is left out; a noncharacter of Unicode becomes U+FFFD
 *
 * Return: 0 or positive; negative errno.
 */
int bus_reply_text(sd_bus_message *reply, const char *key, const char *value);

/**
 * bus_reply_number() - append one number (t) to an open a{sv}
 * @reply:      a{sv} is open
 * @key:        entry's key
 * @value:      number
 *
 * Return: 0 or positive; negative errno.
 */
int bus_reply_number(sd_bus_message *reply, const char *key, uint64_t value);

/**
 * bus_reply_flag() - append one boolean to an open a{sv}
 * @reply:      a{sv} is open
 * @key:        entry's key
 * @value:      0 or 1
 *
 * Return: 0 or positive; negative errno.
 */
int bus_reply_flag(sd_bus_message *reply, const char *key, int value);

/**
 * bus_reply_sessions() - append sessions with their logins as aa{sv}
 * @reply:      grows
 * @rows:       borrowed
 * @n_rows:     number of them
 *
 * Return: 0 or positive; -E2BIG above BUS_REPLY_MAX; other negative errno.
 */
int bus_reply_sessions(sd_bus_message *reply, const SessionRow *rows, size_t n_rows);

/**
 * bus_reply_keys() - append the keys as aa{sv}, without their secrets
 * @reply:      grows
 * @keyring:    borrowed
 *
 * Return: 0 or positive; negative errno.
 */
int bus_reply_keys(sd_bus_message *reply, const Keyring *keyring);

/**
 * bus_reply_tokens() - append a session's tokens: "ssa{sv}", in a message that the bus must keep from
 * others
 * @reply:      open
 * @result:     of an issue or a refresh that went well
 *
 * Return: 0 or more; negative errno.
 */
int bus_reply_tokens(sd_bus_message *reply, const OperationResult *result);
