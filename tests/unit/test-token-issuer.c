/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <jansson.h>
#include <jwt.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "common/base64url.h"
#include "common/cleanup.h"
#include "daemon/token/json-text.h"
#include "daemon/token/jwk.h"
#include "daemon/token/token-verifier.h"
#include "token-fixture.h"

static Reason verify(const Keyring *keyring, const Secret *token, Claims **ret_claims) {
        VerifyRules rules = fixture_rules();
        VerifyRequest request = fixture_verify_request(token);

        return token_verify(keyring, &rules, &request, ret_claims);
}

static void test_all_algorithms_issue_what_verifies(void **state) {
        (void)state;
        for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
                _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring(algorithm_at(i)->name);
                IssueRequest request = fixture_issue_request();
                _cleanup_(secret_freep) Secret *token = NULL;
                _cleanup_(claims_unrefp) Claims *claims = NULL;

                assert_int_equal(token_issue(keyring, &request, &token), 0);
                assert_int_equal(verify(keyring, token, &claims), REASON_OK);
                assert_string_equal(claims->subject, "alice");
                assert_string_equal(claims->sid, FIXTURE_SID);
        }
}

static void test_all_claims_arrive(void **state) {
        static const char *const audience[] = { FIXTURE_AUDIENCE, "https://b.example.org" };
        static const char *const roles[] = { "admin", "w\"heel" };
        _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring("ES256");
        IssueRequest request = fixture_issue_request();
        _cleanup_(secret_freep) Secret *token = NULL;
        _cleanup_(claims_unrefp) Claims *claims = NULL;

        (void)state;
        request.generation = 41;
        request.audience = audience;
        request.n_audience = 2;
        request.roles = roles;
        request.n_roles = 2;
        request.not_before_sec = FIXTURE_NOW - 5;
        request.has_not_before = true;
        request.platform = "linux";
        request.device = "laptop";
        request.source = "portal";
        request.tenant = "default";
        request.name = "\xc3\x84lice \"A\"";
        request.data_json = "{\"cost\": [1, {\"a\": null}]}";
        assert_int_equal(token_issue(keyring, &request, &token), 0);
        assert_int_equal(verify(keyring, token, &claims), REASON_OK);
        assert_string_equal(claims->issuer, FIXTURE_ISSUER);
        assert_string_equal(claims->jti, FIXTURE_SID ".41");
        assert_int_equal(claims->generation, 41);
        assert_int_equal(claims->n_audience, 2);
        assert_string_equal(claims->audience[1], audience[1]);
        assert_int_equal(claims->n_roles, 2);
        assert_string_equal(claims->roles[1], roles[1]);
        assert_true(claims->issued_at_sec == FIXTURE_NOW);
        assert_true(claims->expires_at_sec == FIXTURE_NOW + 900);
        assert_true(claims->not_before_sec == FIXTURE_NOW - 5);
        assert_string_equal(claims->platform, "linux");
        assert_string_equal(claims->device, "laptop");
        assert_string_equal(claims->source, "portal");
        assert_string_equal(claims->tenant, "default");
        assert_string_equal(claims->name, request.name);
        assert_string_equal(claims->data_json, "{\"cost\":[1,{\"a\":null}]}");
}

static void test_what_is_not_given_is_not_written(void **state) {
        static const char *const names[] = { "iss", "aud", "sub", "iat", "exp", "jti" };
        _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring("ES256");
        IssueRequest request = fixture_issue_request();
        _cleanup_(secret_freep) Secret *token = NULL;
        _cleanup_(claims_unrefp) Claims *claims = NULL;
        json_t *object = NULL;

        (void)state;
        assert_int_equal(token_issue(keyring, &request, &token), 0);
        assert_int_equal(verify(keyring, token, &claims), REASON_OK);
        assert_int_equal(json_text_parse(claims->json, strlen(claims->json), &object), 0);
        assert_int_equal(json_object_size(object), ARRAY_SIZE(names));
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                assert_non_null(json_object_get(object, names[i]));
        assert_true(json_is_string(json_object_get(object, "aud")));
        json_decref(object);
        /* It has to fit the narrowest prompt: see the limits table. */
        assert_true(token->size <= 420);
}

typedef void (*Spoil)(IssueRequest *request);

static void spoil_issuer(IssueRequest *request) {
        request->issuer = "";
}

static void spoil_no_issuer(IssueRequest *request) {
        request->issuer = NULL;
}

