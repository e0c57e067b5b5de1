/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/cleanup.h"
#include "daemon/policy/login-failure.h"

static void test_places(void **unused) {
        static const struct {
                const char *name;
                LoginOrigin origin;
                const char *place;
        } cases[] = {
                { "an IPv4 address", { 0, "192.0.2.1", NULL, "h" }, "192.0.2.1" },
                { "the same as IPv6", { 0, "::ffff:192.0.2.1", NULL, "h" }, "192.0.2.1" },
                { "an IPv6 address is its network", { 0, "2001:db8:1:2:3:4:5:6", NULL, "h" },
                        "2001:db8:1:2::/64" },
                { "however it is written", { 0, "2001:0DB8:0001:0002::99", NULL, "h" },
                        "2001:db8:1:2::/64" },
                { "with a scope", { 0, "fe80::1%eth0", NULL, "h" }, "fe80::/64" },
                { "the network next to it is another", { 0, "2001:db8:1:3::1", NULL, "h" },
                        "2001:db8:1:3::/64" },
                { "a name", { 0, "host.example.org", "bob", "h" }, "host.example.org" },
                { "here, by nobody in particular", { 0, NULL, NULL, "h" }, "local:@h" },
                { "here, with an empty name", { 0, "", NULL, "h" }, "local:@h" },
                { "here, by bob", { 0, NULL, "bob", "h" }, "local:bob@h" },
                { "an ordinary peer is its uid, whatever it says",
                        { 1000, "192.0.2.1", "bob", "h" }, "uid:1000@h" },
        };
        char place[LOGIN_PLACE_SIZE];

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                print_message("# %s\n", cases[i].name);
                login_failure_place(&cases[i].origin, place);
                assert_string_equal(place, cases[i].place);
        }
}

/* Nothing that comes without a valid signature may be missing, and nothing else may be in it. */
static void test_guesses(void **unused) {
        static const bool counts[REASON_COUNT] = {
                [REASON_TOKEN_TOO_LARGE] = true,
                [REASON_TOKEN_MALFORMED] = true,
                [REASON_HEADER_MALFORMED] = true,
                [REASON_HEADER_CRITICAL] = true,
                [REASON_TYPE_UNEXPECTED] = true,
                [REASON_ALGORITHM_REFUSED] = true,
                [REASON_KEY_UNKNOWN] = true,
                [REASON_SIGNATURE_INVALID] = true,
                [REASON_CODE_UNKNOWN] = true,
        };

        (void)unused;
        for (Reason reason = REASON_OK; reason < REASON_COUNT; reason++) {
                print_message("# %s %s\n", reason_code(reason),
                        counts[reason] ? "is a guess" : "is none");
                assert_int_equal(login_failure_counts(reason), counts[reason]);
        }
        assert_false(login_failure_counts(REASON_COUNT));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_places),
                cmocka_unit_test(test_guesses),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
