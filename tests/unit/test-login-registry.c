/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/login/host-id.h"
#include "daemon/login/login-record.h"
#include "daemon/login/login-state.h"
#include "login-fixture.h"

#define MANY 10000u
#define ID_1 "000000000000000000001A"
#define ID_2 "000000000000000000002A"

static unsigned int mode_of(const char *path) {
        char full[256];
        struct stat info;

        snprintf(full, sizeof(full), "%s/%s", login_fixture_directory(), path);
        assert_int_equal(lstat(full, &info), 0);
        return info.st_mode & 07777;
}

/* Returns the login that the registry now owns. */
static Login *add(LoginRegistry *registry, Login *login) {
        assert_int_equal(login_registry_add(registry, login), 0);
        return login;
}

static void kill_leader(Login *login) {
        login->leader.start_time--;
}

static void test_directories_are_private(void **unused) {
        _cleanup_(login_registry_freep) LoginRegistry *registry = login_fixture_open();

        (void)unused;
        assert_int_equal(mode_of("logins"), 0700);
        assert_int_equal(mode_of("elevations"), 0700);
        assert_int_equal(login_registry_count(registry), 0);
}

static void test_directory_that_others_may_write(void **unused) {
        LoginRegistry *registry = NULL;

        (void)unused;
        assert_int_equal(chmod(login_fixture_directory(), 0777), 0);
        assert_int_equal(login_registry_open(login_fixture_directory(), &registry), -EPERM);
        assert_null(registry);
}

static void test_a_record_comes_and_goes(void **unused) {
        _cleanup_(login_registry_freep) LoginRegistry *registry = login_fixture_open();
        Login *login = add(registry, login_fixture_login(1, "alice", NULL));

        (void)unused;
        assert_int_equal(mode_of("logins/" ID_1), 0600);
        assert_ptr_equal(login_registry_find(registry, ID_1), login);
        assert_null(login_registry_find(registry, ID_2));
        assert_null(login_registry_find(registry, ""));
        assert_int_equal(login_registry_count(registry), 1);
        login_registry_remove(registry, login);
        assert_false(login_fixture_has("logins/" ID_1));
        assert_null(login_registry_find(registry, ID_1));
        assert_int_equal(login_registry_count(registry), 0);
}

static void test_an_id_is_taken_once(void **unused) {
        _cleanup_(login_registry_freep) LoginRegistry *registry = login_fixture_open();
        _cleanup_(login_freep) Login *second = login_fixture_login(1, "bob", NULL);

        (void)unused;
        add(registry, login_fixture_login(1, "alice", NULL));
        assert_int_equal(login_registry_add(registry, second), -EEXIST);
        assert_string_equal(login_registry_find(registry, ID_1)->user, "alice");
}

static void test_what_cannot_be_written_is_not_recorded(void **unused) {
        _cleanup_(login_registry_freep) LoginRegistry *registry = login_fixture_open();
        _cleanup_(login_freep) Login *login = login_fixture_login(1, "alice", NULL);
        char path[256];

        (void)unused;
        snprintf(path, sizeof(path), "%s/logins", login_fixture_directory());
        assert_int_equal(rmdir(path), 0);
        assert_int_equal(login_registry_add(registry, login), -ENOENT);
        assert_null(login_registry_find(registry, ID_1));
        assert_int_equal(login_registry_count(registry), 0);
}

static void test_a_record_outlives_the_daemon(void **unused) {
        LoginRegistry *registry = login_fixture_open();
        Login *login = login_fixture_login(1, "alice", "7");
        ProcessId leader = login->leader;

        (void)unused;
        login_fixture_session("7", leader.pid);
        login->tty = strdup("pts/1");
        login->rhost = strdup("a\nb\"\xc3\xa4");
        login->uid = 1000;
        login->logind_owner = 1001;
        add(registry, login);
        login->ended = true;
        login->end_reason = REASON_SESSION_KICKED;
        assert_int_equal(login_registry_update(registry, login), 0);
        login_registry_free(registry);

        registry = login_fixture_open();
        login = login_registry_find(registry, ID_1);
        assert_non_null(login);
        assert_string_equal(login->sid, LOGIN_FIXTURE_SID);
        assert_string_equal(login->tenant, "default");
        assert_string_equal(login->user, "alice");
        assert_string_equal(login->target, "alice");
        assert_string_equal(login->service, "sshd");
        assert_string_equal(login->tty, "pts/1");
        assert_string_equal(login->rhost, "a\nb\"\xc3\xa4");
        assert_string_equal(login->logind_id, "7");
        assert_true(login->opened_logind);
        assert_int_equal(login->uid, 1000);
        assert_int_equal(login->logind_owner, 1001);
        assert_true(process_id_equal(&login->leader, &leader));
        assert_int_equal(login->opened_at_sec, 1700000001);
        assert_true(login->ended);
        assert_int_equal(login->end_reason, REASON_SESSION_KICKED);
        login_registry_free(registry);
}

