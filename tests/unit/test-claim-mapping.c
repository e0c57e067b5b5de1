/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "daemon/token/token-verifier.h"
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

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tokens_of_a_predecessor),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
