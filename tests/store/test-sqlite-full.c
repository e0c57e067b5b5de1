/* SPDX-License-Identifier: MIT */

/*
 * A disk that is really full: a small one of our own, in a mount namespace.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "store-case.h"
#include "daemon/session/session-check.h"

#define EXIT_SKIP     77
#define N_USERS_MAX   16384u
#define FILL_SIZE     4096u
#define DISK_SIZE     "size=2560k"
#define NAME_SIZE_MAX 16
#define N_ENDED       100u
#define N_BANNED      100u

static UserState *load_user(StoreFixture *fixture, unsigned int number) {
        char name[NAME_SIZE_MAX];
        UserState *state;

        snprintf(name, sizeof(name), "u%u", number);
        assert_int_equal(fixture_load(fixture, name, &state), 0);
        return state;
}

static int add_user(StoreFixture *fixture, unsigned int number) {
        _cleanup_(user_state_unrefp) UserState *state = load_user(fixture, number);

        assert_int_equal(user_state_add(state, fixture_session(number)), 0);
        return fixture_commit(fixture, state);
}

static int end_user(StoreFixture *fixture, unsigned int number) {
        _cleanup_(user_state_unrefp) UserState *state = load_user(fixture, number);

        assert_true(user_state_end(
                state, fixture_sid(number), REASON_SESSION_REVOKED, fixture_now_sec()));
        return fixture_commit(fixture, state);
}

static int ban_user(StoreFixture *fixture, unsigned int number) {
        _cleanup_(user_state_unrefp) UserState *state = load_user(fixture, number);

        state->ban_until_sec = fixture_now_sec() + 3600;
        return fixture_commit(fixture, state);
}

static bool is_banned(StoreFixture *fixture, unsigned int number) {
        _cleanup_(user_state_unrefp) UserState *state = load_user(fixture, number);

        return state->ban_until_sec != 0;
}

static Reason look_user_up(StoreFixture *fixture, unsigned int number) {
        _cleanup_(user_state_unrefp) UserState *state = load_user(fixture, number);

        return user_state_check(state, fixture_sid(number), fixture_now_sec());
}

static unsigned int add_users_until_full(StoreFixture *fixture) {
        unsigned int n = 0;

        while (n < N_USERS_MAX && add_user(fixture, n) == 0)
                n++;
        assert_in_range(n, 10, N_USERS_MAX - 1);
        assert_int_equal(add_user(fixture, n), STORE_E_REFUSED);
        assert_true(store_fixture_told(fixture, "full"));
        return n;
}

static void check_that_all_can_be_ended(StoreFixture *fixture, unsigned int n) {
        for (unsigned int i = 0; i < n; i++)
                assert_int_equal(end_user(fixture, i), 0);
        store_fixture_reopen(fixture);
        for (unsigned int i = 0; i < n; i++)
                assert_int_equal(look_user_up(fixture, i), REASON_SESSION_REVOKED);
}

static void test_sessions_that_filled_the_disk_can_be_ended(void **test) {
        check_that_all_can_be_ended(*test, add_users_until_full(*test));
}

/* Somebody else's file takes all that is left, whenever there is any. */
static void test_sessions_can_be_ended_while_others_fill_the_disk(void **test) {
        static const char rubbish[FILL_SIZE] = "x";
        StoreFixture *fixture = *test;
        char path[128];
        int fd;

        for (unsigned int i = 0; i < N_ENDED; i++)
                assert_int_equal(add_user(fixture, i), 0);
        snprintf(path, sizeof(path), "%s/rubbish", fixture->directory);
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        for (unsigned int i = 0; i < N_ENDED; i++) {
                while (write(fd, rubbish, sizeof(rubbish)) > 0)
                        ;
                assert_int_equal(end_user(fixture, i), 0);
        }
        close(fd);
        store_fixture_reopen(fixture);
        for (unsigned int i = 0; i < N_ENDED; i++)
                assert_int_equal(look_user_up(fixture, i), REASON_SESSION_REVOKED);
}

/* An order need not end a session to be one that must not wait for room. */
static void test_users_without_sessions_can_be_banned_on_a_full_disk(void **test) {
        unsigned int n = add_users_until_full(*test);

        for (unsigned int i = n; i < n + N_BANNED; i++)
                assert_int_equal(ban_user(*test, i), 0);
        store_fixture_reopen(*test);
        for (unsigned int i = n; i < n + N_BANNED; i++)
                assert_true(is_banned(*test, i));
}

/* The user store's fixture works below /tmp. */
static int make_small_disk(void) {
        if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) < 0 ||
                mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
                mount("small", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, DISK_SIZE) < 0)
                return -errno;
        return 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                SQLITE_CASE(test_sessions_that_filled_the_disk_can_be_ended),
                SQLITE_CASE(test_sessions_can_be_ended_while_others_fill_the_disk),
                SQLITE_CASE(test_users_without_sessions_can_be_banned_on_a_full_disk),
        };
        int r = make_small_disk();

        if (r < 0) {
                printf("1..0 # SKIP no file system of our own can be mounted: %s\n", strerror(-r));
                return EXIT_SKIP;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
