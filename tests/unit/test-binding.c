/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/cleanup.h"
#include "daemon/policy/binding.h"
#include "daemon/session/session.h"

static void test_places(void **unused) {
        static const struct {
                const char *name, *rhost, *place; /* NULL: nowhere */
        } cases[] = {
                { "no remote host is the host itself", NULL, "-" },
                { "neither is an empty one", "", "-" },
                { "an address of IPv4", "192.0.2.1", "192.0.2.1" },
                { "the same inside of IPv6", "::ffff:192.0.2.1", "192.0.2.1" },
                { "the same in hexadecimal", "::FFFF:C000:0201", "192.0.2.1" },
                { "an address of IPv6 is written in one way", "2001:DB8:0:0:0:0:0:1",
                        "2001:db8::1" },
                { "without its zone", "fe80::1%eth0", "fe80::1" },
                { "the loopback of IPv6 is not the one of IPv4", "::1", "::1" },
                { "a name in small letters", "Host.Example.ORG", "host.example.org" },
                { "numbers that are no address are a name", "192.0.2.256", "192.0.2.256" },
                { "nobody forges the host itself", "-", NULL },
                { "nor an option", "-x", NULL },
                { "a blank is nowhere", "a b", NULL },
                { "a colon that is no address is nowhere", "uid:0", NULL },
                { "a letter beyond ASCII is nowhere", "\xc3\xa4", NULL },
                { "a line end is nowhere", "a\n", NULL },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char place[BINDING_PLACE_MAX + 1] = "";

                print_message("# %s\n", cases[i].name);
                assert_int_equal(binding_place(cases[i].rhost, place), cases[i].place != NULL);
                if (cases[i].place)
                        assert_string_equal(place, cases[i].place);
        }
}

static void test_a_place_has_a_limit(void **unused) {
        char name[BINDING_PLACE_MAX + 2], place[BINDING_PLACE_MAX + 1];

        (void)unused;
        memset(name, 'a', sizeof(name));
        name[BINDING_PLACE_MAX] = '\0';
        assert_true(binding_place(name, place));
        name[BINDING_PLACE_MAX] = 'a';
        name[BINDING_PLACE_MAX + 1] = '\0';
        assert_false(binding_place(name, place));
}

static void test_addresses(void **unused) {
        static const struct {
                const char *name;
                BindMode mode;
                const char *bound, *place;
                BindingVerdict verdict;
        } cases[] = {
                { "what is not bound fits everywhere", BIND_OFF, "192.0.2.1", "192.0.2.2",
                        BINDING_FITS },
                { "the first place binds", BIND_DENY, NULL, "192.0.2.1", BINDING_FIRST },
                { "the same place fits", BIND_DENY, "192.0.2.1", "192.0.2.1", BINDING_FITS },
                { "another one does not", BIND_DENY, "192.0.2.1", "192.0.2.2", BINDING_DIFFERS },
                { "nor where it is only warned of", BIND_WARN, "192.0.2.1", "192.0.2.2",
                        BINDING_DIFFERS },
                { "what was given at issue may be written otherwise", BIND_DENY, "2001:DB8:0::1",
                        "2001:db8::1", BINDING_FITS },
                { "nowhere is another place", BIND_DENY, "192.0.2.1", NULL, BINDING_DIFFERS },
                { "nowhere cannot be the first place", BIND_DENY, NULL, NULL, BINDING_DIFFERS },
                { "the host itself is a place of its own", BIND_DENY, "192.0.2.1", "-",
                        BINDING_DIFFERS },
                { "to which a session can be bound", BIND_DENY, "-", "-", BINDING_FITS },
                { "and which is not the loopback", BIND_DENY, "-", "127.0.0.1", BINDING_DIFFERS },
                { "a prefix is not an address", BIND_DENY, "192.0.2.1", "192.0.2.10",
                        BINDING_DIFFERS },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Session session = { .client_address = (char *)cases[i].bound };
                const PolicyRules rules = { .bind_address = cases[i].mode,
                        .bind_device = BIND_WARN };

                print_message("# %s\n", cases[i].name);
                binding_set(&session, &rules);
                assert_int_equal(binding_address_mode(&session), cases[i].mode);
                assert_int_equal(binding_device_mode(&session), BIND_WARN);
                assert_int_equal(binding_check_address(&session, cases[i].place), cases[i].verdict);
        }
}

static void test_devices(void **unused) {
        static const struct {
                const char *name;
                BindMode mode;
                const char *device, *here;
                BindingVerdict verdict;
        } cases[] = {
                { "what is not bound fits on all", BIND_OFF, "d1", "d2", BINDING_FITS },
                { "what names no device fits on all", BIND_DENY, NULL, "d2", BINDING_FITS },
                { "its own device fits", BIND_DENY, "d1", "d1", BINDING_FITS },
                { "another one does not", BIND_DENY, "d1", "d2", BINDING_DIFFERS },
                { "letters count as they are", BIND_DENY, "d1", "D1", BINDING_DIFFERS },
                { "a host without an id fits nothing", BIND_DENY, "d1", "", BINDING_DIFFERS },
        };

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Session session = { .device = (char *)cases[i].device };
                const PolicyRules rules = { .bind_device = cases[i].mode };

                print_message("# %s\n", cases[i].name);
                binding_set(&session, &rules);
                assert_int_equal(binding_check_device(&session, cases[i].here), cases[i].verdict);
        }
}

static void test_the_first_place_is_kept(void **unused) {
        const PolicyRules rules = { .bind_address = BIND_DENY };
        Session session = { 0 };

        (void)unused;
        binding_set(&session, &rules);
        assert_int_equal(binding_take_address(&session, "2001:db8::1"), 0);
        assert_int_equal(binding_check_address(&session, "2001:db8::1"), BINDING_FITS);
        assert_int_equal(binding_check_address(&session, "2001:db8::2"), BINDING_DIFFERS);
        free(session.client_address);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_places),
                cmocka_unit_test(test_a_place_has_a_limit),
                cmocka_unit_test(test_addresses),
                cmocka_unit_test(test_devices),
                cmocka_unit_test(test_the_first_place_is_kept),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
