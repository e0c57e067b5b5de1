/* SPDX-License-Identifier: MIT */
#include "daemon/token/claim-mapping.h"

#include <string.h>

#include <jansson.h>
#include <openssl/evp.h>

#include "common/base64url.h"
#include "common/cleanup.h"
#include "common/text.h"
#include "daemon/token/json-text.h"
#include "daemon/token/user-map.h"

#define DIGEST_SIZE        32u
#define SID_BYTES          16u
#define CLAIM_NAME_MAX     255u
#define DASH_FIRST         0xf8 /* the first byte of ids that begin with '-': 0xf8 … 0xfb */
#define DASH_MASK          0xfc
#define ADOPTED_GENERATION 1u
#define HERE_SIZE_MAX      16384u /* numbers may be written longer than they were */

DEFINE_CLEANUP(EVP_MD_CTX, EVP_MD_CTX_free)

/* Two kinds, so that nobody can choose a "jti" that looks like another token. */
typedef struct Identity {
        char kind; /* 'j': "jti"; 't': header and payload */
        KeyBytes text;
} Identity;

static bool make_sid(const char *issuer, const Identity *identity, char sid[SID_SIZE + 1]) {
        _cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
        uint8_t digest[DIGEST_SIZE];

        /* The NUL behind the issuer keeps it apart from what follows. */
        if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1 ||
                EVP_DigestUpdate(context, issuer, strlen(issuer) + 1) != 1 ||
                EVP_DigestUpdate(context, &identity->kind, 1) != 1 ||
                EVP_DigestUpdate(context, identity->text.data, identity->text.size) != 1 ||
                EVP_DigestFinal_ex(context, digest, NULL) != 1)
                return false;
        /* As in sid_generate(): it must not look like an option. */
        if ((digest[0] & DASH_MASK) == DASH_FIRST)
                digest[0] &= 0x7f;
        return base64url_encode(digest, SID_BYTES, sid, SID_SIZE + 1) == 0;
}

static Reason find_identity(
        const json_t *object, const Jws *jws, bool jti_optional, Identity *ret_identity) {
        const json_t *jti = json_object_get(object, "jti");

        if (!jti && !jti_optional)
                return REASON_CLAIM_MISSING;
        if (!jti) {
                *ret_identity = (Identity){ 't', jws->signed_text };
                return REASON_OK;
        }
        if (!json_is_string(jti) || json_string_length(jti) == 0 ||
                text_has_control(json_string_value(jti), json_string_length(jti)))
                return REASON_CLAIM_INVALID;
        *ret_identity = (Identity){ 'j', { json_string_value(jti), json_string_length(jti) } };
        return REASON_OK;
}

/* Some issuers nest roles: "realm_access.roles". A claim with the whole name takes precedence. */
static const json_t *find_claim(const json_t *object, const char *name) {
        const json_t *claim = json_object_get(object, name);
        char part[CLAIM_NAME_MAX + 1];
        size_t size = strcspn(name, ".");

        if (claim || name[size] != '.' || size > CLAIM_NAME_MAX)
                return claim;
        memcpy(part, name, size);
        part[size] = '\0';
        claim = json_object_get(object, part);
        return json_is_object(claim) ? find_claim(claim, name + size + 1) : NULL;
}

static Reason map_user(const json_t *object, const ClaimMapping *mapping, json_t *claims) {
        const json_t *name = json_object_get(object, mapping->user_claim);
        char user[USER_NAME_MAX + 1];
        Reason reason;

        if (!name)
                return REASON_CLAIM_MISSING;
        if (!json_is_string(name) ||
                text_has_control(json_string_value(name), json_string_length(name)))
                return REASON_CLAIM_INVALID;
        /* An unverified address is just what the user typed. */
        if (strcmp(mapping->user_claim, "email") == 0 &&
                !json_is_true(json_object_get(object, "email_verified")))
                return REASON_CLAIM_INVALID;
        reason = user_map_apply(mapping->users, json_string_value(name), user);
        if (reason != REASON_OK)
                return reason;
        return json_object_set_new(claims, "sub", json_string(user)) ? REASON_INTERNAL : REASON_OK;
}

static Reason map_roles(const json_t *object, const ClaimMapping *mapping, json_t *claims) {
        const json_t *roles =
                mapping->roles_claim ? find_claim(object, mapping->roles_claim) : NULL;
        json_t *list;

        if (!roles)
                return REASON_OK;
        list = json_is_string(roles) ? json_pack("[O]", roles) : json_deep_copy(roles);
        return json_object_set_new(claims, "roles", list) ? REASON_INTERNAL : REASON_OK;
}

/* Other claims of an issuer are its own: its "tnt" or "did" means nothing here. */
static Reason map_claims(const json_t *object, const ClaimMapping *mapping, json_t *claims) {
        static const char *const kept[] = { "iss", "aud", "iat", "exp", "nbf" };
        Reason reason;

        for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
                json_t *claim = json_object_get(object, kept[i]);

                if (claim && json_object_set(claims, kept[i], claim))
                        return REASON_INTERNAL;
        }
        reason = map_user(object, mapping, claims);
        return reason == REASON_OK ? map_roles(object, mapping, claims) : reason;
}

