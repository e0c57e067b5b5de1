#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Where a Redis server listens: "unix:PATH" or "tcp:IP:PORT" ("tcp:[IPv6]:PORT"). Never a name, because
 * looking names up blocks.
 */

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#define REDIS_ADDRESS_TEXT_MAX 120u
#define REDIS_SENTINELS_MAX    9u

enum {
        REDIS_ADDRESS_E_INVALID = 1,
        REDIS_ADDRESS_E_PLAINTEXT, /* beyond loopback, where others can read the traffic */
};

typedef struct RedisAddress {
        struct sockaddr_storage socket;
        socklen_t size;
        char text[REDIS_ADDRESS_TEXT_MAX + 1]; /* as it was configured */
} RedisAddress;

/**
 * redis_address_parse() - read an address
 * @text:       NUL-terminated
 * @allow_plaintext: take TCP beyond loopback
 * @ret_address: untouched on failure
 *
 * Return: 0; REDIS_ADDRESS_E_INVALID; REDIS_ADDRESS_E_PLAINTEXT.
 */
int redis_address_parse(const char *text, bool allow_plaintext, RedisAddress *ret_address);

/**
 * redis_addresses_parse() - read several addresses with spaces between them
 * @text:       NUL-terminated
 * @allow_plaintext: take TCP beyond loopback
 * @addresses:  receives them
 * @ret_n:      how many there are, 1 … REDIS_SENTINELS_MAX; untouched on failure
 *
 * Return: 0; REDIS_ADDRESS_E_INVALID one is none, comes twice, or there are none or too many;
 * REDIS_ADDRESS_E_PLAINTEXT.
 */
int redis_addresses_parse(const char *text, bool allow_plaintext,
        RedisAddress addresses[REDIS_SENTINELS_MAX], size_t *ret_n);

/**
 * redis_address_open() - a socket that can be connected to an address
 * @address:    parsed
 *
 * Return: non-blocking socket, owned by the caller; negative errno.
 */
int redis_address_open(const RedisAddress *address);
