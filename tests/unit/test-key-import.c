/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "daemon/token/jwk-generate.h"
#include "daemon/token/key-export.h"
#include "daemon/token/key-import.h"
#include "folder-fixture.h"
#include "token-fixture.h"

static KeyDirectoryRules rules_for(const char *folder) {
        return (KeyDirectoryRules){ .directory = folder, .now_sec = FIXTURE_NOW };
}

static int import(const char *folder, const Keyring *keyring) {
        KeyDirectoryRules rules = rules_for(folder);
        KeyImport done;
        KeyFault fault = {};
        int r = key_import(&rules, keyring, &done, &fault);

        assert_true(r == 0 || *fault.text);
        return r;
}

static Keyring *load(const char *folder) {
        KeyDirectoryRules rules = rules_for(folder);
        Keyring *keyring;
        KeyFault fault;

        if (key_directory_load(&rules, &keyring, &fault))
                fail_msg("%s", fault.text);
        return keyring;
}

static void test_each_algorithm_goes_there_and_back(void **state) {
        (void)state;
        for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
                _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring(algorithm_at(i)->name);
                _cleanup_(keyring_unrefp) Keyring *loaded = NULL;
                _cleanup_(secret_freep) Secret *first = NULL, *second = NULL;
                char *folder = fixture_folder();

                assert_int_equal(import(folder, keyring), 0);
                loaded = load(folder);
                assert_int_equal(key_export(keyring_signing_key(keyring), false, &first), 0);
                assert_int_equal(key_export(keyring_signing_key(loaded), false, &second), 0);
                assert_string_equal(first->data, second->data);
                fixture_folder_free(folder);
        }
}

static void test_the_key_that_signs_goes_on(void **state) {
        _cleanup_(keyring_unrefp) Keyring *first = fixture_ring("ES256"),
                                          *second = fixture_ring("EdDSA");
        _cleanup_(keyring_unrefp) Keyring *loaded = NULL;
        char *folder = fixture_folder();

        (void)state;
        assert_int_equal(import(folder, first), 0);
        assert_int_equal(import(folder, second), 0);
        assert_int_equal(import(folder, second), 0);
        loaded = load(folder);
        assert_int_equal(keyring_size(loaded), 2);
        assert_string_equal(key_kid(keyring_signing_key(loaded)), key_kid(keyring_at(first, 0)));
        fixture_folder_free(folder);
}

static void test_a_public_set_makes_a_host_that_verifies(void **state) {
        _cleanup_(keyring_unrefp) Keyring *signer = fixture_ring("ES384"), *set = NULL,
                                          *loaded = NULL;
        _cleanup_(freep) char *jwks = NULL;
        char *folder = fixture_folder();

        (void)state;
        assert_int_equal(keyring_jwks(signer, &jwks), 0);
        set = fixture_ring_from(jwks);
        assert_int_equal(import(folder, set), 0);
        loaded = load(folder);
        assert_null(keyring_signing_key(loaded));
        /* The private half comes later, to a host that is to sign: the public file has to go first. */
        assert_int_equal(import(folder, signer), KEY_E_DUPLICATE);
        fixture_folder_free(folder);
}

static void test_where_nothing_signs_two_private_keys_are_one_too_many(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        _cleanup_(freep) char *set = NULL;
        KeyFileRules any = { .any_place = true };
        _cleanup_(secret_freep) Secret *text = NULL;
        char *folder = fixture_folder();

        (void)state;
        assert_true(asprintf(&set, "{\"keys\":[%s,%s]}", fixture_jwk("ES256"),
                            fixture_jwk("EdDSA")) > 0);
        assert_int_equal(secret_new(set, strlen(set), &text), 0);
        assert_int_equal(keyring_new(&keyring), 0);
        assert_int_equal(key_file_parse(keyring, text, &any, NULL), 0);
        assert_int_equal(import(folder, keyring), KEY_E_SEVERAL_SIGNING);
        fixture_folder_free(folder);
}

/* Names that a file cannot have, and one whose file holds another key. */
static void test_a_name_does_not_choose_where_its_file_is(void **state) {
        static const char *const names[] = { "../../etc/passwd", ".hidden", "a/b", "kid" };
        static const KeyFileRules any = { .any_place = true };
        char *folder = fixture_folder();
        char *above = fixture_write(folder, "kid.jwk", fixture_jwk("ES512"), 0600);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                _cleanup_(keyring_unrefp) Keyring *keyring = NULL, *loaded = NULL;
                _cleanup_(secret_freep) Secret *text = NULL;
                bool is_taken = strcmp(names[i], "kid") == 0;

                assert_int_equal(jwk_generate_named(algorithm_find("ES256"), names[i], &text), 0);
                assert_int_equal(keyring_new(&keyring), 0);
                assert_int_equal(key_file_parse(keyring, text, &any, NULL), 0);
                assert_int_equal(import(folder, keyring), is_taken ? -EEXIST : 0);
                loaded = load(folder);
                assert_int_equal(keyring_size(loaded), is_taken ? i + 1 : i + 2);
        }
        free(above);
        fixture_folder_free(folder);
}

static void test_the_directory_is_made_for_its_owner_only(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = fixture_ring("ES256");
        char *folder = fixture_folder(), *keys = NULL;
        struct stat st;

        (void)state;
        assert_true(asprintf(&keys, "%s/keys", folder) > 0);
        assert_int_equal(import(keys, keyring), 0);
        assert_int_equal(stat(keys, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0700);
        assert_int_equal(chmod(keys, 0777), 0);
        assert_int_equal(import(keys, keyring), KEY_E_DIRECTORY);
        fixture_folder_free(keys);
        fixture_folder_free(folder);
        assert_int_equal(import("/nonexistent/keys", keyring), -ENOENT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_algorithm_goes_there_and_back),
                cmocka_unit_test(test_the_key_that_signs_goes_on),
                cmocka_unit_test(test_a_public_set_makes_a_host_that_verifies),
                cmocka_unit_test(test_where_nothing_signs_two_private_keys_are_one_too_many),
                cmocka_unit_test(test_a_name_does_not_choose_where_its_file_is),
                cmocka_unit_test(test_the_directory_is_made_for_its_owner_only),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
