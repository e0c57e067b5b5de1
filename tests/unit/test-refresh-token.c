/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "daemon/token/refresh-token.h"
#include "daemon/token/keyring-refresh.h"
#include "token-fixture.h"

#define SID   "AAECAwQFBgcICQoLDA0ODw"
#define SID_B "BAECAwQFBgcICQoLDA0ODw"
#define MAC   "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

/* Two keys: "one" and "two". */
static Keyring *make_ring(void) {
        Keyring *keyring;

        assert_int_equal(keyring_new(&keyring), 0);
        assert_int_equal(keyring_add_refresh(keyring, fixture_refresh_key("one", 1)), 0);
        assert_int_equal(keyring_add_refresh(keyring, fixture_refresh_key("two", 2)), 0);
        return keyring;
}

static Secret *make(const Keyring *keyring, const char *kid, const RefreshSubject *subject) {
        Secret *token = NULL;

        assert_int_equal(refresh_token_make(keyring, kid, subject, &token), 0);
        return token;
}

static const RefreshSubject alice = { "default", "alice", SID, 7 };

static void test_what_is_made_is_read_again(void **state) {
        static const uint64_t generations[] = { 1, 9, 10, 4294967296, JTI_GENERATION_MAX };
        _cleanup_(keyring_unrefp) Keyring *keyring = make_ring();

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(generations); i++) {
                RefreshSubject subject = alice;
                _cleanup_(secret_freep) Secret *token = NULL;
                RefreshToken read;

                subject.generation = generations[i];
                token = make(keyring, "one", &subject);
                assert_true(token->size <= REFRESH_TOKEN_SIZE_MAX);
                assert_int_equal(refresh_token_parse(token->data, token->size, &read), 0);
                assert_string_equal(read.sid, SID);
                assert_true(read.generation == generations[i]);
                assert_int_equal(refresh_token_check(keyring, &read, "default", "alice"), 0);
        }
}

/* HMAC-SHA-256 of the purpose, tenant, user and jti, each with a NUL, by Python's hmac. */
static void test_the_text_is_known(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = make_ring();
        _cleanup_(secret_freep) Secret *token = make(keyring, "one", &alice);

        (void)state;
        assert_string_equal(token->data, "atr1." SID ".7."
                                         "dZ_WBornIzwV5JDPXNVQnQ7hUOurN_FWVclHWadhqSY");
}

static void test_the_same_subject_and_key_give_the_same_token(void **state) {
        _cleanup_(keyring_unrefp) Keyring *here = make_ring(), *there = make_ring();
        _cleanup_(secret_freep) Secret *first = make(here, "two", &alice);
        _cleanup_(secret_freep) Secret *again = make(there, "two", &alice);
        _cleanup_(secret_freep) Secret *other = make(here, "one", &alice);

        (void)state;
        assert_string_equal(first->data, again->data);
        assert_string_not_equal(first->data, other->data);
}

static void test_a_token_is_its_subjects_only(void **state) {
        static const struct {
                const char *name;
                RefreshSubject made;
                const char *tenant, *user;
        } cases[] = {
                { "another user", { "default", "alice", SID, 7 }, "default", "bob" },
                { "another tenant", { "default", "alice", SID, 7 }, "other", "alice" },
                { "tenant and user cut elsewhere", { "defaul", "talice", SID, 7 }, "default",
                        "alice" },
                { "tenant and user swapped", { "alice", "default", SID, 7 }, "default", "alice" },
        };
        _cleanup_(keyring_unrefp) Keyring *keyring = make_ring();

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(secret_freep) Secret *token = make(keyring, "one", &cases[i].made);
                RefreshToken read;

                print_message("# %s\n", cases[i].name);
                assert_int_equal(refresh_token_parse(token->data, token->size, &read), 0);
                assert_int_equal(
                        refresh_token_check(keyring, &read, cases[i].tenant, cases[i].user),
                        REFRESH_TOKEN_E_MAC);
        }
}

