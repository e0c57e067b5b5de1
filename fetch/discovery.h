#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Where an OpenID provider keeps its keys (OpenID Connect Discovery 1.0, sections 4 and 3).
 */

#include "fetch/download.h"

#define DISCOVERY_URL_MAX 2048u

/**
 * discovery_url() - where an issuer's metadata are
 * @issuer:     https: URL without query and fragment
 * @url:        receives it; DISCOVERY_URL_MAX bytes
 * @message:    receives why not; DOWNLOAD_MESSAGE_MAX bytes
 *
 * Return: 0; -1.
 */
int discovery_url(const char *issuer, char *url, char *message);

/**
 * discovery_read() - take the address of the keys out of the metadata
 * @document:   what was fetched from discovery_url()
 * @issuer:     must be the document's "issuer", to the byte
 * @jwks_host:  another host that the keys may be at; NULL: the issuer's own only
 * @url:        receives "jwks_uri"; DISCOVERY_URL_MAX bytes
 * @message:    receives why not; DOWNLOAD_MESSAGE_MAX bytes
 *
 * The keys must be at the issuer's origin: scheme, host and port; or at port 443 of @jwks_host.
 * Return: 0; -1.
 */
int discovery_read(const Document *document, const char *issuer, const char *jwks_host, char *url,
        char *message);

/**
 * discovery_same_origin() - whether two https: URLs have one host and port
 * @a:          URL
 * @b:          URL
 *
 * Return: 1; 0, also when one of them is not an https: URL, or has a user in it.
 */
int discovery_same_origin(const char *a, const char *b);
