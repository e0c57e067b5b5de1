/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "common/cleanup.h"
#include "daemon/token/code-mac.h"
#include "daemon/token/jti.h"
#include "daemon/token/key-directory.h"
#include "token-fixture.h"

static const char *const algorithms[] = { "HS256", "HS512", "RS256", "PS256", "ES256", "ES384",
        "ES512", "EdDSA" };

static Keyring *load(const char *folder, const char *algorithm) {
        _cleanup_(freep) char *path =
                fixture_write(folder, "key.jwk", fixture_jwk(algorithm), 0600);
        const KeyDirectoryRules rules = { .directory = folder };
        KeyFault fault = { 0 };
        Keyring *keyring;

        (void)path;
        assert_int_equal(key_directory_load(&rules, &keyring, &fault), 0);
        assert_non_null(keyring_signing_key(keyring));
        return keyring;
}

static void mac_of(
        const Keyring *keyring, CodeOwner owner, const char *code, char mac[CODE_MAC_SIZE + 1]) {
        _cleanup_(secret_freep) Secret *canonical = NULL;

        assert_int_equal(secret_new(code, strlen(code), &canonical), 0);
        assert_int_equal(code_mac(keyring, owner, canonical, mac), 0);
}

static void test_hosts_with_the_same_key_make_the_same(void **state) {
        const CodeOwner alice = { "default", "alice" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
                char *folder = fixture_folder();
                _cleanup_(keyring_unrefp) Keyring *here = load(folder, algorithms[i]);
                _cleanup_(keyring_unrefp) Keyring *there = load(folder, algorithms[i]);
                char a[CODE_MAC_SIZE + 1], b[CODE_MAC_SIZE + 1];

                mac_of(here, alice, "7Q2KDM4XPT", a);
                mac_of(there, alice, "7Q2KDM4XPT", b);
                assert_string_equal(a, b);
                assert_true(sid_is_valid(a, strlen(a)));
                fixture_folder_free(folder);
        }
}

static void test_each_key_makes_another(void **state) {
        char macs[ARRAY_SIZE(algorithms)][CODE_MAC_SIZE + 1];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
                char *folder = fixture_folder();
                _cleanup_(keyring_unrefp) Keyring *keyring = load(folder, algorithms[i]);

                mac_of(keyring, (CodeOwner){ "default", "alice" }, "7Q2KDM4XPT", macs[i]);
                fixture_folder_free(folder);
                for (size_t j = 0; j < i; j++)
                        assert_string_not_equal(macs[i], macs[j]);
        }
}

static void test_a_code_is_one_users_of_one_tenant(void **state) {
        static const struct {
                CodeOwner owner;
                const char *code;
        } all[] = {
                { { "default", "alice" }, "7Q2KDM4XPT" },
                { { "default", "alice" }, "7Q2KDM4XPV" },
                { { "default", "alic" }, "e7Q2KDM4XPT" },
                { { "default", "bob" }, "7Q2KDM4XPT" },
                { { "other", "alice" }, "7Q2KDM4XPT" },
                { { "defaulta", "lice" }, "7Q2KDM4XPT" },
        };
        char *folder = fixture_folder();
        _cleanup_(keyring_unrefp) Keyring *keyring = load(folder, "ES256");
        char macs[ARRAY_SIZE(all)][CODE_MAC_SIZE + 1];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                mac_of(keyring, all[i].owner, all[i].code, macs[i]);
                for (size_t j = 0; j < i; j++)
                        assert_string_not_equal(macs[i], macs[j]);
        }
        fixture_folder_free(folder);
}

static void test_without_a_private_key_there_is_none(void **state) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        _cleanup_(secret_freep) Secret *canonical = NULL;
        char mac[CODE_MAC_SIZE + 1];

        (void)state;
        assert_int_equal(keyring_new(&keyring), 0);
        assert_int_equal(secret_new("7Q2KDM4XPT", 10, &canonical), 0);
        assert_int_equal(code_mac(keyring, (CodeOwner){ "default", "alice" }, canonical, mac),
                CODE_MAC_E_NO_KEY);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_hosts_with_the_same_key_make_the_same),
                cmocka_unit_test(test_each_key_makes_another),
                cmocka_unit_test(test_a_code_is_one_users_of_one_tenant),
                cmocka_unit_test(test_without_a_private_key_there_is_none),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
