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

#define ONE   "0123456789abcdef0123456789abcdef"
#define OTHER "0123456789abcdef0123456789abcdeg"

static Key *make_key(const char *bytes) {
        _cleanup_(secret_freep) Secret *secret = NULL;
        KeySource source = {
                .kid = "r",
                .algorithm = algorithm_find("HS256"),
                .has_private = true,
                .may_sign = true,
        };
        Key *key;

        assert_int_equal(secret_new(bytes, strlen(bytes), &secret), 0);
        source.secret = secret;
        assert_int_equal(key_new(&source, &key), 0);
        return key;
}

static void mac_of(Key *key, CodeOwner owner, const char *code, char mac[CODE_MAC_SIZE + 1]) {
        _cleanup_(secret_freep) Secret *canonical = NULL;

        assert_int_equal(secret_new(code, strlen(code), &canonical), 0);
        assert_int_equal(code_mac(key, owner, canonical, mac), 0);
}

/* RFC 2104 by hand: base64url of the first 16 bytes, so that no release makes another one of it. */
static void test_it_is_the_hmac_of_purpose_owner_and_code(void **state) {
        _cleanup_(key_freep) Key *key = make_key(ONE);
        char mac[CODE_MAC_SIZE + 1];

        (void)state;
        mac_of(key, (CodeOwner){ "default", "alice" }, "7Q2KDM4XPT", mac);
        assert_string_equal(mac, "DkkGR791cJBVYX9XfPznzg");
        assert_true(sid_is_valid(mac, strlen(mac)));
}

static void test_each_key_makes_another(void **state) {
        _cleanup_(key_freep) Key *one = make_key(ONE), *other = make_key(OTHER);
        const CodeOwner alice = { "default", "alice" };
        char a[CODE_MAC_SIZE + 1], b[CODE_MAC_SIZE + 1];

        (void)state;
        mac_of(one, alice, "7Q2KDM4XPT", a);
        mac_of(other, alice, "7Q2KDM4XPT", b);
        assert_string_not_equal(a, b);
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
        _cleanup_(key_freep) Key *key = make_key(ONE);
        char macs[ARRAY_SIZE(all)][CODE_MAC_SIZE + 1];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                mac_of(key, all[i].owner, all[i].code, macs[i]);
                for (size_t j = 0; j < i; j++)
                        assert_string_not_equal(macs[i], macs[j]);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_it_is_the_hmac_of_purpose_owner_and_code),
                cmocka_unit_test(test_each_key_makes_another),
                cmocka_unit_test(test_a_code_is_one_users_of_one_tenant),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