static void spoil_subject(IssueRequest *request) {
        request->subject = "alice\nroot";
}

static void spoil_subject_digits(IssueRequest *request) {
        request->subject = "4294967295";
}

static void spoil_sid(IssueRequest *request) {
        request->sid = "short";
}

static void spoil_generation(IssueRequest *request) {
        request->generation = JTI_GENERATION_MAX + 1;
}

static void spoil_audience(IssueRequest *request) {
        request->n_audience = 0;
}

static void spoil_times(IssueRequest *request) {
        request->expires_at_sec = request->issued_at_sec;
}

static void spoil_end(IssueRequest *request) {
        request->expires_at_sec = UINT64_MAX;
}

static void spoil_role(IssueRequest *request) {
        static const char *const roles[] = { "good", "" };

        request->roles = roles;
        request->n_roles = 2;
}

static void spoil_name(IssueRequest *request) {
        request->name = "\x1b[2J";
}

static void spoil_utf8(IssueRequest *request) {
        request->device = "\xff";
}

static void spoil_data(IssueRequest *request) {
        request->data_json = "[1]";
}

static void spoil_data_twice(IssueRequest *request) {
        request->data_json = "{\"a\":1,\"a\":2}";
}

static void test_what_would_be_refused_is_not_issued(void **state) {
        static const Spoil spoils[] = { spoil_issuer, spoil_no_issuer, spoil_subject,
                spoil_subject_digits, spoil_sid, spoil_generation, spoil_audience, spoil_times,
                spoil_end, spoil_role, spoil_name, spoil_utf8, spoil_data, spoil_data_twice };
        _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring("ES256");

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(spoils); i++) {
                IssueRequest request = fixture_issue_request();
                Secret *token = NULL;

                spoils[i](&request);
                if (token_issue(keyring, &request, &token) != TOKEN_ISSUER_E_INVALID)
                        fail_msg("issued: row %zu", i);
                assert_null(token);
        }
}

static int issue_generation(
        const Keyring *keyring, uint64_t generation, size_t max_size, size_t *ret_size) {
        IssueRequest request = fixture_issue_request();
        _cleanup_(secret_freep) Secret *token = NULL;
        int r;

        request.generation = generation;
        request.max_size = max_size;
        r = token_issue(keyring, &request, &token);
        assert_true(r == 0 || !token);
        if (token)
                *ret_size = token->size;
        return r;
}

/* The limit is that of the last generation: what is issued once can be refreshed ever after. */
static void test_all_generations_are_above_the_limit_or_none(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring("ES256");
        size_t largest, size;

        (void)state;
        assert_int_equal(issue_generation(keyring, JTI_GENERATION_MAX, SIZE_MAX, &largest), 0);
        for (uint64_t generation = 1; generation < JTI_GENERATION_MAX; generation *= 10) {
                assert_int_equal(issue_generation(keyring, generation, largest, &size), 0);
                assert_true(size <= largest);
                assert_int_equal(issue_generation(keyring, generation, largest - 1, &size),
                        TOKEN_ISSUER_E_TOO_LARGE);
        }
        assert_int_equal(issue_generation(keyring, JTI_GENERATION_MAX, largest - 1, &size),
                TOKEN_ISSUER_E_TOO_LARGE);
}

static void test_without_a_private_key_nothing_is_issued(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring("ES256"), *public_ring = NULL;
        _cleanup_(freep) char *jwks = NULL;
        IssueRequest request = fixture_issue_request();
        Secret *token = NULL;

        (void)state;
        assert_int_equal(keyring_jwks(keyring, &jwks), 0);
        public_ring = fixture_ring_from(jwks);
        assert_int_equal(token_issue(public_ring, &request, &token), TOKEN_ISSUER_E_NO_KEY);
        assert_null(token);
}

/* The key in libjwt's form: a PEM, or the secret's bytes. */
static Secret *peer_key(const Keyring *keyring, const char *algorithm, bool private) {
        EVP_PKEY *pkey = key_pkey(keyring_signing_key(keyring));
        BIO *bio = BIO_new(BIO_s_mem());
        Secret *key = NULL;
        json_t *object;
        const char *text;
        char *pem;
        size_t used;

        if (!pkey) {
                object = json_loads(fixture_jwk(algorithm), 0, NULL);
                text = json_string_value(json_object_get(object, "k"));
                assert_int_equal(secret_new(text, strlen(text), &key), 0);
                assert_int_equal(base64url_decode(text, strlen(text), (uint8_t *)key->data,
                                         key->size, &used),
                        0);
                key->size = used;
                json_decref(object);
        } else {
                assert_int_equal(
                        private ? PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL)
                                : PEM_write_bio_PUBKEY(bio, pkey),
                        1);
                used = (size_t)BIO_get_mem_data(bio, &pem);
                assert_int_equal(secret_new(pem, used, &key), 0);
        }
        BIO_free(bio);
        return key;
}

