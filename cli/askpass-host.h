#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Names of hosts, in one spelling: small letters, no dot at the end, no brackets around an address, ASCII only (so
 * that no name merely looks like another), IPv6 addresses in their shortest form. Two names are the same host exactly
 * if their spellings are the same: nothing is looked up.
 */

#include <stdbool.h>
#include <stddef.h>

#define ASKPASS_HOST_MAX 255u

/**
 * askpass_host_read() - the one spelling of a host's name or address
 * @text:       need not end with NUL
 * @size:       of @text
 * @host:       receives at most ASKPASS_HOST_MAX characters and NUL; changed on failure, too
 *
 * A port is no part of a host. Return: whether it is a name or an address.
 */
bool askpass_host_read(const char *text, size_t size, char host[ASKPASS_HOST_MAX + 1]);

/**
 * askpass_host_fits() - whether a host is what a pattern names
 * @host:       canonical
 * @pattern:    a host, or "*." and a domain: all hosts in it, however deep, not the domain itself
 */
bool askpass_host_fits(const char *host, const char *pattern);
