/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include <jansson.h>

#include "common/cleanup.h"
#include "daemon/token/keyring.h"
#include "token-fixture.h"

static const char secret_bytes[] = "0123456789abcdef0123456789abcdef";

static int add_secret(Keyring *keyring, const char *kid, bool may_sign) {
        _cleanup_(secret_freep) Secret *secret = NULL;
        _cleanup_(key_freep) Key *key = NULL;
        KeySource source = {
                .kid = kid,
                .algorithm = kid ? algorithm_find("HS256") : NULL,
                .has_private = true,
                .may_sign = may_sign,
        };
        int r;

        assert_int_equal(secret_new(secret_bytes, sizeof(secret_bytes), &secret), 0);
        source.secret = secret;
        assert_int_equal(key_new(&source, &key), 0);
        r = keyring_add(keyring, key);
        if (r == 0)
                key = NULL; /* the ring's now */
        return r;
}

static void test_keys_are_found_by_their_exact_name(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;

        (void)state;
        assert_int_equal(keyring_new(&keyring), 0);
        assert_int_equal(add_secret(keyring, "one", false), 0);
        assert_int_equal(add_secret(keyring, "two", false), 0);
        assert_string_equal(key_kid(keyring_find(keyring, "one")), "one");
        assert_string_equal(key_kid(keyring_find(keyring, "two")), "two");
        assert_null(keyring_find(keyring, "on"));
        assert_null(keyring_find(keyring, "One"));
        assert_null(keyring_find(keyring, ""));
        assert_null(keyring_find(keyring, NULL));
}

static void test_a_key_without_a_name_is_found_last(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;

        (void)state;
        assert_int_equal(keyring_new(&keyring), 0);
        assert_int_equal(add_secret(keyring, NULL, false), 0);
        assert_int_equal(add_secret(keyring, "one", false), 0);
        assert_string_equal(key_kid(keyring_find(keyring, "one")), "one");
        assert_ptr_equal(keyring_find(keyring, "two"), keyring_at(keyring, 0));
        assert_ptr_equal(keyring_find(keyring, NULL), keyring_at(keyring, 0));
}

static void test_a_name_is_taken_once(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;

        (void)state;
        assert_int_equal(keyring_new(&keyring), 0);
        assert_int_equal(add_secret(keyring, "one", false), 0);
        assert_int_equal(add_secret(keyring, "one", false), KEY_E_DUPLICATE);
        assert_int_equal(add_secret(keyring, NULL, false), 0);
        assert_int_equal(add_secret(keyring, NULL, false), KEY_E_DUPLICATE);
        assert_int_equal(keyring_size(keyring), 2);
}

static void test_a_full_ring_takes_no_more(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;

        (void)state;
        assert_int_equal(keyring_new(&keyring), 0);
        for (unsigned i = 0; i < KEYRING_KEYS_MAX; i++) {
                char kid[] = { (char)('a' + i / 26), (char)('a' + i % 26), '\0' };

                assert_int_equal(add_secret(keyring, kid, false), 0);
        }
        assert_int_equal(add_secret(keyring, "one", false), KEY_E_FULL);
}

static void test_who_signs(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;

        (void)state;
        assert_int_equal(keyring_new(&keyring), 0);
        assert_int_equal(add_secret(keyring, "public", false), 0);
        assert_int_equal(keyring_choose_signing_key(keyring, NULL), 0);
        assert_null(keyring_signing_key(keyring));
        assert_int_equal(keyring_choose_signing_key(keyring, "public"), KEY_E_SIGNING_KEY);
        assert_int_equal(keyring_choose_signing_key(keyring, "absent"), KEY_E_SIGNING_KEY);

        assert_int_equal(add_secret(keyring, "one", true), 0);
        assert_int_equal(keyring_choose_signing_key(keyring, NULL), 0);
        assert_string_equal(key_kid(keyring_signing_key(keyring)), "one");

        assert_int_equal(add_secret(keyring, "two", true), 0);
        assert_int_equal(keyring_choose_signing_key(keyring, NULL), KEY_E_SEVERAL_SIGNING);
        assert_int_equal(keyring_choose_signing_key(keyring, "two"), 0);
        assert_string_equal(key_kid(keyring_signing_key(keyring)), "two");
}

static void test_own_headers_are_found_by_their_bytes(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        KeyBytes header;

        (void)state;
        assert_int_equal(keyring_new(&keyring), 0);
        assert_int_equal(add_secret(keyring, NULL, false), 0);
        assert_int_equal(add_secret(keyring, "one", true), 0);
        assert_int_equal(add_secret(keyring, "two", true), 0);
        assert_int_equal(keyring_choose_signing_key(keyring, "two"), 0);
        for (size_t i = 1; i < 3; i++) {
                header = key_header(keyring_at(keyring, i));
                assert_ptr_equal(keyring_find_header(keyring, header), keyring_at(keyring, i));
                header.size--;
                assert_null(keyring_find_header(keyring, header));
        }
        assert_null(keyring_find_header(keyring, (KeyBytes){ "", 0 }));
}

static void test_a_reference_outlives_a_swap(void **state) {
        Keyring *held, *keyring = fixture_ring("ES256");

        (void)state;
        held = keyring_ref(keyring);
        keyring_unref(keyring);
        assert_int_equal(keyring_size(held), 1);
        keyring_unref(held);
}

static bool is_public_member(const char *name) {
        static const char *const names[] = { "kty", "crv", "x", "y", "n", "e", "kid", "alg",
                "use" };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (strcmp(names[i], name) == 0)
                        return true;
        return false;
}

static void test_the_jwks_has_public_keys_alone(void **state) {
        (void)state;
        for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
                _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring(algorithm_at(i)->name);
                _cleanup_(freep) char *text = NULL;
                json_t *set, *keys, *key, *value;
                const char *name;

                assert_int_equal(keyring_jwks(keyring, &text), 0);
                set = json_loads(text, 0, NULL);
                keys = json_object_get(set, "keys");
                assert_int_equal(
                        json_array_size(keys), algorithm_at(i)->type == KEY_TYPE_OCT ? 0 : 1);
                key = json_array_get(keys, 0);
                json_object_foreach(key, name, value) assert_true(is_public_member(name));
                json_decref(set);
        }
}

static void test_the_jwks_verifies_what_the_ring_signs(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring("ES384"), *other = NULL;
        _cleanup_(freep) char *text = NULL;
        uint8_t signature[KEY_SIGNATURE_MAX];
        KeyBytes message = { "m", 1 }, bytes = { signature, 0 };
        Key *key = keyring_signing_key(keyring), *found;

        (void)state;
        assert_int_equal(keyring_jwks(keyring, &text), 0);
        other = fixture_ring_from(text);
        assert_null(keyring_signing_key(other));
        found = keyring_find(other, key_kid(key));
        assert_int_equal(key_sign(key, message, signature, &bytes.size), 0);
        assert_int_equal(key_verify(found, key_algorithm(found), message, bytes), 0);
        assert_string_equal(key_thumbprint(found), key_thumbprint(key));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_keys_are_found_by_their_exact_name),
                cmocka_unit_test(test_a_key_without_a_name_is_found_last),
                cmocka_unit_test(test_a_name_is_taken_once),
                cmocka_unit_test(test_a_full_ring_takes_no_more),
                cmocka_unit_test(test_who_signs),
                cmocka_unit_test(test_own_headers_are_found_by_their_bytes),
                cmocka_unit_test(test_a_reference_outlives_a_swap),
                cmocka_unit_test(test_the_jwks_has_public_keys_alone),
                cmocka_unit_test(test_the_jwks_verifies_what_the_ring_signs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
