/* SPDX-License-Identifier: MIT */
#include "daemon/token/token-verifier.h"

#include <string.h>
#include <strings.h>

#include "daemon/token/claim-mapping.h"
#include "daemon/token/issuer-list.h"
#include "daemon/token/jws.h"

#define MEDIA_TYPE_PREFIX "application/"

/* RFC 7515 section 4.1.9: a media type, in any case, whose "application/" may be left out. */
static bool type_is(const char *type, const char *expected) {
        if (strncasecmp(type, MEDIA_TYPE_PREFIX, strlen(MEDIA_TYPE_PREFIX)) == 0)
                type += strlen(MEDIA_TYPE_PREFIX);
        return strcasecmp(type, expected) == 0;
}

/* RFC 8725 section 3.11: our tokens say what they are, so that no other kind of token is taken
 * for one. */
static bool type_is_expected(const char *type, const VerifyRules *rules) {
        bool any_jwt = rules->foreign || rules->stateless;

        if (!type)
                return any_jwt;
        return type_is(type, "at+jwt") || (any_jwt && type_is(type, "JWT"));
}

/* A token's key, the key's algorithm, and the rules of the key's owner. */
typedef struct Candidate {
        Key *key;
        const Algorithm *algorithm;
        const VerifyRules *rules;
} Candidate;

/* One token on its way through the steps. */
typedef struct Verification {
        const Keyring *keyring;
        const VerifyRules *rules; /* our own */
        const VerifyRequest *request;
        Jws jws;
        JwsHeader header;
        Claims *claims; /* of the first candidate whose signature and claims are valid */
} Verification;

static Reason check_signature(const Jws *jws, const Candidate *candidate) {
        int r;

        r = key_verify(candidate->key, candidate->algorithm, jws->signed_text, jws->signature);
        if (r == KEY_E_SIGNATURE)
                return REASON_SIGNATURE_INVALID;
        return r ? REASON_INTERNAL : REASON_OK;
}

/* The key is known, and with it the rules for the payload. */
static Reason verify_by(Verification *run, const Candidate *candidate) {
        _cleanup_(claims_unrefp) Claims *claims = NULL;
        VerifyRules rules = *candidate->rules;
        Reason reason;

        rules.ignore_time = run->rules->ignore_time;
        reason = check_signature(&run->jws, candidate);
        if (reason != REASON_OK || run->rules->signature_only)
                return reason;
        reason = claim_mapping_parse(&run->jws, &rules, &claims);
        if (reason == REASON_OK)
                reason = claims_check(claims, &rules, run->request);
        if (reason == REASON_OK)
                run->claims = TAKE_PTR(claims);
        return reason;
}

static Reason try_key(Verification *run, Key *key, const VerifyRules *rules, uint32_t algorithms) {
        const Algorithm *algorithm = run->header.algorithm;

        if (!key)
                return REASON_KEY_UNKNOWN;
        /* The key decides, never the token: RFC 8725 section 3.1. */
        if (!key_accepts(key, algorithm) || !(algorithms >> algorithm_index(algorithm) & 1))
                return REASON_ALGORITHM_REFUSED;
        if (!type_is_expected(run->header.type, rules))
                return REASON_TYPE_UNEXPECTED;
        return verify_by(run, &(Candidate){ key, algorithm, rules });
}

/* Whether the token can still be another issuer's: several issuers may give a key the same name,
 * or share one key. The verdict of a key on its own issuer's token is final. */
static bool is_open(Reason reason) {
        return reason == REASON_KEY_UNKNOWN || reason == REASON_ALGORITHM_REFUSED ||
               reason == REASON_TYPE_UNEXPECTED || reason == REASON_SIGNATURE_INVALID ||
               reason == REASON_ISSUER_MISMATCH;
}

/* The payload names the issuer, but nobody reads it before a signature is valid. So the key's name
 * leads to the keys that may have signed, and the one that did leads to the issuer. */
static Reason try_all(Verification *run) {
        const IssuerList *issuers = run->rules->issuers;
        Reason reason;

        reason = try_key(run, keyring_find(run->keyring, run->header.kid), run->rules, UINT32_MAX);
        for (size_t i = 0; i < issuer_list_size(issuers) && is_open(reason); i++) {
                const Issuer *issuer = issuer_list_at(issuers, i);
                Key *key = issuer->keyring ? jwks_find(issuer->keyring, run->header.kid) : NULL;

                if (key)
                        reason = try_key(run, key, &issuer->rules, issuer->jwks_rules.algorithms);
        }
        return reason;
}

static Reason verify_parsed(Verification *run) {
        Key *key = keyring_find_header(run->keyring, run->jws.header_text);
        Reason reason;

        /* Exactly our own header: its content was checked when the key was loaded. */
        if (key) {
                reason = verify_by(run, &(Candidate){ key, key_algorithm(key), run->rules });
                if (!is_open(reason) || issuer_list_size(run->rules->issuers) == 0)
                        return reason;
        }
        reason = jws_header_parse(&run->jws, &run->header);
        if (reason == REASON_OK)
                reason = try_all(run);
        jws_header_clear(&run->header);
        return reason;
}

Reason token_verify(const Keyring *keyring, const VerifyRules *rules, const VerifyRequest *request,
        Claims **ret_claims) {
        Verification run = { .keyring = keyring, .rules = rules, .request = request };
        Reason reason;

        /* Before any copy: refusing a huge token must be cheap. */
        if (request->token_size > rules->max_size)
                return REASON_TOKEN_TOO_LARGE;
        reason = jws_parse(request->token, request->token_size, &run.jws);
        if (reason != REASON_OK)
                return reason;
        if (run.jws.payload.size == 0 && !rules->signature_only)
                reason = REASON_TOKEN_MALFORMED;
        if (reason == REASON_OK)
                reason = verify_parsed(&run);
        jws_clear(&run.jws);
        if (reason == REASON_OK && run.claims)
                *ret_claims = run.claims;
        return reason;
}

const VerifyRules *verify_rules_of(const VerifyRules *rules, const Claims *claims) {
        const Issuer *issuer;

        if (claims->origin != CLAIMS_FOREIGN)
                return rules;
        issuer = issuer_list_find(rules->issuers, claims->issuer);
        return issuer ? &issuer->rules : NULL;
}
