#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Claims that nobody here made: another issuer's, and those of a predecessor that kept no sessions. They
 * are mapped to the one form that the daemon works with: "sub" is a login name, and there is a session
 * id, which is the same for every token that is the same to its issuer.
 */

#include "authtoken/reason.h"
#include "daemon/token/claims.h"
#include "daemon/token/jws.h"
#include "daemon/token/verify-rules.h"

/**
 * claim_mapping_parse() - claims_parse() of a payload that may need a mapping
 * @jws:        a token with a valid signature
 * @rules:      with their mapping; without one, or for a "jti" that only we give, it is claims_parse()
 * @ret_claims: one reference, owned by the caller
 *
 * The session's id is made of issuer and "jti"; without "jti", of issuer, header and payload. The signature is
 * left out: the holder of a token can often turn its signature into another valid one (ECDSA: n - s), and
 * would get a second session.
 * Return: as claims_parse(); REASON_ISSUER_MISMATCH; REASON_USER_UNMAPPED, REASON_USER_INVALID.
 */
Reason claim_mapping_parse(const Jws *jws, const VerifyRules *rules, Claims **ret_claims);

/**
 * claim_mapping_check() - whether claims still belong to the same user
 * @claims:     of claim_mapping_parse(), perhaps by other rules
 * @rules:      as they are now
 *
 * Return: REASON_OK, also without a mapping; REASON_USER_MISMATCH: it would be another user now; as
 * claim_mapping_parse() for the claim that names the user.
 */
Reason claim_mapping_check(const Claims *claims, const VerifyRules *rules);
