/* SPDX-License-Identifier: MIT */
#include "daemon/token/token-verifier.h"

#include <string.h>
#include <strings.h>

#include "daemon/token/jws.h"

#define MEDIA_TYPE_PREFIX "application/"

/* RFC 7515 section 4.1.9: a media type, in any case, whose "application/" may be left out. */
static bool type_is(const char *type, const char *expected) {
        if (strncasecmp(type, MEDIA_TYPE_PREFIX, strlen(MEDIA_TYPE_PREFIX)) == 0)
                type += strlen(MEDIA_TYPE_PREFIX);
        return strcasecmp(type, expected) == 0;
}

/* RFC 8725 section 3.11: ours say what they are, so that no other kind of token passes for one. */
static bool type_is_expected(const char *type, const VerifyRules *rules) {
        if (!type)
                return rules->foreign;
        return type_is(type, "at+jwt") || (rules->foreign && type_is(type, "JWT"));
}

/* A token's key and what the key is used for. */
typedef struct KeyUse {
        Key *key;
        const Algorithm *algorithm;
} KeyUse;

static Reason find_key_by_header(
        const Keyring *keyring, const VerifyRules *rules, const Jws *jws, KeyUse *ret_use) {
        JwsHeader header;
        KeyUse use;
        Reason reason;

        reason = jws_header_parse(jws, &header);
        if (reason != REASON_OK)
                return reason;
        use.algorithm = header.algorithm;
        use.key = keyring_find(keyring, header.kid);
        if (!use.key)
                reason = REASON_KEY_UNKNOWN;
        else if (!key_accepts(use.key, use.algorithm))
                /* The key decides, never the token: RFC 8725 section 3.1. */
                reason = REASON_ALGORITHM_REFUSED;
        else if (!type_is_expected(header.type, rules))
                reason = REASON_TYPE_UNEXPECTED;
        else
                *ret_use = use;
        jws_header_clear(&header);
        return reason;
}

static Reason find_key(
        const Keyring *keyring, const VerifyRules *rules, const Jws *jws, KeyUse *ret_use) {
        Key *key = keyring_find_header(keyring, jws->header_text);

        if (!key)
                return find_key_by_header(keyring, rules, jws, ret_use);
        /* Our own header to the byte: what it says was decided when the key was loaded. */
        *ret_use = (KeyUse){ key, key_algorithm(key) };
        return REASON_OK;
}

static Reason check_signature(const Keyring *keyring, const VerifyRules *rules, const Jws *jws) {
        KeyUse use;
        Reason reason;
        int r;

        reason = find_key(keyring, rules, jws, &use);
        if (reason != REASON_OK)
                return reason;
        r = key_verify(use.key, use.algorithm, jws->signed_text, jws->signature);
        if (r == KEY_E_SIGNATURE)
                return REASON_SIGNATURE_INVALID;
        return r ? REASON_INTERNAL : REASON_OK;
}

static Reason verify_payload(const VerifyRules *rules, const VerifyRequest *request, const Jws *jws,
        Claims **ret_claims) {
        _cleanup_(claims_unrefp) Claims *claims = NULL;
        Reason reason;

        reason = claims_parse(jws->payload.data, jws->payload.size, rules, &claims);
        if (reason == REASON_OK)
                reason = claims_check(claims, rules, request);
        if (reason == REASON_OK)
                *ret_claims = TAKE_PTR(claims);
        return reason;
}

Reason token_verify(const Keyring *keyring, const VerifyRules *rules, const VerifyRequest *request,
        Claims **ret_claims) {
        Reason reason;
        Jws jws;

        /* Before any copy: what is refused for its size must not cost its size. */
        if (request->token_size > rules->max_size)
                return REASON_TOKEN_TOO_LARGE;
        reason = jws_parse(request->token, request->token_size, &jws);
        if (reason != REASON_OK)
                return reason;
        if (jws.payload.size == 0 && !rules->signature_only)
                reason = REASON_TOKEN_MALFORMED;
        if (reason == REASON_OK)
                reason = check_signature(keyring, rules, &jws);
        if (reason == REASON_OK && !rules->signature_only)
                reason = verify_payload(rules, request, &jws, ret_claims);
        jws_clear(&jws);
        return reason;
}
