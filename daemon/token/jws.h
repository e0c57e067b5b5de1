#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * JWS compact serialization (RFC 7515 section 7.1): split and decoded, not judged. The payload is
 * only bytes here: nothing interprets it before the signature is known to be valid.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "authtoken/reason.h"
#include "common/cleanup.h"
#include "daemon/token/algorithm.h"
#include "daemon/token/key.h"

typedef struct Jws {
        KeyBytes header_text; /* encoded first part, in the token */
        KeyBytes signed_text; /* first and second part with their dot, in the token */
        KeyBytes header;      /* decoded, in the block */
        KeyBytes payload;
        KeyBytes signature;
        Secret *block; /* decoded parts: together they are the token, so they are wiped */
} Jws;

/**
 * jws_parse() - split and decode
 * @token:      borrowed as long as @ret_jws is used
 * @size:       of @token; the caller has bounded it
 * @ret_jws:    filled on success; to be cleared by jws_clear()
 *
 * Exactly three parts of strict base64url; only the payload may be empty.
 * Return: REASON_OK, _TOKEN_MALFORMED, _INTERNAL.
 */
Reason jws_parse(const char *token, size_t size, Jws *ret_jws);

/**
 * jws_clear() - wipe and free what jws_parse() made
 * @jws:        zeroed is fine
 */
void jws_clear(Jws *jws);

/* The header's members that are looked at; text belongs to @object. */
typedef struct JwsHeader {
        json_t *object;
        const Algorithm *algorithm;
        const char *kid;  /* NULL: absent */
        const char *type; /* NULL: absent */
} JwsHeader;

/**
 * jws_header_parse() - read a protected header (RFC 7515 section 4)
 * @jws:        from jws_parse()
 * @ret_header: filled on success; to be cleared by jws_header_clear()
 *
 * jwk, jku, x5u, x5c and unknown members are ignored; "crit" and "b64" refuse the token, as RFC
 * 7515 section 4.1.11 demands if no extension is supported.
 * Return: REASON_OK, _HEADER_MALFORMED, _HEADER_CRITICAL, _ALGORITHM_REFUSED.
 */
Reason jws_header_parse(const Jws *jws, JwsHeader *ret_header);

/**
 * jws_header_clear() - free what jws_header_parse() made
 * @header:     zeroed is fine
 */
void jws_header_clear(JwsHeader *header);
