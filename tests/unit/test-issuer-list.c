/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "daemon/token/claim-mapping.h"
#include "daemon/token/issuer-list.h"
#include "daemon/token/token-cache.h"
#include "daemon/token/token-verifier.h"
#include "token-fixture.h"

#define IDP   "https://idp.example.org"
#define OTHER "https://other.example.org"
#define TIMES "\"iat\":1800000000,\"exp\":1800000900"

/* Our ring signs by ES256; the issuers' keys are RS256 and, shared by both, EdDSA. */
typedef struct Bed {
        Keyring *own, *rsa, *shared;
        IssuerList *issuers;
        VerifyRules rules;
} Bed;

static Keyring *public_of(Keyring *ring, const char *algorithms) {
        _cleanup_(freep) char *json = NULL;
        JwksRules rules = { 0 };
        Keyring *keyring = NULL;
        JwksReport report;

        assert_int_equal(issuer_algorithms(algorithms, &rules.algorithms), 0);
        assert_int_equal(keyring_jwks(ring, &json), 0);
        assert_int_equal(jwks_parse(json, strlen(json), &rules, &keyring, &report), 0);
        return keyring;
}

static int bed_open(void **state) {
        static const IssuerSettings settings[] = {
                { .url = IDP,
                        .jwks_path = "/x",
                        .audience = "client-1 client-2",
                        .user_claim = "email",
                        .user_map = "@example.org",
                        .roles_claim = "r.roles",
                        .require_jti = true,
                        .max_lifetime_sec = 3600 },
                { .url = OTHER,
                        .jwks_path = "/y",
                        .audience = "client-3",
                        .leeway_sec = 30,
                        .max_lifetime_sec = 3600 },
        };
        Bed *bed = calloc(1, sizeof(*bed));

        assert_non_null(bed);
        bed->own = fixture_ring("ES256");
        bed->rsa = fixture_ring("RS256");
        bed->shared = fixture_ring("EdDSA");
        assert_int_equal(issuer_list_new(FIXTURE_AUDIENCE, 8192, &bed->issuers), 0);
        assert_int_equal(issuer_list_add(bed->issuers, &settings[0]), 0);
        assert_int_equal(issuer_list_add(bed->issuers, &settings[1]), 0);
        issuer_list_set_keys(bed->issuers, 0, public_of(bed->shared, NULL));
        issuer_list_set_keys(bed->issuers, 1, public_of(bed->shared, NULL));
        bed->rules = fixture_rules();
        bed->rules.issuers = bed->issuers;
        *state = bed;
        return 0;
}

static int bed_close(void **state) {
        Bed *bed = *state;

        keyring_unref(bed->own);
        keyring_unref(bed->rsa);
        keyring_unref(bed->shared);
        issuer_list_free(bed->issuers);
        free(bed);
        return 0;
}

static Secret *sign(Keyring *ring, const char *payload) {
        Key *key = keyring_signing_key(ring);
        char header[256];

        snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"%s\"}",
                key_algorithm(key)->name, key_kid(key));
        return fixture_token(key, header, payload, strlen(payload));
}

static Reason verify(Bed *bed, const Secret *token, const char *audience, Claims **ret_claims) {
        VerifyRequest request = fixture_verify_request(token);

        request.audience = audience;
        return token_verify(bed->own, &bed->rules, &request, ret_claims);
}

#define MAIL "\"email\":\"alice@example.org\",\"email_verified\":true"
#define GOOD "\"iss\":\"" IDP "\",\"aud\":\"client-1\",\"sub\":\"00u1\",\"jti\":\"j1\"," TIMES

