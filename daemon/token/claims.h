#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The claim set of a token whose signature is valid (RFC 7519 section 4), as plain values.
 *
 * One block of memory holds the struct and all its text, so a cached one is small and quick to
 * free. Nobody changes claims after they were made. References are counted without locks: claims
 * belong to one thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "authtoken/reason.h"
#include "common/cleanup.h"
#include "daemon/token/jti.h"
#include "daemon/token/verify-rules.h"

struct json_t;

#define CLAIMS_TIME_MAX       (UINT64_C(1) << 53)
#define CLAIMS_DEFAULT_TENANT "default" /* the tenant of a token without the claim "tnt" */

typedef enum ClaimsOrigin {
        CLAIMS_OURS,      /* of a session that was made here */
        CLAIMS_STATELESS, /* of a predecessor with our key: it may have to be adopted */
        CLAIMS_FOREIGN,   /* another issuer's: likewise */
} ClaimsOrigin;

typedef struct Claims {
        ClaimsOrigin origin;
        const char *issuer;
        const char *subject;
        const char *jti;
        char sid[SID_SIZE + 1]; /* "" when a foreign jti is not SID.GENERATION */
        uint64_t generation;
        const char *const *audience;
        size_t n_audience; /* at least 1 */
        const char *const *roles;
        size_t n_roles;
        uint64_t issued_at_sec;
        uint64_t expires_at_sec;
        uint64_t not_before_sec;
        bool has_not_before;
        const char *platform; /* this and the following: NULL when not given */
        const char *device;
        const char *source;
        const char *tenant;
        const char *name;
        const char *data_json; /* the caller's own claims, a JSON object */
        const char *json;      /* the whole claim set, as it was signed */
        const char *here_json; /* and as it is understood on this host */
        size_t size;           /* bytes of this block */
        unsigned n_ref;
} Claims;

/**
 * claims_parse() - read a claim set and check the form of every claim
 * @text:       decoded payload of a token with a valid signature; need not end with NUL
 * @size:       of @text
 * @rules:      only "foreign" is looked at
 * @ret_claims: one reference, owned by the caller
 *
 * Times are integers in 0 … 2^53. Text is non-empty and has no control characters.
 * Return: REASON_OK, _CLAIMS_MALFORMED, _CLAIM_MISSING, _CLAIM_INVALID, _INTERNAL.
 */
Reason claims_parse(const char *text, size_t size, const VerifyRules *rules, Claims **ret_claims);

/**
 * claims_from_object() - check the form of every claim of a parsed set, but not of "jti"
 * @object:     borrowed
 * @text:       what claims->json becomes
 * @size:       of @text
 * @here:       what claims->here_json becomes; NULL: the same
 * @ret_claims: one reference, owned by the caller; without a session's id
 *
 * Return: as claims_parse().
 */
Reason claims_from_object(const struct json_t *object, const char *text, size_t size,
        const char *here, Claims **ret_claims);

/**
 * claims_check() - check claims against the rules and a request
 * @claims:     from claims_parse() with the same rules
 * @rules:      issuer, leeway and longest lifetime
 * @request:    time, audience and user; the token is not looked at
 *
 * RFC 7519 sections 4.1.1 to 4.1.6.
 * Return: REASON_OK, _ISSUER_MISMATCH, _TENANT_MISMATCH, _AUDIENCE_MISMATCH, _TOKEN_EXPIRED, _TOKEN_NOT_YET,
 * _CLAIM_INVALID, _LIFETIME_EXCEEDED, _USER_INVALID, _USER_MISMATCH.
 */
Reason claims_check(const Claims *claims, const VerifyRules *rules, const VerifyRequest *request);

/**
 * claims_ref() - one more reference
 * @claims:     claims
 *
 * Return: @claims.
 */
Claims *claims_ref(Claims *claims);

/**
 * claims_unref() - drop a reference; the last one frees
 * @claims:     NULL is fine
 *
 * Return: NULL.
 */
Claims *claims_unref(Claims *claims);
DEFINE_CLEANUP(Claims, claims_unref)