static const char *const peer_algorithms[] = { "HS256", "HS384", "HS512", "RS256", "RS384", "RS512",
        "ES256", "ES384", "ES512" };

/* libjwt takes no "typ" but JWT, so the claims that we issued are signed again below one. */
static Secret *with_peer_header(const Keyring *keyring, const Secret *token) {
        _cleanup_(claims_unrefp) Claims *claims = NULL;
        Key *key = keyring_signing_key(keyring);
        char header[256];

        assert_int_equal(verify(keyring, token, &claims), REASON_OK);
        (void)snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"%s\"}",
                key_algorithm(key)->name, key_kid(key));
        return fixture_token(key, header, claims->json, strlen(claims->json));
}

static void test_libjwt_verifies_what_we_sign(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(peer_algorithms); i++) {
                _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring(peer_algorithms[i]);
                _cleanup_(secret_freep) Secret *key = peer_key(keyring, peer_algorithms[i], false);
                _cleanup_(secret_freep) Secret *token = NULL, *peer_token = NULL;
                IssueRequest request = fixture_issue_request();
                jwt_t *jwt = NULL;

                assert_int_equal(token_issue(keyring, &request, &token), 0);
                peer_token = with_peer_header(keyring, token);
                assert_int_equal(jwt_decode(&jwt, peer_token->data,
                                         (const unsigned char *)key->data, (int)key->size),
                        0);
                assert_string_equal(jwt_alg_str(jwt_get_alg(jwt)), peer_algorithms[i]);
                assert_string_equal(jwt_get_grant(jwt, "sub"), "alice");
                assert_string_equal(jwt_get_grant(jwt, "jti"), FIXTURE_SID ".1");
                assert_int_equal(jwt_get_grant_int(jwt, "exp"), FIXTURE_NOW + 900);
                jwt_free(jwt);
                jwt = NULL;
                peer_token->data[peer_token->size - 3] ^= 1;
                assert_int_not_equal(jwt_decode(&jwt, peer_token->data,
                                             (const unsigned char *)key->data, (int)key->size),
                        0);
                jwt_free(jwt);
        }
}

static void test_we_verify_what_libjwt_signs(void **state) {
        VerifyRules rules = fixture_rules();

        (void)state;
        rules.foreign = true;
        for (size_t i = 0; i < ARRAY_SIZE(peer_algorithms); i++) {
                _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring(peer_algorithms[i]);
                _cleanup_(secret_freep) Secret *key = peer_key(keyring, peer_algorithms[i], true);
                _cleanup_(secret_freep) Secret *token = NULL;
                _cleanup_(claims_unrefp) Claims *claims = NULL;
                VerifyRequest request;
                jwt_t *jwt = NULL;
                char *text;

                assert_int_equal(jwt_new(&jwt), 0);
                assert_int_equal(jwt_add_header(jwt, "kid", key_kid(keyring_at(keyring, 0))), 0);
                assert_int_equal(jwt_add_grants_json(jwt, FIXTURE_PAYLOAD), 0);
                assert_int_equal(jwt_set_alg(jwt, jwt_str_alg(peer_algorithms[i]),
                                         (const unsigned char *)key->data, (int)key->size),
                        0);
                text = jwt_encode_str(jwt);
                assert_non_null(text);
                assert_int_equal(secret_new(text, strlen(text), &token), 0);
                request = fixture_verify_request(token);
                assert_int_equal(token_verify(keyring, &rules, &request, &claims), REASON_OK);
                free(text);
                jwt_free(jwt);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_all_algorithms_issue_what_verifies),
                cmocka_unit_test(test_all_claims_arrive),
                cmocka_unit_test(test_what_is_not_given_is_not_written),
                cmocka_unit_test(test_what_would_be_refused_is_not_issued),
                cmocka_unit_test(test_all_generations_are_above_the_limit_or_none),
                cmocka_unit_test(test_without_a_private_key_nothing_is_issued),
                cmocka_unit_test(test_libjwt_verifies_what_we_sign),
                cmocka_unit_test(test_we_verify_what_libjwt_signs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
