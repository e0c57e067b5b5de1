/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "daemon/keys/signer.h"
#include "daemon/token/token-verifier.h"
#include "token-fixture.h"

#define NOW      UINT64_C(1800000000)
#define N_TOKENS 300u

typedef struct Bed {
        sd_event *event;
        Signer *signer;
        Secret *tokens[N_TOKENS];
        unsigned int n_done;
} Bed;

static int setup(void **state) {
        Bed *bed = calloc(1, sizeof(*bed));

        assert_non_null(bed);
        assert_true(sd_event_new(&bed->event) >= 0);
        assert_int_equal(signer_new(bed->event, &bed->signer), 0);
        *state = bed;
        return 0;
}

static int teardown(void **state) {
        Bed *bed = *state;

        signer_free(bed->signer);
        sd_event_unref(bed->event);
        for (size_t i = 0; i < N_TOKENS; i++)
                secret_free(bed->tokens[i]);
        free(bed);
        return 0;
}

static void on_signed(int r, Secret *token, void *userdata) {
        Bed *bed = userdata;

        assert_int_equal(r, 0);
        assert_non_null(token);
        bed->tokens[bed->n_done++] = token;
}

static void never(int r, Secret *token, void *userdata) {
        (void)userdata;
        fail_msg("told of what was forgotten: %d %p", r, (void *)token);
}

static SignJob *start(Bed *bed, const Keyring *keyring, SignDone done) {
        IssueRequest request = fixture_issue_request();
        TokenDraft draft;
        SignJob *job;

        assert_int_equal(token_compose(keyring, &request, &draft), 0);
        assert_int_equal(signer_start(bed->signer, &draft, done, bed, &job), 0);
        assert_null(draft.token);
        return job;
}

static void run_until(Bed *bed, unsigned int n_done) {
        while (bed->n_done < n_done)
                assert_true(sd_event_run(bed->event, 10000000) > 0);
}

static void assert_verifies(const Keyring *keyring, const Secret *token) {
        VerifyRules rules = fixture_rules();
        VerifyRequest request = fixture_verify_request(token);
        Claims *claims = NULL;

        assert_int_equal(token_verify(keyring, &rules, &request, &claims), REASON_OK);
        claims_unref(claims);
}

static void test_each_algorithm_signs_as_at_once(void **state) {
        static const char *const algorithms[] = { "HS256", "HS512", "RS256", "PS384", "ES256",
                "ES384", "ES512", "EdDSA" };
        Bed *bed = *state;

        for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
                _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring(algorithms[i]);
                unsigned int before = bed->n_done;

                print_message("# %s\n", algorithms[i]);
                (void)start(bed, keyring, on_signed);
                assert_int_equal(bed->n_done, before);
                run_until(bed, before + 1);
                assert_verifies(keyring, bed->tokens[before]);
        }
}

static void test_many_at_once_are_each_right(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring("ES256");
        Bed *bed = *state;

        for (unsigned int i = 0; i < N_TOKENS; i++)
                (void)start(bed, keyring, on_signed);
        run_until(bed, N_TOKENS);
        for (unsigned int i = 0; i < N_TOKENS; i++)
                assert_verifies(keyring, bed->tokens[i]);
}

static void test_the_key_may_go_meanwhile(void **state) {
        Keyring *keyring = fixture_ring("ES256"), *again = NULL;
        _cleanup_(freep) char *jwks = NULL;
        Bed *bed = *state;

        assert_int_equal(keyring_jwks(keyring, &jwks), 0);
        for (unsigned int i = 0; i < 20; i++)
                (void)start(bed, keyring, on_signed);
        keyring_unref(keyring);
        run_until(bed, 20);
        again = fixture_ring_from(jwks);
        assert_verifies(again, bed->tokens[19]);
        keyring_unref(again);
}

static void test_a_freed_job_is_silent(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring("ES256");
        Bed *bed = *state;

        for (unsigned int i = 0; i < 20; i++)
                sign_job_free(start(bed, keyring, never));
        (void)start(bed, keyring, on_signed);
        run_until(bed, 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        test_each_algorithm_signs_as_at_once, setup, teardown),
                cmocka_unit_test_setup_teardown(test_many_at_once_are_each_right, setup, teardown),
                cmocka_unit_test_setup_teardown(test_the_key_may_go_meanwhile, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_freed_job_is_silent, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
