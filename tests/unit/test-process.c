/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/cleanup.h"
#include "daemon/login/process.h"

#define DEADLINE_MSEC 10000

/* A child that lives until it is killed, under a name that is hard to read past. */
static pid_t start_child(void) {
        int fds[2];
        pid_t pid;
        char c;

        assert_int_equal(pipe(fds), 0);
        pid = fork();
        if (pid == 0) {
                prctl(PR_SET_NAME, "a) Z 1 (\n 2");
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (write(fds[1], "", 1) != 1)
                        _exit(1);
                for (;;)
                        pause();
        }
        assert_true(pid > 0);
        close(fds[1]);
        assert_int_equal(read(fds[0], &c, 1), 1);
        close(fds[0]);
        return pid;
}

static void wait_until_ended(int pidfd) {
        struct pollfd input = { .fd = pidfd, .events = POLLIN };

        assert_int_equal(poll(&input, 1, DEADLINE_MSEC), 1);
}

static void test_own_process(void **unused) {
        ProcessId id, again;

        (void)unused;
        assert_int_equal(process_id_of(getpid(), &id), 0);
        assert_int_equal(id.pid, getpid());
        assert_true(id.start_time > 0);
        assert_true(process_is_alive(&id));
        assert_int_equal(process_id_of(getpid(), &again), 0);
        assert_true(process_id_equal(&id, &again));
}

static void test_another_with_the_same_pid(void **unused) {
        ProcessId id, other;
        int fd = -1;

        (void)unused;
        assert_int_equal(process_id_of(getpid(), &id), 0);
        other = (ProcessId){ .pid = id.pid, .start_time = id.start_time - 1 };
        assert_false(process_id_equal(&id, &other));
        assert_false(process_is_alive(&other));
        assert_int_equal(process_watch(&other, &fd), -ESRCH);
        assert_int_equal(fd, -1);
}

static void test_what_is_no_process(void **unused) {
        static const pid_t pids[] = { 0, -1, INT32_MAX };
        ProcessId id = { .pid = 7, .start_time = 7 };
        int fd = -1;

        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
                const ProcessId none = { .pid = pids[i], .start_time = 0 };

                assert_int_equal(process_id_of(pids[i], &id), -ESRCH);
                assert_false(process_is_alive(&none));
                assert_true(process_watch(&none, &fd) < 0);
        }
        assert_int_equal(id.pid, 7);
        assert_int_equal(fd, -1);
}

static void test_life_and_death(void **unused) {
        _cleanup_(closep) int fd = -1;
        pid_t pid = start_child();
        ProcessId own, id;
        int late = -1;

        (void)unused;
        assert_int_equal(process_id_of(getpid(), &own), 0);
        assert_int_equal(process_id_of(pid, &id), 0);
        assert_true(id.start_time >= own.start_time);
        assert_true(process_is_alive(&id));
        assert_int_equal(process_watch(&id, &fd), 0);
        assert_int_equal(kill(pid, SIGKILL), 0);
        wait_until_ended(fd);
        /* Nobody has waited for it: it is a zombie, and dead for us. */
        assert_false(process_is_alive(&id));
        assert_int_equal(process_watch(&id, &late), -ESRCH);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_false(process_is_alive(&id));
        assert_int_equal(process_id_of(pid, &id), -ESRCH);
        assert_int_equal(process_watch(&id, &late), -ESRCH);
        assert_int_equal(late, -1);
}

/* What sudo is to its caller: root by the effective uid only. */
static void test_real_uid(void **unused) {
        uid_t uid = 4711;
        int ready[2];
        pid_t pid;
        char byte;

        (void)unused;
        assert_int_equal(process_real_uid(getpid(), &uid), 0);
        assert_int_equal(uid, getuid());
        assert_int_equal(process_real_uid(0, &uid), -ESRCH);
        if (geteuid() != 0)
                skip();
        assert_int_equal(pipe(ready), 0);
        pid = fork();
        if (pid == 0) {
                if (prctl(PR_SET_NAME, "a\nUid:\t0\t0") == 0 && setresuid(1234, 0, 0) == 0)
                        (void)!write(ready[1], "", 1);
                pause();
                _exit(0);
        }
        assert_int_equal(read(ready[0], &byte, 1), 1);
        assert_int_equal(process_real_uid(pid, &uid), 0);
        assert_int_equal(uid, 1234);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(process_real_uid(pid, &uid), -ESRCH);
        assert_int_equal(uid, 1234);
        close(ready[0]);
        close(ready[1]);
}

static void test_boot_id(void **unused) {
        char id[33] = "", again[33] = "";

        (void)unused;
        assert_int_equal(process_boot_id(id), 0);
        assert_int_equal(strspn(id, "0123456789abcdef"), 32);
        assert_int_equal(process_boot_id(again), 0);
        assert_string_equal(id, again);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_own_process),
                cmocka_unit_test(test_another_with_the_same_pid),
                cmocka_unit_test(test_what_is_no_process),
                cmocka_unit_test(test_life_and_death),
                cmocka_unit_test(test_real_uid),
                cmocka_unit_test(test_boot_id),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
