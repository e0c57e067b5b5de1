/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "common/cleanup.h"
#include "daemon/token/token-cache.h"
#include "token-fixture.h"

#define ENTRIES 8u
#define BYTES   (1u << 20)

/* A cache, two rings of the same kid, and a token of the first. The second ring's key is another
 * one: what verifies under it was not verified, it was remembered. */
typedef struct Bed {
        TokenCache *cache;
        Keyring *keyring;
        Keyring *blind;
        VerifyRules rules;
} Bed;

#define JWK(k) "{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"k\",\"k\":\"" k "\"}"

static Bed bed_open(size_t max_entries, size_t max_bytes) {
        Bed bed = {
                .keyring = fixture_ring_from(JWK("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")),
                .blind = fixture_ring_from(JWK("BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")),
                .rules = fixture_rules(),
        };

        assert_int_equal(token_cache_new(max_entries, max_bytes, &bed.cache), 0);
        return bed;
}

static void bed_close(Bed *bed) {
        token_cache_free(bed->cache);
        keyring_unref(bed->keyring);
        keyring_unref(bed->blind);
}

static Secret *bed_token(const Bed *bed, const char *sid, uint64_t generation) {
        IssueRequest request = fixture_issue_request();
        Secret *token = NULL;

        request.sid = sid;
        request.generation = generation;
        assert_int_equal(token_issue(bed->keyring, &request, &token), 0);
        return token;
}

static Reason bed_verify(Bed *bed, const Secret *token) {
        VerifyRequest request = fixture_verify_request(token);
        _cleanup_(claims_unrefp) Claims *claims = NULL;

        return token_cache_verify(bed->cache, bed->keyring, &bed->rules, &request, &claims);
}

static bool bed_remembers_at(Bed *bed, const Secret *token, uint64_t now_sec) {
        VerifyRequest request = fixture_verify_request(token);
        _cleanup_(claims_unrefp) Claims *claims = NULL;

        request.now_sec = now_sec;
        return token_cache_verify(bed->cache, bed->blind, &bed->rules, &request, &claims) ==
               REASON_OK;
}

static bool bed_remembers(Bed *bed, const Secret *token) {
        return bed_remembers_at(bed, token, FIXTURE_NOW);
}

static void test_a_token_is_remembered_with_its_claims(void **state) {
        Bed bed = bed_open(ENTRIES, BYTES);
        _cleanup_(secret_freep) Secret *token = bed_token(&bed, FIXTURE_SID, 1);
        VerifyRequest request = fixture_verify_request(token);
        _cleanup_(claims_unrefp) Claims *first = NULL, *second = NULL;

        (void)state;
        assert_false(bed_remembers(&bed, token));
        assert_int_equal(token_cache_count(bed.cache), 0);
        assert_int_equal(token_cache_verify(bed.cache, bed.keyring, &bed.rules, &request, &first),
                REASON_OK);
        assert_int_equal(
                token_cache_verify(bed.cache, bed.blind, &bed.rules, &request, &second), REASON_OK);
        assert_ptr_equal(first, second);
        assert_string_equal(second->subject, "alice");
        assert_int_equal(token_cache_count(bed.cache), 1);
        bed_close(&bed);
        assert_string_equal(second->subject, "alice");
}

static void test_every_hit_is_held_against_the_request(void **state) {
        Bed bed = bed_open(ENTRIES, BYTES);
        _cleanup_(secret_freep) Secret *token = bed_token(&bed, FIXTURE_SID, 1);
        VerifyRequest request = fixture_verify_request(token);
        Claims *claims = NULL;

        (void)state;
        assert_int_equal(bed_verify(&bed, token), REASON_OK);
        request.user = "root";
        assert_int_equal(token_cache_verify(bed.cache, bed.keyring, &bed.rules, &request, &claims),
                REASON_USER_MISMATCH);
        request.user = "alice";
        request.audience = "https://other.example.org";
        assert_int_equal(token_cache_verify(bed.cache, bed.keyring, &bed.rules, &request, &claims),
                REASON_AUDIENCE_MISMATCH);
        request.audience = NULL;
        request.now_sec = FIXTURE_NOW - 31;
        assert_int_equal(token_cache_verify(bed.cache, bed.keyring, &bed.rules, &request, &claims),
                REASON_TOKEN_NOT_YET);
        bed.rules.max_size = token->size - 1;
        assert_int_equal(token_cache_verify(bed.cache, bed.keyring, &bed.rules, &request, &claims),
                REASON_TOKEN_TOO_LARGE);
        assert_null(claims);
        bed_close(&bed);
}

