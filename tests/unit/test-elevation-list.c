/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "login-fixture.h"

#define SID_A "aaaaaaaaaaaaaaaaaaaaaA"
#define SID_B "bbbbbbbbbbbbbbbbbbbbbA"

static void set(LoginRegistry *registry, const Elevation *key, const char *sid) {
        Elevation elevation = *key;

        elevation.sid = (char *)sid;
        assert_int_equal(login_registry_set_elevation(registry, &elevation), 0);
}

static const char *find(const LoginRegistry *registry, const Elevation *key) {
        const Elevation *elevation = login_registry_find_elevation(registry, key);

        return elevation ? elevation->sid : "none";
}

static const Elevation alice = { .tenant = (char *)"t", .user = (char *)"alice" };
static const Elevation alice_tty = {
        .tenant = (char *)"t",
        .user = (char *)"alice",
        .tty = (char *)"pts/1",
};
static const Elevation alice_session = {
        .tenant = (char *)"t",
        .user = (char *)"alice",
        .logind_id = (char *)"c1",
};
static const Elevation alice_both = {
        .tenant = (char *)"t",
        .user = (char *)"alice",
        .tty = (char *)"pts/1",
        .logind_id = (char *)"c1",
};
static const Elevation shifted = {
        .tenant = (char *)"t",
        .user = (char *)"alice",
        .logind_id = (char *)"pts/1",
};

static void test_each_part_of_the_key_counts(void **unused) {
        static const Elevation *const keys[] = { &alice, &alice_tty, &alice_session, &shifted };
        _cleanup_(login_registry_freep) LoginRegistry *registry = login_fixture_open();

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
                for (size_t j = 0; j < ARRAY_SIZE(keys); j++)
                        assert_string_equal(find(registry, keys[j]), j < i ? SID_A : "none");
                set(registry, keys[i], SID_A);
        }
}

static void test_the_last_one_stands(void **unused) {
        _cleanup_(login_registry_freep) LoginRegistry *registry = login_fixture_open();

        (void)unused;
        set(registry, &alice_tty, SID_A);
        set(registry, &alice_tty, SID_B);
        assert_string_equal(find(registry, &alice_tty), SID_B);
        set(registry, &alice_tty, NULL);
        assert_string_equal(find(registry, &alice_tty), "none");
        set(registry, &alice_tty, NULL);
}

static void test_they_outlive_the_daemon(void **unused) {
        LoginRegistry *registry = login_fixture_open();

        (void)unused;
        login_fixture_session("c1", getpid());
        set(registry, &alice_session, SID_A);
        set(registry, &alice_tty, SID_A);
        set(registry, &alice_tty, SID_B);
        set(registry, &alice, SID_A);
        set(registry, &alice, NULL);
        login_registry_free(registry);
        login_fixture_write("elevations/0123456789abcdef", "{}");
        registry = login_fixture_open();
        assert_string_equal(find(registry, &alice_session), SID_A);
        assert_string_equal(find(registry, &alice_tty), SID_B);
        assert_string_equal(find(registry, &alice), "none");
        assert_false(login_fixture_has("elevations/0123456789abcdef"));
        login_registry_free(registry);
}

static void test_they_end_with_their_logind_session(void **unused) {
        LoginRegistry *registry = login_fixture_open();

        (void)unused;
        set(registry, &alice_session, SID_A);
        set(registry, &alice_tty, SID_A);
        login_registry_free(registry);
        registry = login_fixture_open();
        assert_string_equal(find(registry, &alice_session), "none");
        assert_string_equal(find(registry, &alice_tty), SID_A);
        login_registry_free(registry);
}

/* `systemd-run --user --scope sudo` is in no logind session, but sudo's timestamp is that of the terminal. */
static void test_who_leaves_the_logind_session_keeps_the_terminal(void **unused) {
        _cleanup_(login_registry_freep) LoginRegistry *registry = login_fixture_open();

        (void)unused;
        login_fixture_session("c1", getpid());
        set(registry, &alice_both, SID_A);
        assert_string_equal(find(registry, &alice_tty), SID_A);
        set(registry, &alice_tty, SID_B);
        assert_string_equal(find(registry, &alice_both), SID_B);
        set(registry, &alice_both, NULL);
        assert_string_equal(find(registry, &alice_tty), "none");
}

static void test_a_terminal_of_before_is_another(void **unused) {
        _cleanup_(login_registry_freep) LoginRegistry *registry = login_fixture_open();

        (void)unused;
        set(registry, &alice_both, SID_A);
        assert_string_equal(find(registry, &alice_both), SID_A);
        assert_string_equal(find(registry, &alice_tty), "none");
}

static void test_they_do_not_pile_up(void **unused) {
        _cleanup_(login_registry_freep) LoginRegistry *registry = login_fixture_open();
        char logind_id[16];
        Elevation key = alice_tty;
        unsigned int n_left = 0;

        (void)unused;
        key.tty = NULL;
        key.logind_id = logind_id;
        for (unsigned int i = 0; i < 1000; i++) {
                snprintf(logind_id, sizeof(logind_id), "%u", i);
                set(registry, &key, SID_A);
        }
        for (unsigned int i = 0; i < 1000; i++) {
                snprintf(logind_id, sizeof(logind_id), "%u", i);
                n_left += login_registry_find_elevation(registry, &key) != NULL;
        }
        assert_true(n_left < 100);
}

static void test_a_failure_forgets_nothing(void **unused) {
        _cleanup_(login_registry_freep) LoginRegistry *registry = login_fixture_open();
        Elevation key = alice_tty;

        (void)unused;
        set(registry, &alice_tty, SID_A);
        /* A record that can be written no more. */
        key.sid = calloc(1, 40000);
        assert_non_null(key.sid);
        memset(key.sid, 'x', 39999);
        assert_int_equal(login_registry_set_elevation(registry, &key), -E2BIG);
        free(key.sid);
        assert_string_equal(find(registry, &alice_tty), SID_A);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_each_part_of_the_key_counts,
                        login_fixture_setup, login_fixture_teardown),
                cmocka_unit_test_setup_teardown(
                        test_the_last_one_stands, login_fixture_setup, login_fixture_teardown),
                cmocka_unit_test_setup_teardown(
                        test_they_outlive_the_daemon, login_fixture_setup, login_fixture_teardown),
                cmocka_unit_test_setup_teardown(test_they_end_with_their_logind_session,
                        login_fixture_setup, login_fixture_teardown),
                cmocka_unit_test_setup_teardown(
                        test_who_leaves_the_logind_session_keeps_the_terminal, login_fixture_setup,
                        login_fixture_teardown),
                cmocka_unit_test_setup_teardown(test_a_terminal_of_before_is_another,
                        login_fixture_setup, login_fixture_teardown),
                cmocka_unit_test_setup_teardown(
                        test_they_do_not_pile_up, login_fixture_setup, login_fixture_teardown),
                cmocka_unit_test_setup_teardown(test_a_failure_forgets_nothing, login_fixture_setup,
                        login_fixture_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
