#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A first check of a JWK Set: enough to tell it from an error page, not enough to trust it. The daemon
 * checks each key itself.
 */

#include <stddef.h>

#include "fetch/download.h"

/**
 * jwks_document_count() - keys that could be public keys for signatures
 * @document:   what was fetched
 * @ret_count:  how many
 *
 * Return: 0; -1 it is not a JWK Set.
 */
int jwks_document_count(const Document *document, size_t *ret_count);
