/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "daemon/token/key-directory.h"
#include "daemon/token/keyring-refresh.h"
#include "folder-fixture.h"
#include "token-fixture.h"

static KeyDirectoryRules rules_for(const char *folder, const char *algorithm) {
        return (KeyDirectoryRules){
                .directory = folder,
                .generate = algorithm_find(algorithm),
        };
}

static size_t count_files(const char *folder) {
        DIR *directory = opendir(folder);
        struct dirent *entry;
        size_t n = 0;

        while ((entry = readdir(directory)))
                n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
        closedir(directory);
        return n;
}

static void test_the_first_start_makes_a_key_and_the_second_reads_it(void **state) {
        (void)state;
        for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
                _cleanup_(keyring_unrefp) Keyring *first = NULL, *second = NULL;
                char *folder = fixture_folder();
                KeyDirectoryRules rules = rules_for(folder, algorithm_at(i)->name);
                const char *kid;
                struct stat st;

                assert_int_equal(key_directory_load(&rules, &first, NULL), 0);
                kid = key_kid(keyring_signing_key(first));
                assert_int_equal(count_files(folder), 1);
                assert_int_equal(stat(key_file(keyring_signing_key(first)), &st), 0);
                assert_int_equal(st.st_mode & 07777, 0600);

                assert_int_equal(key_directory_load(&rules, &second, NULL), 0);
                assert_string_equal(key_kid(keyring_signing_key(second)), kid);
                assert_ptr_equal(key_algorithm(keyring_signing_key(second)), algorithm_at(i));
                assert_int_equal(count_files(folder), 1);
                fixture_folder_free(folder);
        }
}

