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
                LoginOrigin origin; /* of the host "h" */
                const char *place;
        } cases[] = {
                { "an IPv4 address", { .rhost = "192.0.2.1" }, "192.0.2.1" },
                { "the same as IPv6", { .rhost = "::ffff:192.0.2.1" }, "192.0.2.1" },
                { "an IPv6 address is its network", { .rhost = "2001:db8:1:2:3:4:5:6" },
                        "2001:db8:1:2::/64" },
                { "however it is written", { .rhost = "2001:0DB8:0001:0002::99" },
                        "2001:db8:1:2::/64" },
                { "with a scope", { .rhost = "fe80::1%eth0" }, "fe80::/64" },
                { "the network next to it is another", { .rhost = "2001:db8:1:3::1" },
                        "2001:db8:1:3::/64" },
                { "a name", { .rhost = "host.example.org", .ruser = "bob" }, "host.example.org" },
                { "from elsewhere, whoever the server runs as",
                        { .rhost = "192.0.2.1", .real_uid = 33 }, "192.0.2.1" },
                { "here, by a program that bob has started",
                        { .real_uid = 1001, .ruser = "alice", .service = "su" }, "uid:1001@h" },
                { "which says that it is here",
                        { .rhost = "h", .real_uid = 1001, .service = "sudo" }, "uid:1001@h" },
                { "here, by bob, as a program of root's says", { .ruser = "bob", .service = "s" },
                        "local:bob@h" },
                { "here, by who is gone already",
                        { .real_uid = LOGIN_UID_UNKNOWN, .service = "polkit-1" },
                        "service:polkit-1@h" },
                { "here, by nobody in particular", { .service = "login" }, "service:login@h" },
                { "here, with empty names", { .rhost = "", .ruser = "", .service = "login" },
                        "service:login@h" },
                { "here, by no service", { 0 }, "service:@h" },
                { "an ordinary peer is its uid, whatever it says",
                        { .peer_uid = 1000,
                                .rhost = "192.0.2.1",
                                .ruser = "bob",
                                .real_uid = 1002 },
                        "uid:1000@h" },
        };
        char place[LOGIN_PLACE_SIZE];

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                LoginOrigin origin = cases[i].origin;

                print_message("# %s\n", cases[i].name);
                origin.host = "h";
                login_failure_place(&origin, place);
                assert_string_equal(place, cases[i].place);
        }
}

/* Nothing that comes without a valid signature may be missing, and nothing else may be in it; but where no
 * key has that name nothing was tried, and a host that lacks a key must not lock its users out. */
static void test_guesses(void **unused) {
        static const bool counts[REASON_COUNT] = {
                [REASON_TOKEN_TOO_LARGE] = true,
                [REASON_TOKEN_MALFORMED] = true,
                [REASON_HEADER_MALFORMED] = true,
                [REASON_HEADER_CRITICAL] = true,
                [REASON_TYPE_UNEXPECTED] = true,
                [REASON_ALGORITHM_REFUSED] = true,
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