static const struct {
        const char *name, *payload;
        Reason reason;
} rows[] = {
        { "a good one", "{" GOOD "," MAIL "}", REASON_OK },
        { "the other audience of two",
                "{\"iss\":\"" IDP "\",\"aud\":[\"x\",\"client-2\"],\"jti\":\"j\"," TIMES "," MAIL
                "}",
                REASON_OK },
        { "ours is not theirs",
                "{\"iss\":\"" IDP "\",\"aud\":\"" FIXTURE_AUDIENCE "\",\"jti\":\"j\"," TIMES
                "," MAIL "}",
                REASON_AUDIENCE_MISMATCH },
        { "another audience",
                "{\"iss\":\"" IDP "\",\"aud\":\"x\",\"jti\":\"j\"," TIMES "," MAIL "}",
                REASON_AUDIENCE_MISMATCH },
        { "no audience", "{\"iss\":\"" IDP "\",\"jti\":\"j\"," TIMES "," MAIL "}",
                REASON_CLAIM_MISSING },
        { "no jti", "{\"iss\":\"" IDP "\",\"aud\":\"client-1\"," TIMES "," MAIL "}",
                REASON_CLAIM_MISSING },
        { "a jti that is a number",
                "{\"iss\":\"" IDP "\",\"aud\":\"client-1\",\"jti\":7," TIMES "," MAIL "}",
                REASON_CLAIM_INVALID },
        { "nobody", "{" GOOD "}", REASON_CLAIM_MISSING },
        { "an address that nobody has proven", "{" GOOD ",\"email\":\"alice@example.org\"}",
                REASON_CLAIM_INVALID },
        { "an address that is proven to be false",
                "{" GOOD ",\"email\":\"alice@example.org\",\"email_verified\":false}",
                REASON_CLAIM_INVALID },
        { "proven by a text", "{" GOOD ",\"email\":\"alice@example.org\",\"email_verified\":\"x\"}",
                REASON_CLAIM_INVALID },
        { "somebody who is not mapped",
                "{" GOOD ",\"email\":\"alice@example.com\",\"email_verified\":true}",
                REASON_USER_UNMAPPED },
        { "root", "{" GOOD ",\"email\":\"root@example.org\",\"email_verified\":true}",
                REASON_USER_INVALID },
        { "another user", "{" GOOD ",\"email\":\"bob@example.org\",\"email_verified\":true}",
                REASON_USER_MISMATCH },
        { "a name with NUL", "{" GOOD ",\"email\":\"alice\\u0000@example.org\"}",
                REASON_CLAIMS_MALFORMED },
        { "a name with a line end",
                "{" GOOD ",\"email\":\"alice\\n@example.org\",\"email_verified\":true}",
                REASON_CLAIM_INVALID },
        { "an issuer whom nobody knows",
                "{\"iss\":\"https://evil.example.org\",\"aud\":\"client-1\",\"jti\":\"j\"," TIMES
                "," MAIL "}",
                REASON_ISSUER_MISMATCH },
        { "ourselves, by another's key", FIXTURE_PAYLOAD, REASON_ISSUER_MISMATCH },
        { "a claim of ours means nothing",
                "{" GOOD "," MAIL ",\"tnt\":7,\"did\":[],\"data\":1,\"roles\":{}}", REASON_OK },
        { "too long a life",
                "{\"iss\":\"" IDP "\",\"aud\":\"client-1\",\"jti\":\"j\",\"iat\":1800000000,"
                "\"exp\":1800003601," MAIL "}",
                REASON_LIFETIME_EXCEEDED },
        { "its leeway is not ours",
                "{\"iss\":\"" IDP "\",\"aud\":\"client-1\",\"jti\":\"j\",\"iat\":1799999000,"
                "\"exp\":1800000000," MAIL "}",
                REASON_TOKEN_EXPIRED },
};

static void test_claims_of_another_issuer(void **state) {
        Bed *bed = *state;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(secret_freep) Secret *token = sign(bed->shared, rows[i].payload);
                _cleanup_(claims_unrefp) Claims *claims = NULL;
                Reason reason = verify(bed, token, FIXTURE_AUDIENCE, &claims);

                if (reason != rows[i].reason)
                        fail_msg("%s: %s", rows[i].name, reason_code(reason));
                if (reason != REASON_OK)
                        continue;
                assert_string_equal(claims->subject, "alice");
                assert_int_equal(claims->origin, CLAIMS_FOREIGN);
                assert_true(sid_is_valid(claims->sid, strlen(claims->sid)));
                assert_string_equal(claims->json, rows[i].payload);
                assert_null(claims->tenant);
                assert_int_equal(claims->n_roles, 0);
        }
}

static void test_each_issuer_reads_its_own_tokens(void **state) {
        Bed *bed = *state;
        _cleanup_(secret_freep) Secret *token = sign(bed->shared,
                "{\"iss\":\"" OTHER "\",\"aud\":\"client-3\",\"sub\":\"alice\"," TIMES "}");
        _cleanup_(claims_unrefp) Claims *claims = NULL;

        /* The first issuer has the same key, and needs a jti and an address. */
        assert_int_equal(verify(bed, token, FIXTURE_AUDIENCE, &claims), REASON_OK);
        assert_string_equal(claims->issuer, OTHER);
}