static void test_the_directory_is_made_for_a_first_key(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        char *folder = fixture_folder();
        char *keys = NULL;
        KeyDirectoryRules rules;
        struct stat st;

        (void)state;
        assert_true(asprintf(&keys, "%s/keys", folder) > 0);
        rules = rules_for(keys, "ES256");
        assert_int_equal(key_directory_load(&rules, &keyring, NULL), 0);
        assert_int_equal(stat(keys, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0700);
        fixture_folder_free(keys);
        fixture_folder_free(folder);
}

static void test_without_leave_no_key_is_made(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        char *folder = fixture_folder();
        KeyDirectoryRules rules = { .directory = folder };
        KeyFault fault;

        (void)state;
        assert_int_equal(key_directory_load(&rules, &keyring, &fault), KEY_E_NONE);
        assert_non_null(strstr(fault.text, folder));
        assert_null(keyring);
        assert_int_equal(count_files(folder), 0);
        rules.directory = "/nonexistent";
        assert_int_equal(key_directory_load(&rules, &keyring, &fault), -ENOENT);
        fixture_folder_free(folder);
}

static void test_what_a_crash_left_behind_is_no_key(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        char *folder = fixture_folder();
        KeyDirectoryRules rules = rules_for(folder, "ES256");
        _cleanup_(freep) char *half = fixture_write(folder, ".new-key", "{\"kty\":", 0600);

        (void)state;
        assert_int_equal(key_directory_load(&rules, &keyring, NULL), 0);
        assert_int_equal(keyring_size(keyring), 1);
        assert_int_equal(count_files(folder), 1);
        fixture_folder_free(folder);
}

static void test_a_bad_file_refuses_the_whole(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        char *folder = fixture_folder();
        KeyDirectoryRules rules = rules_for(folder, "ES256");
        _cleanup_(freep) char *good = fixture_write(folder, "a", fixture_jwk("ES256"), 0600);
        _cleanup_(freep) char *bad = fixture_write(folder, "b", "nonsense", 0600);
        KeyFault fault;

        (void)state;
        assert_int_equal(key_directory_load(&rules, &keyring, &fault), KEY_E_MALFORMED);
        assert_null(keyring);
        assert_int_equal(strncmp(fault.text, bad, strlen(bad)), 0);
        fixture_folder_free(folder);
}

static void test_the_same_key_in_two_files_is_refused(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        char *folder = fixture_folder();
        KeyDirectoryRules rules = rules_for(folder, "ES256");
        _cleanup_(freep) char *a = fixture_write(folder, "a", fixture_jwk("ES256"), 0600);
        _cleanup_(freep) char *b = fixture_write(folder, "b", fixture_jwk("ES256"), 0600);
        KeyFault fault;

        (void)state;
        assert_int_equal(key_directory_load(&rules, &keyring, &fault), KEY_E_DUPLICATE);
        assert_int_equal(strncmp(fault.text, b, strlen(b)), 0);
        fixture_folder_free(folder);
}

static void test_one_of_several_private_keys_must_be_named(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL, *named = NULL;
        char *folder = fixture_folder();
        KeyDirectoryRules rules = rules_for(folder, "ES256");
        _cleanup_(freep) char *a = fixture_write(folder, "a", fixture_jwk("ES256"), 0600);
        _cleanup_(freep) char *b = fixture_write(folder, "b", fixture_jwk("EdDSA"), 0600);
        _cleanup_(keyring_unrefp) Keyring *edwards = fixture_ring("EdDSA");

        (void)state;
        assert_int_equal(key_directory_load(&rules, &keyring, NULL), KEY_E_SEVERAL_SIGNING);
        rules.signing_kid = key_kid(keyring_at(edwards, 0));
        assert_int_equal(key_directory_load(&rules, &named, NULL), 0);
        assert_string_equal(key_kid(keyring_signing_key(named)), rules.signing_kid);
        rules.signing_kid = "absent";
        assert_int_equal(key_directory_load(&rules, &keyring, NULL), KEY_E_SIGNING_KEY);
        fixture_folder_free(folder);
}

static void test_a_host_with_public_keys_verifies_only(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL, *signer = fixture_ring("ES256");
        _cleanup_(freep) char *jwks = NULL;
        char *folder = fixture_folder();
        KeyDirectoryRules rules = rules_for(folder, "ES256");
        _cleanup_(freep) char *path = NULL;

        (void)state;
        assert_int_equal(keyring_jwks(signer, &jwks), 0);
        path = fixture_write(folder, "fleet.json", jwks, 0644);
        assert_int_equal(key_directory_load(&rules, &keyring, NULL), 0);
        assert_int_equal(keyring_size(keyring), 1);
        assert_null(keyring_signing_key(keyring));
        assert_int_equal(count_files(folder), 1);
        fixture_folder_free(folder);
}

/* As after the first start, which has made a key, and 'authtokenctl keys seal'. */
static void test_a_credential_signs_beside_other_keys(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL, *named = NULL;
        char *folder = fixture_folder(), *credentials = fixture_folder();
        _cleanup_(freep) char *path =
                fixture_write(credentials, "signing-key", fixture_jwk("ES256"), 0440);
        _cleanup_(freep) char *made = fixture_write(folder, "made.jwk", fixture_jwk("EdDSA"), 0600);
        KeyDirectoryRules rules = { .directory = folder, .credential = path };

        (void)state;
        assert_int_equal(key_directory_load(&rules, &keyring, NULL), 0);
        assert_int_equal(keyring_size(keyring), 2);
        assert_string_equal(key_file(keyring_signing_key(keyring)), path);
        rules.signing_kid = key_kid(keyring_at(keyring, 1));
        assert_int_equal(key_directory_load(&rules, &named, NULL), 0);
        assert_string_equal(key_file(keyring_signing_key(named)), made);
        fixture_folder_free(credentials);
        fixture_folder_free(folder);
}

static void test_a_credential_is_read_and_may_be_absent(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL, *other = NULL;
        char *folder = fixture_folder(), *credentials = fixture_folder();
        /* Where the manager grants access by an ACL, its mask shows as the group's bits. */
        _cleanup_(freep) char *path =
                fixture_write(credentials, "signing-key", fixture_jwk("ES256"), 0440);
        KeyDirectoryRules rules = { .directory = folder, .credential = path };

        (void)state;
        assert_int_equal(key_directory_load(&rules, &keyring, NULL), 0);
        assert_non_null(keyring_signing_key(keyring));
        rules.credential = "/nonexistent/signing-key";
        rules.generate = algorithm_find("ES256");
        assert_int_equal(key_directory_load(&rules, &other, NULL), 0);
        assert_int_equal(keyring_size(other), 1);
        fixture_folder_free(credentials);
        fixture_folder_free(folder);
}

static void test_a_key_for_refresh_tokens_is_made_beside_the_signing_key(void **state) {
        _cleanup_(keyring_unrefp) Keyring *first = NULL, *second = NULL;
        char *folder = fixture_folder();
        KeyDirectoryRules rules = rules_for(folder, "ES256");
        struct stat st;

        (void)state;
        rules.generate_refresh = true;
        assert_int_equal(key_directory_load(&rules, &first, NULL), 0);
        assert_int_equal(count_files(folder), 2);
        assert_int_equal(keyring_size(first), 1);
        assert_int_equal(keyring_refresh_size(first), 1);
        assert_int_equal(stat(key_file(keyring_refresh_key(first)), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);

        rules.refresh_kid = key_kid(keyring_refresh_key(first));
        assert_int_equal(key_directory_load(&rules, &second, NULL), 0);
        assert_int_equal(count_files(folder), 2);
        assert_string_equal(key_kid(keyring_refresh_key(second)), rules.refresh_kid);
        fixture_folder_free(folder);
}

static void test_a_host_that_only_verifies_gets_no_key_for_refresh_tokens(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL, *signer = fixture_ring("ES256");
        _cleanup_(freep) char *jwks = NULL;
        char *folder = fixture_folder();
        KeyDirectoryRules rules = rules_for(folder, "ES256");

        (void)state;
        rules.generate_refresh = true;
        assert_int_equal(keyring_jwks(signer, &jwks), 0);
        free(fixture_write(folder, "fleet.json", jwks, 0644));
        assert_int_equal(key_directory_load(&rules, &keyring, NULL), 0);
        assert_int_equal(count_files(folder), 1);
        assert_null(keyring_refresh_key(keyring));
        fixture_folder_free(folder);
}

#define REFRESH_JWK(kid)                                            \
        "{\"kty\":\"oct\",\"use\":\"refresh\",\"kid\":\"" kid "\"," \
        "\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}"

static void test_of_several_keys_for_refresh_tokens_one_is_configured(void **state) {
        static const struct {
                const char *name, *kid;
                int result;
        } cases[] = {
                { "none", NULL, KEY_E_SEVERAL_REFRESH },
                { "the first", "one", 0 },
                { "the second", "two", 0 },
                { "another", "three", KEY_E_REFRESH_KEY },
        };
        char *folder = fixture_folder();

        (void)state;
        free(fixture_write(folder, "a.jwk", REFRESH_JWK("one"), 0600));
        free(fixture_write(folder, "b.jwk", REFRESH_JWK("two"), 0600));
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
                KeyDirectoryRules rules = rules_for(folder, "ES256");

                print_message("# %s\n", cases[i].name);
                rules.refresh_kid = cases[i].kid;
                assert_int_equal(key_directory_load(&rules, &keyring, NULL), cases[i].result);
                if (cases[i].result)
                        continue;
                assert_string_equal(key_kid(keyring_refresh_key(keyring)), cases[i].kid);
                assert_int_equal(keyring_refresh_size(keyring), 2);
        }
        fixture_folder_free(folder);
}

static void test_a_key_for_refresh_tokens_is_as_secret_as_any(void **state) {
        char *folder = fixture_folder();
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        KeyDirectoryRules rules = rules_for(folder, "ES256");

        (void)state;
        free(fixture_write(folder, "a.jwk", REFRESH_JWK("one"), 0644));
        assert_int_equal(key_directory_load(&rules, &keyring, NULL), KEY_E_FILE_MODE);
        fixture_folder_free(folder);
}

static void test_a_directory_that_others_can_write_is_refused(void **state) {
        static const mode_t modes[] = { 0770, 0707, 01777 };
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        char *folder = fixture_folder();
        KeyDirectoryRules rules = rules_for(folder, "ES256");

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
                assert_int_equal(chmod(folder, modes[i]), 0);
                assert_int_equal(key_directory_load(&rules, &keyring, NULL), KEY_E_DIRECTORY);
        }
        assert_int_equal(count_files(folder), 0);
        fixture_folder_free(folder);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_first_start_makes_a_key_and_the_second_reads_it),
                cmocka_unit_test(test_the_directory_is_made_for_a_first_key),
                cmocka_unit_test(test_without_leave_no_key_is_made),
                cmocka_unit_test(test_what_a_crash_left_behind_is_no_key),
                cmocka_unit_test(test_a_bad_file_refuses_the_whole),
                cmocka_unit_test(test_the_same_key_in_two_files_is_refused),
                cmocka_unit_test(test_one_of_several_private_keys_must_be_named),
                cmocka_unit_test(test_a_host_with_public_keys_verifies_only),
                cmocka_unit_test(test_a_credential_signs_beside_other_keys),
                cmocka_unit_test(test_a_credential_is_read_and_may_be_absent),
                cmocka_unit_test(test_a_key_for_refresh_tokens_is_made_beside_the_signing_key),
                cmocka_unit_test(test_a_host_that_only_verifies_gets_no_key_for_refresh_tokens),
                cmocka_unit_test(test_of_several_keys_for_refresh_tokens_one_is_configured),
                cmocka_unit_test(test_a_key_for_refresh_tokens_is_as_secret_as_any),
                cmocka_unit_test(test_a_directory_that_others_can_write_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