static void test_no_entry_outlives_exp(void **state) {
        Bed bed = bed_open(ENTRIES, BYTES);
        _cleanup_(secret_freep) Secret *token = bed_token(&bed, FIXTURE_SID, 1);
        VerifyRequest request = fixture_verify_request(token);
        _cleanup_(claims_unrefp) Claims *late = NULL;

        (void)state;
        assert_int_equal(bed_verify(&bed, token), REASON_OK);
        assert_true(bed_remembers_at(&bed, token, FIXTURE_NOW + 899));
        assert_false(bed_remembers_at(&bed, token, FIXTURE_NOW + 900));
        assert_int_equal(token_cache_count(bed.cache), 0);
        assert_int_equal(token_cache_bytes(bed.cache), 0);
        /* In the leeway it is still valid, but it is not worth remembering. */
        request.now_sec = FIXTURE_NOW + 900;
        assert_int_equal(
                token_cache_verify(bed.cache, bed.keyring, &bed.rules, &request, &late), REASON_OK);
        assert_int_equal(token_cache_count(bed.cache), 0);
        bed_close(&bed);
}

static void test_a_refused_token_is_not_remembered(void **state) {
        Bed bed = bed_open(ENTRIES, BYTES);
        _cleanup_(secret_freep) Secret *token = bed_token(&bed, FIXTURE_SID, 1);
        VerifyRequest request = fixture_verify_request(token);
        Claims *claims = NULL;

        (void)state;
        token->data[token->size - 2] ^= 1;
        assert_int_equal(bed_verify(&bed, token), REASON_SIGNATURE_INVALID);
        token->data[token->size - 2] ^= 1;
        request.user = "root";
        assert_int_equal(token_cache_verify(bed.cache, bed.keyring, &bed.rules, &request, &claims),
                REASON_USER_MISMATCH);
        assert_int_equal(token_cache_count(bed.cache), 0);
        bed_close(&bed);
}

static void test_a_changed_token_is_another_one(void **state) {
        Bed bed = bed_open(ENTRIES, BYTES);
        _cleanup_(secret_freep) Secret *token = bed_token(&bed, FIXTURE_SID, 1);

        (void)state;
        assert_int_equal(bed_verify(&bed, token), REASON_OK);
        for (size_t i = 0; i < token->size; i++) {
                token->data[i] ^= 1;
                assert_int_not_equal(bed_verify(&bed, token), REASON_OK);
                token->data[i] ^= 1;
        }
        assert_true(bed_remembers(&bed, token));
        bed_close(&bed);
}

static void test_a_session_is_forgotten_with_all_its_tokens(void **state) {
        Bed bed = bed_open(64, BYTES);
        char sids[4][SID_SIZE + 1];
        Secret *tokens[4][3];

        (void)state;
        for (size_t i = 0; i < 4; i++) {
                assert_int_equal(sid_generate(sids[i]), 0);
                for (size_t j = 0; j < 3; j++) {
                        tokens[i][j] = bed_token(&bed, sids[i], j);
                        assert_int_equal(bed_verify(&bed, tokens[i][j]), REASON_OK);
                }
        }
        token_cache_drop_session(bed.cache, sids[2]);
        token_cache_drop_session(bed.cache, FIXTURE_SID);
        assert_int_equal(token_cache_count(bed.cache), 9);
        for (size_t i = 0; i < 4; i++)
                for (size_t j = 0; j < 3; j++) {
                        assert_int_equal(bed_remembers(&bed, tokens[i][j]), i != 2);
                        secret_free(tokens[i][j]);
                }
        bed_close(&bed);
}

static void test_the_least_recently_used_goes_first(void **state) {
        Bed bed = bed_open(ENTRIES, BYTES);
        Secret *tokens[ENTRIES + 1];

        (void)state;
        for (size_t i = 0; i < ENTRIES; i++) {
                tokens[i] = bed_token(&bed, FIXTURE_SID, i);
                assert_int_equal(bed_verify(&bed, tokens[i]), REASON_OK);
        }
        assert_true(bed_remembers(&bed, tokens[0]));
        tokens[ENTRIES] = bed_token(&bed, FIXTURE_SID, ENTRIES);
        assert_int_equal(bed_verify(&bed, tokens[ENTRIES]), REASON_OK);
        assert_int_equal(token_cache_count(bed.cache), ENTRIES);
        for (size_t i = 0; i <= ENTRIES; i++) {
                assert_int_equal(bed_remembers(&bed, tokens[i]), i != 1);
                secret_free(tokens[i]);
        }
        bed_close(&bed);
}