static void test_a_key_is_trusted_for_its_issuer_only(void **state) {
        Bed *bed = *state;
        _cleanup_(secret_freep) Secret *ours = sign(bed->shared, FIXTURE_PAYLOAD),
                                       *theirs = sign(bed->own, "{" GOOD "," MAIL "}"),
                                       *unknown = sign(bed->rsa, "{" GOOD "," MAIL "}");
        Claims *claims = NULL;

        assert_int_equal(verify(bed, ours, FIXTURE_AUDIENCE, &claims), REASON_ISSUER_MISMATCH);
        assert_int_equal(verify(bed, theirs, FIXTURE_AUDIENCE, &claims), REASON_TYPE_UNEXPECTED);
        assert_int_equal(verify(bed, unknown, FIXTURE_AUDIENCE, &claims), REASON_KEY_UNKNOWN);
}

/* Somebody who may name their keys names one like ours. */
static void test_a_name_that_is_taken_hides_nobody(void **state) {
        Bed *bed = *state;
        _cleanup_(keyring_unrefp) Keyring *named = NULL;
        _cleanup_(secret_freep) Secret *own = NULL, *foreign = NULL;
        _cleanup_(claims_unrefp) Claims *first = NULL, *second = NULL;
        const char *kid = key_kid(keyring_signing_key(bed->own));
        IssueRequest request = fixture_issue_request();
        char text[8192];

        snprintf(text, sizeof(text), "%s", fixture_jwk("EdDSA"));
        memcpy(strstr(text, key_kid(keyring_signing_key(bed->shared))), kid, strlen(kid));
        named = fixture_ring_from(text);
        issuer_list_set_keys(bed->issuers, 0, public_of(named, NULL));
        foreign = sign(named, "{" GOOD "," MAIL "}");
        assert_int_equal(verify(bed, foreign, FIXTURE_AUDIENCE, &first), REASON_OK);
        assert_int_equal(token_issue(bed->own, &request, &own), 0);
        assert_int_equal(verify(bed, own, FIXTURE_AUDIENCE, &second), REASON_OK);
        assert_int_equal(second->origin, CLAIMS_OURS);
}

static void test_an_audience_that_was_asked_for_must_be_there(void **state) {
        Bed *bed = *state;
        _cleanup_(secret_freep) Secret *token =
                sign(bed->shared, "{\"iss\":\"" IDP "\",\"aud\":[\"client-1\",\"billing\"],"
                                  "\"jti\":\"j\"," TIMES "," MAIL "}");
        _cleanup_(claims_unrefp) Claims *first = NULL, *second = NULL;
        Claims *none = NULL;

        assert_int_equal(verify(bed, token, "billing", &first), REASON_OK);
        assert_int_equal(verify(bed, token, NULL, &second), REASON_OK);
        assert_int_equal(verify(bed, token, "mail", &none), REASON_AUDIENCE_MISMATCH);
}

static void test_roles_come_from_where_the_issuer_keeps_them(void **state) {
        static const struct {
                const char *name, *roles;
                Reason reason;
                size_t n;
                const char *first;
        } cases[] = {
                { "deep", "\"r\":{\"roles\":[\"admin\",\"ops\"]}", REASON_OK, 2, "admin" },
                { "a name with a dot", "\"r.roles\":[\"x\"],\"r\":{\"roles\":[\"y\"]}", REASON_OK,
                        1, "x" },
                { "one word", "\"r\":{\"roles\":\"admin\"}", REASON_OK, 1, "admin" },
                { "none", "\"r\":{}", REASON_OK, 0, NULL },
                { "nothing to go into", "\"r\":[\"admin\"]", REASON_OK, 0, NULL },
                { "not a list of texts", "\"r\":{\"roles\":[1]}", REASON_CLAIM_INVALID, 0, NULL },
                { "an object", "\"r\":{\"roles\":{}}", REASON_CLAIM_INVALID, 0, NULL },
        };
        Bed *bed = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(secret_freep) Secret *token = NULL;
                _cleanup_(claims_unrefp) Claims *claims = NULL;
                char payload[1024];

                snprintf(payload, sizeof(payload), "{%s,%s,%s}", GOOD, MAIL, cases[i].roles);
                token = sign(bed->shared, payload);
                if (verify(bed, token, NULL, &claims) != cases[i].reason)
                        fail_msg("wrong: %s", cases[i].name);
                if (!claims)
                        continue;
                assert_int_equal(claims->n_roles, cases[i].n);
                if (cases[i].n)
                        assert_string_equal(claims->roles[0], cases[i].first);
        }
}

