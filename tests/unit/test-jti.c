/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "daemon/token/jti.h"
#include "token-fixture.h"

static void test_a_new_session_id_is_valid_and_new(void **state) {
        char a[SID_SIZE + 1], b[SID_SIZE + 1];

        (void)state;
        assert_int_equal(sid_generate(a), 0);
        assert_int_equal(sid_generate(b), 0);
        assert_true(sid_is_valid(a, strlen(a)));
        assert_int_equal(strlen(a), SID_SIZE);
        assert_string_not_equal(a, b);
}

/* One of 64 would by chance: none of 2000 means that none ever does. */
static void test_no_session_id_looks_like_an_option(void **state) {
        char sid[SID_SIZE + 1];

        (void)state;
        for (int i = 0; i < 2000; i++) {
                assert_int_equal(sid_generate(sid), 0);
                assert_int_not_equal(*sid, '-');
        }
}

static bool same_owner(const char *a, const char *b) {
        return memcmp(a, b, SID_OWNER_SIZE) == 0;
}

/* Of a user's two ids in front the same, behind that not; of others in front not. */
static void test_a_session_id_tells_whose_it_is(void **state) {
        static const struct {
                const char *name, *tenant, *user;
                bool same;
        } cases[] = {
                { "of the user", "default", "alice", true },
                { "of another user", "default", "alicf", false },
                { "of another tenant", "defaulu", "alice", false },
                { "of names that run into each other", "defaulta", "lice", false },
        };
        _cleanup_(key_freep) Key *key = fixture_refresh_key("one", 1);
        char first[SID_SIZE + 1], sid[SID_SIZE + 1];

        (void)state;
        assert_int_equal(sid_generate_for(key, "default", "alice", first), 0);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                assert_int_equal(sid_generate_for(key, cases[i].tenant, cases[i].user, sid), 0);
                assert_true(sid_is_valid(sid, strlen(sid)));
                if (same_owner(first, sid) != cases[i].same)
                        fail_msg("%s: %s, %s", cases[i].name, first, sid);
                assert_string_not_equal(first + SID_OWNER_SIZE, sid + SID_OWNER_SIZE);
        }
}

/* Ids are told to everybody, and names are easily guessed. */
static void test_whose_it_is_only_hosts_with_the_key_can_tell(void **state) {
        _cleanup_(key_freep) Key *key = fixture_refresh_key("one", 1),
                                 *other = fixture_refresh_key("one", 2);
        char sid[SID_SIZE + 1], others[SID_SIZE + 1], bare[SID_SIZE + 1], next[SID_SIZE + 1];

        (void)state;
        assert_int_equal(sid_generate_for(key, "default", "alice", sid), 0);
        assert_int_equal(sid_generate_for(other, "default", "alice", others), 0);
        assert_int_equal(sid_generate_for(NULL, "default", "alice", bare), 0);
        assert_int_equal(sid_generate_for(NULL, "default", "alice", next), 0);
        assert_false(same_owner(sid, others));
        assert_false(same_owner(sid, bare));
        assert_false(same_owner(bare, next));
}

/* Hosts of a fleet agree on it, whatever they were built with: HMAC-SHA-256 of the purpose, "default" and "alice", each
 * with a NUL, by Python's hmac. */
static void test_an_owner_is_the_same_everywhere(void **state) {
        _cleanup_(key_freep) Key *key = fixture_refresh_key("one", 1);
        char sid[SID_SIZE + 1];

        (void)state;
        assert_int_equal(sid_generate_for(key, "default", "alice", sid), 0);
        sid[SID_OWNER_SIZE] = '\0';
        assert_string_equal(sid, "GSNVR9FBll");
}

static void test_no_owner_looks_like_an_option(void **state) {
        _cleanup_(key_freep) Key *key = fixture_refresh_key("one", 1);
        char sid[SID_SIZE + 1], user[16];

        (void)state;
        for (int i = 0; i < 2000; i++) {
                snprintf(user, sizeof(user), "user%d", i);
                assert_int_equal(sid_generate_for(key, "default", user, sid), 0);
                assert_int_not_equal(*sid, '-');
        }
}

static void test_what_is_formatted_is_parsed(void **state) {
        static const uint64_t generations[] = { 0, 1, 10, 4294967296, JTI_GENERATION_MAX };
        char sid[SID_SIZE + 1], parsed[SID_SIZE + 1], jti[JTI_SIZE_MAX + 1];

        (void)state;
        assert_int_equal(sid_generate(sid), 0);
        for (size_t i = 0; i < ARRAY_SIZE(generations); i++) {
                uint64_t generation = 77;

                jti_format(sid, generations[i], jti);
                assert_int_equal(jti_parse(jti, strlen(jti), parsed, &generation), 0);
                assert_string_equal(parsed, sid);
                assert_true(generation == generations[i]);
        }
}

static void test_other_forms_are_refused(void **state) {
        static const struct {
                const char *name, *text;
        } cases[] = {
                { "empty", "" },
                { "no generation", "AAECAwQFBgcICQoLDA0ODw" },
                { "an empty generation", "AAECAwQFBgcICQoLDA0ODw." },
                { "a leading zero", "AAECAwQFBgcICQoLDA0ODw.01" },
                { "two zeros", "AAECAwQFBgcICQoLDA0ODw.00" },
                { "a sign", "AAECAwQFBgcICQoLDA0ODw.+1" },
                { "a minus", "AAECAwQFBgcICQoLDA0ODw.-1" },
                { "a blank", "AAECAwQFBgcICQoLDA0ODw. 1" },
                { "something behind", "AAECAwQFBgcICQoLDA0ODw.1 " },
                { "a second dot", "AAECAwQFBgcICQoLDA0ODw.1.2" },
                { "above 2^53", "AAECAwQFBgcICQoLDA0ODw.9007199254740993" },
                { "above 2^64", "AAECAwQFBgcICQoLDA0ODw.99999999999999999999" },
                { "a short id", "AAECAwQFBgcICQoLDA0OD.1" },
                { "a long id", "AAECAwQFBgcICQoLDA0ODww.1" },
                { "non-zero trailing bits", "AAECAwQFBgcICQoLDA0ODx.1" },
                { "a character of base64", "AAECAwQFBgcICQoLDA0OD+.1" },
        };
        char sid[SID_SIZE + 1] = "untouched";
        uint64_t generation = 77;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                if (jti_parse(cases[i].text, strlen(cases[i].text), sid, &generation) !=
                        JTI_E_INVALID)
                        fail_msg("taken: %s", cases[i].name);
        assert_int_equal(
                jti_parse("AAECAwQFBgcICQoLDA0ODw.1\0002", 26, sid, &generation), JTI_E_INVALID);
        assert_string_equal(sid, "untouched");
        assert_true(generation == 77);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_new_session_id_is_valid_and_new),
                cmocka_unit_test(test_no_session_id_looks_like_an_option),
                cmocka_unit_test(test_a_session_id_tells_whose_it_is),
                cmocka_unit_test(test_whose_it_is_only_hosts_with_the_key_can_tell),
                cmocka_unit_test(test_an_owner_is_the_same_everywhere),
                cmocka_unit_test(test_no_owner_looks_like_an_option),
                cmocka_unit_test(test_what_is_formatted_is_parsed),
                cmocka_unit_test(test_other_forms_are_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