static void test_what_is_over_is_dropped(void **unused) {
        LoginRegistry *registry = login_fixture_open();

        (void)unused;
        login_fixture_session("7", getpid());
        add(registry, login_fixture_login(1, "alice", "6"));
        kill_leader(add(registry, login_fixture_login(2, "alice", "7")));
        kill_leader(add(registry, login_fixture_login(3, "alice", "8")));
        kill_leader(add(registry, login_fixture_login(4, "alice", NULL)));
        for (unsigned int i = 2; i <= 4; i++) {
                char id[LOGIN_ID_SIZE + 1];

                snprintf(id, sizeof(id), "%021uA", i);
                assert_int_equal(
                        login_registry_update(registry, login_registry_find(registry, id)), 0);
        }
        login_registry_free(registry);
        registry = login_fixture_open();
        assert_int_equal(login_registry_count(registry), 2);
        assert_non_null(login_registry_find(registry, ID_1));
        assert_non_null(login_registry_find(registry, ID_2));
        assert_false(login_fixture_has("logins/000000000000000000003A"));
        assert_false(login_fixture_has("logins/000000000000000000004A"));
        login_registry_free(registry);
}

static bool remove_it(Login *login, void *userdata) {
        LoginRegistry *registry = userdata;

        login_registry_remove(registry, login);
        return true;
}

static bool count(Login *login, void *userdata) {
        unsigned int *n = userdata;

        (void)login;
        ++*n;
        return true;
}

static bool count_one(Login *login, void *userdata) {
        count(login, userdata);
        return false;
}

static unsigned int visit(LoginRegistry *registry, const char *tenant, const char *user) {
        unsigned int n = 0;

        login_registry_each(registry, tenant, user, count, &n);
        return n;
}

static void test_visits(void **unused) {
        _cleanup_(login_registry_freep) LoginRegistry *registry = login_fixture_open();
        unsigned int n = 0;
        Login *other;

        (void)unused;
        for (unsigned int i = 0; i < 10; i++)
                add(registry, login_fixture_login(i, i % 3 ? "alice" : "bob", NULL));
        other = login_fixture_login(10, "alice", NULL);
        free(other->tenant);
        other->tenant = strdup("other");
        add(registry, other);
        assert_int_equal(visit(registry, NULL, NULL), 11);
        assert_int_equal(visit(registry, "default", NULL), 10);
        assert_int_equal(visit(registry, "default", "alice"), 6);
        assert_int_equal(visit(registry, NULL, "alice"), 7);
        assert_int_equal(visit(registry, "default", "bob"), 4);
        assert_int_equal(visit(registry, "other", "bob"), 0);
        assert_int_equal(visit(registry, "default", "carol"), 0);
        login_registry_each(registry, NULL, NULL, count_one, &n);
        assert_int_equal(n, 1);
        login_registry_each(registry, "default", "alice", remove_it, registry);
        assert_int_equal(visit(registry, NULL, NULL), 5);
        login_registry_each(registry, NULL, NULL, remove_it, registry);
        assert_int_equal(login_registry_count(registry), 0);
}

static void test_who_opened_a_logind_session(void **unused) {
        _cleanup_(login_registry_freep) LoginRegistry *registry = login_fixture_open();
        Login *inside = login_fixture_login(1, "alice", "c1"), *opener;

        (void)unused;
        /* root logged in with a password, and runs `su alice` with a token: alice's end is not root's. */
        login_fixture_session("c1", getppid());
        add(registry, inside);
        assert_false(inside->opened_logind);
        assert_null(login_registry_find_logind(registry, "c1"));
        inside->ended = true;
        assert_null(login_registry_find_logind(registry, "c1"));
        login_fixture_session("c2", getpid());
        opener = add(registry, login_fixture_login(2, "alice", "c2"));
        assert_ptr_equal(login_registry_find_logind(registry, "c2"), opener);
        /* The leader has gone, its session has not. */
        kill_leader(opener);
        assert_ptr_equal(login_registry_find_logind(registry, "c2"), opener);
        login_fixture_session("c2", 0);
        assert_ptr_equal(login_registry_find_logind(registry, "c2"), opener);
        /* logind gave the id away again. */
        login_fixture_session("c2", getppid());
        assert_null(login_registry_find_logind(registry, "c2"));
        assert_null(login_registry_find_logind(registry, "c3"));
        login_registry_remove(registry, opener);
        assert_null(login_registry_find_logind(registry, "c2"));
}

/* As the daemon of another boot, or of another machine, left it. */
static void leave_record(const HostId *host) {
        _cleanup_(login_freep) Login *login = login_fixture_login(1, "alice", "7");
        _cleanup_(freep) char *text = NULL;

        login->opened_logind = true;
        assert_int_equal(login_record_encode(login, host, &text), 0);
        login_fixture_write("logins/" ID_1, text);
}

