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
#include "daemon/token/token-verifier.h"
#include "daemon/token/user-map.h"
#include "token-fixture.h"

static Reason verify(const Keyring *keyring, const VerifyRules *rules, const Secret *token,
        Claims **ret_claims) {
        VerifyRequest request = fixture_verify_request(token);

        return token_verify(keyring, rules, &request, ret_claims);
}

static const struct {
        const char *name, *header, *payload;
        Reason reason, migrating;
        ClaimsOrigin origin;
} stateless[] = {
        { "a token of ours", "at+jwt", FIXTURE_PAYLOAD, REASON_OK, REASON_OK, CLAIMS_OURS },
        { "any JWT", "JWT", FIXTURE_PAYLOAD, REASON_TYPE_UNEXPECTED, REASON_OK, CLAIMS_OURS },
        { "a predecessor's id", "at+jwt",
                "{\"iss\":\"" FIXTURE_ISSUER "\",\"aud\":\"" FIXTURE_AUDIENCE
                "\",\"sub\":\"alice\",\"jti\":\"7b6\"," FIXTURE_TIMES "}",
                REASON_CLAIM_INVALID, REASON_OK, CLAIMS_STATELESS },
        { "no id at all", "JWT",
                "{\"iss\":\"" FIXTURE_ISSUER "\",\"aud\":\"" FIXTURE_AUDIENCE
                "\",\"sub\":\"alice\"," FIXTURE_TIMES "}",
                REASON_TYPE_UNEXPECTED, REASON_OK, CLAIMS_STATELESS },
        { "another issuer", "JWT",
                "{\"iss\":\"https://x\",\"aud\":\"" FIXTURE_AUDIENCE
                "\",\"sub\":\"alice\"," FIXTURE_TIMES "}",
                REASON_TYPE_UNEXPECTED, REASON_ISSUER_MISMATCH, CLAIMS_STATELESS },
        { "no login name", "JWT",
                "{\"iss\":\"" FIXTURE_ISSUER "\",\"aud\":\"" FIXTURE_AUDIENCE
                "\",\"sub\":\"a b\"," FIXTURE_TIMES "}",
                REASON_TYPE_UNEXPECTED, REASON_USER_INVALID, CLAIMS_STATELESS },
};

static void test_tokens_of_a_predecessor(void **state) {
        _cleanup_(keyring_unrefp) Keyring *ring = fixture_ring("ES256");
        VerifyRules rules = fixture_rules();
        Key *key = keyring_signing_key(ring);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(stateless); i++) {
                _cleanup_(secret_freep) Secret *token = NULL;
                _cleanup_(claims_unrefp) Claims *before = NULL, *claims = NULL;
                char header[256];

                snprintf(header, sizeof(header),
                        "{\"alg\":\"ES256\",\"typ\":\"%s\",\"kid\":\"%s\"}", stateless[i].header,
                        key_kid(key));
                token = fixture_token(
                        key, header, stateless[i].payload, strlen(stateless[i].payload));
                rules.stateless = false;
                if (verify(ring, &rules, token, &before) != stateless[i].reason)
                        fail_msg("wrong: %s", stateless[i].name);
                rules.stateless = true;
                if (verify(ring, &rules, token, &claims) != stateless[i].migrating)
                        fail_msg("wrong in a migration: %s", stateless[i].name);
                if (claims)
                        assert_int_equal(claims->origin, stateless[i].origin);
        }
}

#define THEIRS "\"iss\":\"https://x\",\"aud\":\"us\"," FIXTURE_TIMES

/* What else it says, and what a service here is told of that: our names mean what they mean here, or are not there. */
static const struct {
        const char *name, *said, *told;
} meanings[] = {
        { "who it is", "", "" },
        { "roles of its own", ",\"roles\":[\"admin\"]", "" },
        { "roles that count", ",\"roles\":[\"admin\"],\"groups\":\"ops\"",
                ",\"groups\":\"ops\",\"roles\":[\"ops\"]" },
        { "all of ours, of any type",
                ",\"plat\":1,\"did\":[],\"src\":{},\"tnt\":null,\"data\":\"\"", "" },
        { "what is its own", ",\"name\":\"A\",\"x\":[1]", ",\"name\":\"A\",\"x\":[1]" },
};

static Reason read_theirs(const char *payload, Claims **ret_claims) {
        _cleanup_(user_map_freep) UserMap *users = NULL;
        ClaimMapping mapping = { .user_claim = "login", .roles_claim = "groups" };
        const VerifyRules rules = { .issuer = "https://x", .mapping = &mapping, .foreign = true };
        const KeyBytes text = { payload, strlen(payload) };
        const Jws jws = { .payload = text, .signed_text = text };

        assert_int_equal(user_map_parse("*", &users), 0);
        mapping.users = users;
        return claim_mapping_parse(&jws, &rules, ret_claims);
}

static void test_claims_mean_what_they_mean_here(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(meanings); i++) {
                _cleanup_(claims_unrefp) Claims *claims = NULL;
                char payload[512], told[512];

                snprintf(payload, sizeof(payload),
                        "{" THEIRS ",\"sub\":\"root\",\"jti\":\"7\",\"login\":\"alice\"%s}",
                        meanings[i].said);
                assert_int_equal(read_theirs(payload, &claims), REASON_OK);
                snprintf(told, sizeof(told),
                        "{" THEIRS ",\"sub\":\"alice\",\"jti\":\"%s\",\"login\":\"alice\"%s}",
                        claims->jti, meanings[i].told);
                if (strcmp(claims->here_json, told) != 0)
                        fail_msg("%s: %s", meanings[i].name, claims->here_json);
                assert_string_equal(claims->json, payload);
        }
}

/* 0.1 is read as a number, and written as 0.10000000000000001. */
static void test_claims_that_become_too_long_are_refused(void **state) {
        char payload[6000] =
                "{" THEIRS ",\"sub\":\"x\",\"jti\":\"7\",\"login\":\"alice\",\"x\":[0.1";
        size_t size = strlen(payload);
        Claims *claims = NULL;

        (void)state;
        while (size < sizeof(payload) - sizeof(",0.1]}"))
                size += (size_t)snprintf(payload + size, sizeof(payload) - size, ",0.1");
        snprintf(payload + size, sizeof(payload) - size, "]}");
        assert_int_equal(read_theirs(payload, &claims), REASON_TOKEN_TOO_LARGE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tokens_of_a_predecessor),
                cmocka_unit_test(test_claims_mean_what_they_mean_here),
                cmocka_unit_test(test_claims_that_become_too_long_are_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