static void sid_of(Bed *bed, Keyring *ring, const char *payload, char sid[SID_SIZE + 1]) {
        _cleanup_(secret_freep) Secret *token = sign(ring, payload);
        _cleanup_(claims_unrefp) Claims *claims = NULL;

        assert_int_equal(verify(bed, token, NULL, &claims), REASON_OK);
        memcpy(sid, claims->sid, SID_SIZE + 1);
}

static void test_a_session_is_a_token_to_its_issuer(void **state) {
        Bed *bed = *state;
        char first[SID_SIZE + 1], again[SID_SIZE + 1], other[SID_SIZE + 1], nameless[SID_SIZE + 1];

        sid_of(bed, bed->shared, "{" GOOD "," MAIL "}", first);
        sid_of(bed, bed->shared, "{" GOOD "," MAIL ",\"x\":1}", again);
        assert_string_equal(first, again);
        sid_of(bed, bed->shared,
                "{\"iss\":\"" OTHER
                "\",\"aud\":\"client-3\",\"sub\":\"alice\",\"jti\":\"j1\"," TIMES "}",
                other);
        assert_string_not_equal(first, other);
        sid_of(bed, bed->shared,
                "{\"iss\":\"" OTHER "\",\"aud\":\"client-3\",\"sub\":\"alice\"," TIMES "}",
                nameless);
        assert_string_not_equal(other, nameless);
}

/* Anybody can make a second valid ECDSA signature from the first: n - s. */
static void test_another_signature_is_not_another_session(void **state) {
        Bed *bed = *state;
        _cleanup_(keyring_unrefp) Keyring *ring = fixture_ring("ES384");
        static const char payload[] =
                "{\"iss\":\"" OTHER "\",\"aud\":\"client-3\",\"sub\":\"alice\"," TIMES "}";
        char first[SID_SIZE + 1], second[SID_SIZE + 1];

        issuer_list_set_keys(bed->issuers, 1, public_of(ring, NULL));
        sid_of(bed, ring, payload, first);
        sid_of(bed, ring, payload, second);
        assert_string_equal(first, second);
}

static void test_ids_do_not_look_like_options(void **state) {
        Bed *bed = *state;
        char sid[SID_SIZE + 1], payload[512];

        for (unsigned i = 0; i < 400; i++) {
                snprintf(payload, sizeof(payload),
                        "{\"iss\":\"%s\",\"aud\":\"client-3\",\"sub\":\"alice\",\"jti\":\"%u\",%s}",
                        OTHER, i, TIMES);
                sid_of(bed, bed->shared, payload, sid);
                assert_true(sid_is_valid(sid, strlen(sid)) && sid[0] != '-');
        }
}

static void test_algorithms_are_the_rules(void **state) {
        IssuerSettings settings = { .url = "https://third.example.org",
                .jwks_path = "/z",
                .audience = "a",
                .algorithms = "PS256",
                .max_lifetime_sec = 3600 };
        static const char payload[] =
                "{\"iss\":\"https://third.example.org\",\"aud\":\"a\",\"sub\":\"alice\"," TIMES "}";
        Bed *bed = *state;
        _cleanup_(secret_freep) Secret *token = sign(bed->rsa, payload);
        _cleanup_(freep) char *json = NULL;
        Keyring *keyring = NULL;
        Claims *claims = NULL;
        JwksReport report;
        char *alg;

        assert_int_equal(issuer_list_add(bed->issuers, &settings), 0);
        /* A key that names no algorithm leaves it to the rules. */
        assert_int_equal(keyring_jwks(bed->rsa, &json), 0);
        alg = strstr(json, "\"alg\"");
        memcpy(alg, "\"alx\"", 5);
        assert_int_equal(jwks_parse(json, strlen(json),
                                 &issuer_list_at(bed->issuers, 2)->jwks_rules, &keyring, &report),
                0);
        issuer_list_set_keys(bed->issuers, 2, keyring);
        assert_int_equal(verify(bed, token, NULL, &claims), REASON_ALGORITHM_REFUSED);
}