/* Pid, start time and id of the logind session may all be those of somebody's login of now. */
static void test_a_record_of_another_boot_or_machine_means_nobody(void **unused) {
        const char *const others[] = { "boot", "machine" };
        HostId here;

        (void)unused;
        assert_int_equal(host_id_read(&here), 0);
        login_fixture_session("7", getpid());
        login_registry_free(login_fixture_open());
        for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
                HostId host = here;
                LoginRegistry *registry;

                print_message("# %s\n", others[i]);
                leave_record(&host);
                registry = login_fixture_open();
                assert_non_null(login_registry_find_logind(registry, "7"));
                login_registry_free(registry);

                snprintf(i ? host.machine : host.boot, sizeof(host.boot), "%032x", 7);
                leave_record(&host);
                registry = login_fixture_open();
                assert_int_equal(login_registry_count(registry), 0);
                assert_null(login_registry_find_logind(registry, "7"));
                assert_false(login_fixture_has("logins/" ID_1));
                login_registry_free(registry);
        }
}

static void test_a_logind_id_that_was_given_away_again(void **unused) {
        _cleanup_(login_registry_freep) LoginRegistry *registry = NULL;
        Login *opener, *inside;

        (void)unused;
        login_fixture_session_since("c1", getpid(), 100);
        login_fixture_session_since("c2", getppid(), 100);
        registry = login_fixture_open();
        add(registry, login_fixture_login(1, "alice", "c1"));
        add(registry, login_fixture_login(2, "alice", "c2"));
        login_registry_free(registry);
        registry = login_fixture_open();
        opener = login_registry_find(registry, ID_1);
        inside = login_registry_find(registry, ID_2);
        assert_false(login_logind_is_another(opener) || login_logind_is_another(inside));
        kill_leader(opener);
        assert_false(login_is_over(opener));

        /* Even if the pid is that of the new leader, too. */
        login_fixture_session_since("c1", getpid(), 200);
        login_fixture_session_since("c2", getppid(), 200);
        assert_true(login_logind_is_another(opener) && login_logind_is_another(inside));
        assert_null(login_registry_find_logind(registry, "c1"));
        assert_true(login_is_over(opener));
        /* It still runs, outside of the session that has its id now. */
        assert_false(login_is_over(inside));
        kill_leader(inside);
        assert_true(login_is_over(inside));
}

static void test_a_logind_session_has_all_logins_in_it(void **unused) {
        _cleanup_(login_registry_freep) LoginRegistry *registry = login_fixture_open();
        unsigned int n = 0;

        (void)unused;
        login_fixture_session("c1", getpid());
        login_fixture_session("c2", getpid());
        add(registry, login_fixture_login(1, "alice", "c1"));
        login_fixture_session("c1", getppid());
        add(registry, login_fixture_login(2, "bob", "c1"));
        add(registry, login_fixture_login(3, "carol", "c2"));
        add(registry, login_fixture_login(4, "carol", NULL));
        login_registry_each_logind(registry, "c3", count, &n);
        assert_int_equal(n, 0);
        login_registry_each_logind(registry, "c1", count, &n);
        assert_int_equal(n, 2);
        login_registry_each_logind(registry, "c1", remove_it, registry);
        login_registry_each_logind(registry, "c1", count, &n);
        assert_int_equal(n, 2);
        assert_int_equal(login_registry_count(registry), 2);
}

static void test_ten_thousand(void **unused) {
        LoginRegistry *registry = login_fixture_open();
        char id[LOGIN_ID_SIZE + 1], user[32];

        (void)unused;
        for (unsigned int i = 0; i < MANY; i++) {
                snprintf(user, sizeof(user), "user%u", i % 1000);
                add(registry, login_fixture_login(i, user, NULL));
        }
        login_registry_free(registry);
        registry = login_fixture_open();
        assert_int_equal(login_registry_count(registry), MANY);
        for (unsigned int i = 0; i < MANY; i++) {
                snprintf(id, sizeof(id), "%021uA", i);
                assert_non_null(login_registry_find(registry, id));
        }
        for (unsigned int i = 0; i < 1000; i++) {
                snprintf(user, sizeof(user), "user%u", i);
                assert_int_equal(visit(registry, "default", user), MANY / 1000);
        }
        login_registry_free(registry);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_directories_are_private),
                cmocka_unit_test(test_directory_that_others_may_write),
                cmocka_unit_test(test_a_record_comes_and_goes),
                cmocka_unit_test(test_an_id_is_taken_once),
                cmocka_unit_test(test_what_cannot_be_written_is_not_recorded),
                cmocka_unit_test(test_a_record_outlives_the_daemon),
                cmocka_unit_test(test_what_is_over_is_dropped),
                cmocka_unit_test(test_visits),
                cmocka_unit_test(test_who_opened_a_logind_session),
                cmocka_unit_test(test_a_record_of_another_boot_or_machine_means_nobody),
                cmocka_unit_test(test_a_logind_id_that_was_given_away_again),
                cmocka_unit_test(test_a_logind_session_has_all_logins_in_it),
                cmocka_unit_test(test_ten_thousand),
        };
        struct CMUnitTest with_directory[ARRAY_SIZE(tests)];

        for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
                with_directory[i] = tests[i];
                with_directory[i].setup_func = login_fixture_setup;
                with_directory[i].teardown_func = login_fixture_teardown;
        }
        return cmocka_run_group_tests(with_directory, NULL, NULL);
}
