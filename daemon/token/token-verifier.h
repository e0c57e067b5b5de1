#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The strict verification of an access token (RFC 7515, 7519, 8725), from bytes to claims. It does
 * not check the session: a valid token of an ended session is refused later.
 */

#include "authtoken/reason.h"
#include "daemon/token/claims.h"
#include "daemon/token/keyring.h"
#include "daemon/token/verify-rules.h"

/**
 * token_verify() - decide whether a token is trusted, for this audience and user, and valid now
 * @keyring:    our own keys
 * @rules:      the rules for our tokens, and the other trusted issuers, each with rules of its own
 * @request:    the token, and what to check it against
 * @ret_claims: one reference, owned by the caller; untouched unless the answer is REASON_OK, and
 *              with rules->signature_only always
 *
 * Order: size, form, header, key, signature, and only then the payload. No byte of the payload
 * is interpreted before its signature is valid. Our own keys come before those of other issuers.
 * Return: REASON_OK, or the reason of the refusal; REASON_INTERNAL for anything unexpected.
 */
Reason token_verify(const Keyring *keyring, const VerifyRules *rules, const VerifyRequest *request,
        Claims **ret_claims);

/**
 * verify_rules_of() - the rules that a token's claims have to satisfy
 * @rules:      our own
 * @claims:     of a token that token_verify() accepted
 *
 * Return: borrowed; NULL when its issuer is not trusted any more.
 */
const VerifyRules *verify_rules_of(const VerifyRules *rules, const Claims *claims);