static void test_no_bit_can_be_changed(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = make_ring();
        _cleanup_(secret_freep) Secret *token = make(keyring, "one", &alice);

        (void)state;
        for (size_t bit = 0; bit < token->size * 8; bit++) {
                RefreshToken read;

                token->data[bit / 8] ^= (char)(1 << bit % 8);
                if (refresh_token_parse(token->data, token->size, &read) == 0)
                        assert_int_equal(refresh_token_check(keyring, &read, "default", "alice"),
                                REFRESH_TOKEN_E_MAC);
                token->data[bit / 8] ^= (char)(1 << bit % 8);
        }
}

static void test_every_key_of_the_ring_is_tried_and_no_other(void **state) {
        _cleanup_(keyring_unrefp) Keyring *both = make_ring(), *one = NULL, *signing = NULL;
        _cleanup_(secret_freep) Secret *token = make(both, "two", &alice);
        RefreshToken read;

        (void)state;
        assert_int_equal(refresh_token_parse(token->data, token->size, &read), 0);
        assert_int_equal(refresh_token_check(both, &read, "default", "alice"), 0);
        assert_int_equal(keyring_new(&one), 0);
        assert_int_equal(keyring_add_refresh(one, fixture_refresh_key("one", 1)), 0);
        assert_int_equal(refresh_token_check(one, &read, "default", "alice"), REFRESH_TOKEN_E_MAC);
        /* The same secret, but among those for signatures. */
        assert_int_equal(keyring_new(&signing), 0);
        assert_int_equal(keyring_add(signing, fixture_refresh_key("two", 2)), 0);
        assert_int_equal(
                refresh_token_check(signing, &read, "default", "alice"), REFRESH_TOKEN_E_MAC);
        assert_int_equal(
                refresh_token_make(signing, "two", &alice, &token), REFRESH_TOKEN_E_NO_KEY);
}

static void test_a_key_for_refresh_tokens_is_not_shown(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = make_ring();
        _cleanup_(freep) char *jwks = NULL;

        (void)state;
        assert_int_equal(keyring_size(keyring), 0);
        assert_null(keyring_find(keyring, "one"));
        assert_int_equal(keyring_jwks(keyring, &jwks), 0);
        assert_string_equal(jwks, "{\"keys\":[]}");
}

static void test_forms(void **state) {
        static const struct {
                const char *name, *text;
                bool good;
        } cases[] = {
                { "a token", "atr1." SID ".1." MAC, true },
                { "the largest generation", "atr1." SID ".9007199254740992." MAC, true },
                { "a larger generation", "atr1." SID ".9007199254740993." MAC, false },
                { "empty", "", false },
                { "the prefix alone", "atr1.", false },
                { "another prefix", "atr2." SID ".1." MAC, false },
                { "no prefix", SID ".1." MAC, false },
                { "no MAC", "atr1." SID ".1", false },
                { "an empty MAC", "atr1." SID ".1.", false },
                { "a short MAC", "atr1." SID ".1.AAEC", false },
                { "a long MAC", "atr1." SID ".1." MAC "A", false },
                { "a padded MAC", "atr1." SID ".1." MAC "=", false },
                { "trailing bits in the MAC",
                        "atr1." SID ".1.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9", false },
                { "no generation", "atr1." SID ".." MAC, false },
                { "a leading zero", "atr1." SID ".01." MAC, false },
                { "a sign", "atr1." SID ".+1." MAC, false },
                { "a short session id", "atr1.AAEC.1." MAC, false },
                { "a blank in front", " atr1." SID ".1." MAC, false },
                { "a blank behind", "atr1." SID ".1." MAC " ", false },
                { "another part", "atr1." SID ".1." MAC ".x", false },
                { "an access token", "eyJh.eyJh.c2ln", false },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                RefreshToken read;

                print_message("# %s\n", cases[i].name);
                assert_int_equal(refresh_token_parse(cases[i].text, strlen(cases[i].text), &read),
                        cases[i].good ? 0 : REFRESH_TOKEN_E_MALFORMED);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_is_made_is_read_again),
                cmocka_unit_test(test_the_text_is_known),
                cmocka_unit_test(test_the_same_subject_and_key_give_the_same_token),
                cmocka_unit_test(test_a_token_is_its_subjects_only),
                cmocka_unit_test(test_no_bit_can_be_changed),
                cmocka_unit_test(test_every_key_of_the_ring_is_tried_and_no_other),
                cmocka_unit_test(test_a_key_for_refresh_tokens_is_not_shown),
                cmocka_unit_test(test_forms),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