static void test_an_issuer_that_went_is_forgotten(void **state) {
        Bed *bed = *state;
        _cleanup_(secret_freep) Secret *token = sign(bed->shared, "{" GOOD "," MAIL "}");
        _cleanup_(token_cache_freep) TokenCache *cache = NULL;
        VerifyRequest request = fixture_verify_request(token);
        VerifyRules ours = fixture_rules();
        Claims *claims = NULL;

        assert_int_equal(token_cache_new(8, 65536, &cache), 0);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(
                        token_cache_verify(cache, bed->own, &bed->rules, &request, &claims),
                        REASON_OK);
                claims_unref(claims);
        }
        assert_int_equal(token_cache_count(cache), 1);
        request.user = "bob";
        assert_int_equal(token_cache_verify(cache, bed->own, &bed->rules, &request, &claims),
                REASON_USER_MISMATCH);
        assert_int_equal(token_cache_verify(cache, bed->own, &ours, &request, &claims),
                REASON_ISSUER_MISMATCH);
}

static const struct {
        const char *name, *user_claim, *user_map;
        Reason reason;
} mappings[] = {
        { "the same", "email", "@example.org", REASON_OK },
        { "another way to the same user", "sub", "00u1:alice", REASON_OK },
        { "another user", "email", "alice@example.org:bob", REASON_USER_MISMATCH },
        { "nobody", "email", "@example.com", REASON_USER_UNMAPPED },
        { "a claim that is not there", "upn", "*", REASON_CLAIM_MISSING },
};

static void test_a_user_may_be_mapped_otherwise_since(void **state) {
        Bed *bed = *state;
        _cleanup_(secret_freep) Secret *token = sign(bed->shared, "{" GOOD "," MAIL "}");
        _cleanup_(claims_unrefp) Claims *claims = NULL;

        assert_int_equal(verify(bed, token, NULL, &claims), REASON_OK);
        assert_int_equal(claim_mapping_check(claims, &bed->rules), REASON_OK);
        for (size_t i = 0; i < ARRAY_SIZE(mappings); i++) {
                const IssuerSettings settings = { .url = IDP,
                        .jwks_path = "/x",
                        .audience = "client-1",
                        .user_claim = mappings[i].user_claim,
                        .user_map = mappings[i].user_map };
                _cleanup_(issuer_list_freep) IssuerList *list = NULL;

                print_message("# %s\n", mappings[i].name);
                assert_int_equal(issuer_list_new(FIXTURE_AUDIENCE, 8192, &list), 0);
                assert_int_equal(issuer_list_add(list, &settings), 0);
                assert_int_equal(claim_mapping_check(claims, &issuer_list_at(list, 0)->rules),
                        mappings[i].reason);
        }
}

static void test_settings_that_are_refused(void **state) {
        IssuerSettings settings = { .url = OTHER, .jwks_path = "/y", .audience = "a" };
        Bed *bed = *state;

        settings.algorithms = "ES256 none";
        assert_int_equal(issuer_list_add(bed->issuers, &settings), ISSUER_LIST_E_ALGORITHM);
        settings.algorithms = NULL;
        settings.user_map = "alice";
        assert_int_equal(issuer_list_add(bed->issuers, &settings), ISSUER_LIST_E_USER_MAP);
        assert_int_equal(issuer_list_size(bed->issuers), 2);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, bed_open, bed_close)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_claims_of_another_issuer),
                CASE(test_each_issuer_reads_its_own_tokens),
                CASE(test_a_key_is_trusted_for_its_issuer_only),
                CASE(test_a_name_that_is_taken_hides_nobody),
                CASE(test_an_audience_that_was_asked_for_must_be_there),
                CASE(test_roles_come_from_where_the_issuer_keeps_them),
                CASE(test_a_session_is_a_token_to_its_issuer),
                CASE(test_another_signature_is_not_another_session),
                CASE(test_ids_do_not_look_like_options),
                CASE(test_algorithms_are_the_rules),
                CASE(test_an_issuer_that_went_is_forgotten),
                CASE(test_a_user_may_be_mapped_otherwise_since),
                CASE(test_settings_that_are_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