/* For services, which know our claims by name: these claims say what holds here, or are left out. The others are
 * as the issuer wrote them. */
static Reason compose_here(const json_t *object, json_t *claims, char **ret_here) {
        static const char *const ours[] = { "roles", "plat", "did", "src", "tnt", "data" };
        json_auto_t *here = json_copy((json_t *)object);

        for (size_t i = 0; here && i < ARRAY_SIZE(ours); i++)
                (void)json_object_del(here, ours[i]);
        if (!here || json_object_update(here, claims))
                return REASON_INTERNAL;
        *ret_here = json_dumps(here, JSON_COMPACT);
        if (!*ret_here)
                return REASON_INTERNAL;
        return strlen(*ret_here) > HERE_SIZE_MAX ? REASON_TOKEN_TOO_LARGE : REASON_OK;
}

/* @object: as it was signed; @claims: what it means here, but for "jti". */
static Reason finish(const json_t *object, json_t *claims, const Jws *jws, const char *sid,
        Claims **ret_claims) {
        _cleanup_(freep) char *here = NULL;
        char jti[JTI_SIZE_MAX + 1];
        Reason reason;

        jti_format(sid, ADOPTED_GENERATION, jti);
        if (json_object_set_new(claims, "jti", json_string(jti)))
                return REASON_INTERNAL;
        reason = compose_here(object, claims, &here);
        if (reason == REASON_OK)
                reason = claims_from_object(
                        claims, jws->payload.data, jws->payload.size, here, ret_claims);
        if (reason != REASON_OK)
                return reason;
        memcpy((*ret_claims)->sid, sid, SID_SIZE + 1);
        (*ret_claims)->generation = ADOPTED_GENERATION;
        return REASON_OK;
}

static Reason parse_foreign(
        const json_t *object, const Jws *jws, const VerifyRules *rules, Claims **ret_claims) {
        json_auto_t *claims = json_object();
        const char *issuer = json_string_value(json_object_get(object, "iss"));
        char sid[SID_SIZE + 1];
        Identity identity;
        Reason reason;

        if (!claims)
                return REASON_INTERNAL;
        /* Check this first: two issuers may share a key, and map names differently. */
        if (!issuer || strcmp(issuer, rules->issuer) != 0)
                return REASON_ISSUER_MISMATCH;
        reason = find_identity(object, jws, rules->mapping->jti_optional, &identity);
        if (reason == REASON_OK)
                reason = map_claims(object, rules->mapping, claims);
        if (reason != REASON_OK)
                return reason;
        if (!make_sid(issuer, &identity, sid))
                return REASON_INTERNAL;
        reason = finish(object, claims, jws, sid, ret_claims);
        if (reason == REASON_OK)
                (*ret_claims)->origin = CLAIMS_FOREIGN;
        return reason;
}

/* A "jti" of our form is a session of ours, or was one. */
static bool is_session_jti(const json_t *object) {
        const json_t *jti = json_object_get(object, "jti");
        char sid[SID_SIZE + 1];
        uint64_t generation;

        return json_is_string(jti) &&
               jti_parse(json_string_value(jti), json_string_length(jti), sid, &generation) == 0;
}

static Reason parse_stateless(
        const json_t *object, const Jws *jws, const VerifyRules *rules, Claims **ret_claims) {
        json_auto_t *claims = json_copy((json_t *)object);
        char sid[SID_SIZE + 1];
        Identity identity;
        Reason reason;

        reason = claims ? find_identity(object, jws, true, &identity) : REASON_INTERNAL;
        if (reason == REASON_OK && !make_sid(rules->issuer, &identity, sid))
                reason = REASON_INTERNAL;
        if (reason == REASON_OK)
                reason = finish(object, claims, jws, sid, ret_claims);
        if (reason == REASON_OK)
                (*ret_claims)->origin = CLAIMS_STATELESS;
        return reason;
}

Reason claim_mapping_check(const Claims *claims, const VerifyRules *rules) {
        json_auto_t *object = NULL, *mapped = json_object();
        Reason reason;

        if (!rules->mapping)
                return REASON_OK;
        if (!mapped || json_text_parse(claims->json, strlen(claims->json), &object))
                return REASON_INTERNAL;
        reason = map_user(object, rules->mapping, mapped);
        if (reason != REASON_OK)
                return reason;
        return strcmp(json_string_value(json_object_get(mapped, "sub")), claims->subject) == 0
                       ? REASON_OK
                       : REASON_USER_MISMATCH;
}

Reason claim_mapping_parse(const Jws *jws, const VerifyRules *rules, Claims **ret_claims) {
        json_auto_t *object = NULL;

        if (!rules->mapping && !rules->stateless)
                return claims_parse(jws->payload.data, jws->payload.size, rules, ret_claims);
        if (json_text_parse(jws->payload.data, jws->payload.size, &object))
                return REASON_CLAIMS_MALFORMED;
        if (rules->mapping)
                return parse_foreign(object, jws, rules, ret_claims);
        if (is_session_jti(object))
                return claims_parse(jws->payload.data, jws->payload.size, rules, ret_claims);
        return parse_stateless(object, jws, rules, ret_claims);
}
