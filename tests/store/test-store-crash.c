/* SPDX-License-Identifier: MIT */

/*
 * test-store-crash sqlite|redis WRITER: kill -9 at random moments of whoever commits, and of the Redis server it
 * commits to. Afterwards every user has the old or the new state, whole, and never one older than what
 * was acknowledged.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crash-record.h"
#include "store-case.h"

#define ROUNDS 25u

static const char *writer_path;
static unsigned int seed, dice;

typedef struct Crash {
        StoreFixture *fixture;
        pid_t pid;
        int fd;                             /* the writer's standard output */
        uint32_t acknowledged[CRASH_USERS]; /* the last step */
        unsigned int n_records;
} Crash;

static int setup(void **state, StoreType type) {
        Crash *crash = calloc(1, sizeof(*crash));

        assert_non_null(crash);
        store_fixture_new(type, &crash->fixture);
        crash->fixture->store = user_store_free(crash->fixture->store);
        *state = crash;
        return 0;
}

static int setup_sqlite(void **state) {
        return setup(state, STORE_SQLITE);
}

static int setup_redis(void **state) {
        return setup(state, STORE_REDIS);
}

static int teardown(void **state) {
        Crash *crash = *state;

        store_fixture_free(crash->fixture);
        free(crash);
        return 0;
}

static void start_writer(Crash *crash) {
        bool redis = crash->fixture->config.type == STORE_REDIS;
        int pipe_fds[2];

        assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
        crash->pid = fork();
        assert_true(crash->pid >= 0);
        if (crash->pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                dup2(pipe_fds[1], STDOUT_FILENO);
                execl(writer_path, "store-writer", redis ? "redis" : "sqlite",
                        redis ? crash->fixture->address : crash->fixture->path, NULL);
                _exit(127);
        }
        close(pipe_fds[1]);
        crash->fd = pipe_fds[0];
        crash->n_records = 0;
}

/* Records are smaller than PIPE_BUF, so they come whole. Returns false at the end. */
static bool read_record(Crash *crash) {
        CrashRecord record;
        ssize_t n = read(crash->fd, &record, sizeof(record));

        if (n <= 0)
                return false;
        assert_int_equal(n, sizeof(record));
        assert_true(record.user < CRASH_USERS);
        assert_true(record.step > crash->acknowledged[record.user]);
        crash->acknowledged[record.user] = record.step;
        crash->n_records++;
        return true;
}

/* A moment that is not tied to an acknowledgement. */
static void go_on_for_a_moment(void) {
        ppoll(NULL, 0, &(struct timespec){ .tv_nsec = rand_r(&dice) % 2000000 }, NULL);
}

static void run_writer_for(Crash *crash, unsigned int n_records) {
        start_writer(crash);
        while (crash->n_records < n_records)
                if (!read_record(crash))
                        fail_msg("the writer ended by itself");
        go_on_for_a_moment();
}

static void kill_writer(Crash *crash) {
        int status;

        assert_int_equal(kill(crash->pid, SIGKILL), 0);
        assert_int_equal(waitpid(crash->pid, &status, 0), crash->pid);
        assert_true(WIFSIGNALED(status));
        while (read_record(crash))
                continue;
        close(crash->fd);
}

static void check_user(Crash *crash, uint32_t user) {
        _cleanup_(user_state_unrefp) UserState *state = NULL;
        char name[16], sid[SID_SIZE + 1], owner[64];
        uint32_t step;

        crash_user_name(user, name);
        assert_int_equal(fixture_load(crash->fixture, name, &state), 0);
        if (!crash_state_step(state, user, &step))
                fail_msg("seed %u: %s is half of step %u", seed, name, step);
        /* One commit of the user may be done without its acknowledgement. */
        if (step < crash->acknowledged[user] || step > crash->acknowledged[user] + 1)
                fail_msg("seed %u: %s is at step %u, %u was acknowledged", seed, name, step,
                        crash->acknowledged[user]);
        crash->acknowledged[user] = step;
        if (step == 0)
                return;
        crash_session_sid(user, step, sid);
        assert_int_equal(fixture_find(crash->fixture, sid, owner), 0);
        assert_string_equal(owner, name);
}

static void check_store(Crash *crash) {
        StoreFixture *fixture = crash->fixture;

        assert_int_equal(store_fixture_open(fixture), 0);
        store_fixture_wait_online(fixture, true);
        for (uint32_t user = 0; user < CRASH_USERS; user++)
                check_user(crash, user);
        fixture->store = user_store_free(fixture->store);
}

static void test_killed_while_committing_no_state_is_half_or_lost(void **test) {
        Crash *crash = *test;

        for (unsigned int i = 0; i < ROUNDS; i++) {
                run_writer_for(crash, 1 + (unsigned int)rand_r(&dice) % 40);
                kill_writer(crash);
                check_store(crash);
        }
}

static void test_a_killed_server_keeps_what_it_acknowledged(void **test) {
        Crash *crash = *test;

        for (unsigned int i = 0; i < ROUNDS; i++) {
                run_writer_for(crash, 1 + (unsigned int)rand_r(&dice) % 40);
                redis_server_kill(&crash->fixture->server);
                kill_writer(crash);
                redis_server_start(&crash->fixture->server);
                check_store(crash);
        }
}

static void test_a_writer_goes_on_when_its_server_is_back(void **test) {
        Crash *crash = *test;

        run_writer_for(crash, 10);
        for (unsigned int i = 0; i < 5; i++) {
                unsigned int n_before;

                redis_server_kill(&crash->fixture->server);
                go_on_for_a_moment();
                redis_server_start(&crash->fixture->server);
                n_before = crash->n_records;
                while (crash->n_records < n_before + 100)
                        assert_true(read_record(crash));
        }
        kill_writer(crash);
        check_store(crash);
}

int main(int argc, char **argv) {
        const struct CMUnitTest sqlite[] = {
                cmocka_unit_test_setup_teardown(
                        test_killed_while_committing_no_state_is_half_or_lost, setup_sqlite,
                        teardown),
        };
        const struct CMUnitTest redis[] = {
                cmocka_unit_test_setup_teardown(
                        test_killed_while_committing_no_state_is_half_or_lost, setup_redis,
                        teardown),
                cmocka_unit_test_setup_teardown(
                        test_a_killed_server_keeps_what_it_acknowledged, setup_redis, teardown),
                cmocka_unit_test_setup_teardown(
                        test_a_writer_goes_on_when_its_server_is_back, setup_redis, teardown),
        };
        int r;

        if (argc != 3) {
                fputs("usage: test-store-crash sqlite|redis WRITER\n", stderr);
                return 2;
        }
        writer_path = argv[2];
        seed = (unsigned int)time(NULL);
        dice = seed;
        if (strcmp(argv[1], "sqlite") == 0)
                return cmocka_run_group_tests(sqlite, NULL, NULL);
        r = store_case_need_redis();
        if (r)
                return r;
        return cmocka_run_group_tests(redis, NULL, NULL);
}
