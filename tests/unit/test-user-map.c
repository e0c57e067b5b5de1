/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "common/cleanup.h"
#include "daemon/token/user-map.h"

static const struct {
        const char *name, *map, *foreign;
        Reason reason;
        const char *user;
} rows[] = {
        { "without a map a name is taken as it is", NULL, "alice", REASON_OK, "alice" },
        { "an empty map is none", " \t ", "alice", REASON_OK, "alice" },
        { "an ending is taken off", "@example.org", "alice@example.org", REASON_OK, "alice" },
        { "another ending is not mapped", "@example.org", "alice@example.com", REASON_USER_UNMAPPED,
                NULL },
        { "an ending must be whole", "@example.org", "alice@sub.example.org", REASON_USER_UNMAPPED,
                NULL },
        { "case counts", "@example.org", "alice@EXAMPLE.org", REASON_USER_UNMAPPED, NULL },
        { "nothing is left of it", "@example.org", "@example.org", REASON_USER_UNMAPPED, NULL },
        { "a name without an ending is not mapped", "@example.org", "alice", REASON_USER_UNMAPPED,
                NULL },
        { "one ending of two", "@example.org @example.com", "bob@example.com", REASON_OK, "bob" },
        { "the star comes in its turn", "@example.org *", "bob@example.org", REASON_OK, "bob" },
        { "the star takes the rest", "@example.org *", "bob", REASON_OK, "bob" },
        { "a star before an ending hides it", "* @example.org", "bob@example.org", REASON_OK,
                "bob@example.org" },
        { "a pair", "00u1:alice", "00u1", REASON_OK, "alice" },
        { "a pair comes before an ending", "@example.org a@example.org:bob", "a@example.org",
                REASON_OK, "bob" },
        { "nobody else is in a pair", "00u1:alice", "00u2", REASON_USER_UNMAPPED, NULL },
        { "a pair of a name with colons", "urn:x:00u1:alice", "urn:x:00u1", REASON_OK, "alice" },
        { "root is nobody's by chance", NULL, "root", REASON_USER_INVALID, NULL },
        { "nor by an ending", "@example.org", "root@example.org", REASON_USER_INVALID, NULL },
        { "root by a pair", "ops@example.org:root", "ops@example.org", REASON_OK, "root" },
        { "two ats leave one", "@example.org", "root@x@example.org", REASON_OK, "root@x" },
        { "a slash cannot be a login name", NULL, "../etc", REASON_USER_INVALID, NULL },
        { "a blank", NULL, "alice ", REASON_USER_INVALID, NULL },
        { "an option", NULL, "-alice", REASON_USER_INVALID, NULL },
        { "a uid", NULL, "0", REASON_USER_INVALID, NULL },
        { "a uid behind an ending", "@example.org", "0@example.org", REASON_USER_INVALID, NULL },
        { "beyond ASCII", NULL, "r\xc3\xb6ot", REASON_USER_INVALID, NULL },
};

static void test_names(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(user_map_freep) UserMap *map = NULL;
                char user[USER_NAME_MAX + 1] = "";

                assert_int_equal(user_map_parse(rows[i].map, &map), 0);
                if (user_map_apply(map, rows[i].foreign, user) != rows[i].reason ||
                        strcmp(user, STRING_OR_EMPTY(rows[i].user)) != 0)
                        fail_msg("wrong: %s (%s)", rows[i].name, user);
        }
}

static void test_a_login_name_has_its_limit(void **state) {
        _cleanup_(user_map_freep) UserMap *map = NULL;
        char name[USER_NAME_MAX + 2], user[USER_NAME_MAX + 1];

        (void)state;
        assert_int_equal(user_map_parse(NULL, &map), 0);
        memset(name, 'a', sizeof(name));
        name[USER_NAME_MAX] = '\0';
        assert_int_equal(user_map_apply(map, name, user), REASON_OK);
        name[USER_NAME_MAX] = 'a';
        name[USER_NAME_MAX + 1] = '\0';
        assert_int_equal(user_map_apply(map, name, user), REASON_USER_INVALID);
}

static void test_what_is_no_map(void **state) {
        static const char *const texts[] = {
                "alice",
                "@",
                ":alice",
                "a:",
                "a:0",
                "a:-x",
                "a:b/c",
                "**",
                "@example.org @example.org",
                "a:b a:c",
                "* *",
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                UserMap *map = NULL;

                if (user_map_parse(texts[i], &map) != USER_MAP_E_INVALID)
                        fail_msg("taken: %s", texts[i]);
        }
}

static void test_a_pair_may_begin_like_an_ending(void **state) {
        _cleanup_(user_map_freep) UserMap *map = NULL;
        char user[USER_NAME_MAX + 1];

        (void)state;
        assert_int_equal(user_map_parse("@x:alice @x", &map), 0);
        assert_int_equal(user_map_apply(map, "@x", user), REASON_OK);
        assert_string_equal(user, "alice");
        assert_int_equal(user_map_apply(map, "bob@x", user), REASON_OK);
        assert_string_equal(user, "bob");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_a_login_name_has_its_limit),
                cmocka_unit_test(test_what_is_no_map),
                cmocka_unit_test(test_a_pair_may_begin_like_an_ending),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