static void test_bytes_are_bounded(void **state) {
        Bed bed = bed_open(1000, 4096), tiny = bed_open(1000, 64);

        (void)state;
        for (size_t i = 0; i < 50; i++) {
                _cleanup_(secret_freep) Secret *token = bed_token(&bed, FIXTURE_SID, i);

                assert_int_equal(bed_verify(&bed, token), REASON_OK);
                assert_true(token_cache_bytes(bed.cache) <= 4096);
                assert_true(bed_remembers(&bed, token));
                assert_int_equal(bed_verify(&tiny, token), REASON_OK);
        }
        assert_true(token_cache_count(bed.cache) > 1);
        assert_int_equal(token_cache_count(tiny.cache), 0);
        bed_close(&bed);
        bed_close(&tiny);
}

/* Growing, dropping and taking again, against a plain table of what must be there. */
static void test_many_entries_come_and_go(void **state) {
        enum { N = 600 };
        Bed bed = bed_open(4096, 64 * BYTES);
        static Secret *tokens[N];
        static char sids[N][SID_SIZE + 1];
        bool there[N] = { false };
        size_t n_there = 0;

        (void)state;
        for (size_t i = 0; i < N; i++) {
                assert_int_equal(sid_generate(sids[i]), 0);
                tokens[i] = bed_token(&bed, sids[i], 1);
        }
        for (size_t step = 0, at = 1; step < 4 * N; step++, at = (at * 7 + 3) % N) {
                if (step % 3 == 2) {
                        token_cache_drop_session(bed.cache, sids[at]);
                        n_there -= there[at];
                        there[at] = false;
                } else {
                        assert_int_equal(bed_verify(&bed, tokens[(at + step) % N]), REASON_OK);
                        n_there += !there[(at + step) % N];
                        there[(at + step) % N] = true;
                }
                assert_int_equal(token_cache_count(bed.cache), n_there);
        }
        for (size_t i = 0; i < N; i++)
                assert_int_equal(bed_remembers(&bed, tokens[i]), there[i]);
        token_cache_clear(bed.cache);
        assert_int_equal(token_cache_count(bed.cache), 0);
        assert_int_equal(token_cache_bytes(bed.cache), 0);
        assert_false(bed_remembers(&bed, tokens[0]));
        assert_int_equal(bed_verify(&bed, tokens[0]), REASON_OK);
        assert_true(bed_remembers(&bed, tokens[0]));
        for (size_t i = 0; i < N; i++)
                secret_free(tokens[i]);
        bed_close(&bed);
}

static void test_foreign_tokens_without_a_session_are_remembered(void **state) {
        static const char payload[] =
                "{\"iss\":\"i\",\"aud\":\"a\",\"sub\":\"alice\",\"jti\":\"x\"," FIXTURE_TIMES "}";
        Bed bed = bed_open(ENTRIES, BYTES);
        _cleanup_(secret_freep) Secret *token = fixture_token(keyring_at(bed.keyring, 0),
                "{\"alg\":\"HS256\",\"kid\":\"k\"}", payload, strlen(payload));
        VerifyRequest request = {
                .token = token->data, .token_size = token->size, .now_sec = FIXTURE_NOW
        };
        _cleanup_(claims_unrefp) Claims *first = NULL, *second = NULL;

        (void)state;
        bed.rules.issuer = NULL;
        bed.rules.foreign = true;
        assert_int_equal(token_cache_verify(bed.cache, bed.keyring, &bed.rules, &request, &first),
                REASON_OK);
        token_cache_drop_session(bed.cache, "");
        assert_int_equal(
                token_cache_verify(bed.cache, bed.blind, &bed.rules, &request, &second), REASON_OK);
        bed_close(&bed);
}

static void test_without_a_cache_everything_is_verified(void **state) {
        Bed bed = bed_open(ENTRIES, BYTES);
        _cleanup_(secret_freep) Secret *token = bed_token(&bed, FIXTURE_SID, 1);

        (void)state;
        bed.cache = token_cache_free(bed.cache);
        assert_int_equal(bed_verify(&bed, token), REASON_OK);
        assert_false(bed_remembers(&bed, token));
        token_cache_drop_session(bed.cache, FIXTURE_SID);
        token_cache_clear(bed.cache);
        assert_int_equal(token_cache_new(0, BYTES, &bed.cache), -EINVAL);
        bed_close(&bed);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_token_is_remembered_with_its_claims),
                cmocka_unit_test(test_every_hit_is_held_against_the_request),
                cmocka_unit_test(test_no_entry_outlives_exp),
                cmocka_unit_test(test_a_refused_token_is_not_remembered),
                cmocka_unit_test(test_a_changed_token_is_another_one),
                cmocka_unit_test(test_a_session_is_forgotten_with_all_its_tokens),
                cmocka_unit_test(test_the_least_recently_used_goes_first),
                cmocka_unit_test(test_bytes_are_bounded),
                cmocka_unit_test(test_many_entries_come_and_go),
                cmocka_unit_test(test_foreign_tokens_without_a_session_are_remembered),
                cmocka_unit_test(test_without_a_cache_everything_is_verified),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
