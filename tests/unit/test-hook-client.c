/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/hook/hook-client.h"

#define SEC          UINT64_C(1000000)
#define OUTCOMES_MAX 2048u

/* A runner that does what the test says, on a socket of its own. */
typedef struct Fixture {
        char directory[32], path[64];
        int listener;
        sd_event *event;
        HookClient *client;
        HookOutcome outcomes[OUTCOMES_MAX];
        char hook[HOOK_NAME_MAX + 1], note[HOOK_NOTE_MAX];
        size_t n_outcomes;
} Fixture;

static void open_listener(Fixture *fixture, int backlog) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        snprintf(address.sun_path, sizeof(address.sun_path), "%s", fixture->path);
        fixture->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(fixture->listener >= 0);
        assert_int_equal(bind(fixture->listener, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(listen(fixture->listener, backlog), 0);
}

static int set_up(void **state) {
        Fixture *fixture = calloc(1, sizeof(*fixture));

        assert_non_null(fixture);
        snprintf(fixture->directory, sizeof(fixture->directory), "/tmp/hook-XXXXXX");
        assert_non_null(mkdtemp(fixture->directory));
        snprintf(fixture->path, sizeof(fixture->path), "%s/hook.sock", fixture->directory);
        fixture->listener = -1;
        assert_true(sd_event_new(&fixture->event) >= 0);
        assert_int_equal(hook_client_new(fixture->event, fixture->path, &fixture->client), 0);
        *state = fixture;
        return 0;
}

static int tear_down(void **state) {
        Fixture *fixture = *state;

        hook_client_free(fixture->client);
        sd_event_unref(fixture->event);
        if (fixture->listener >= 0)
                close(fixture->listener);
        (void)unlink(fixture->path);
        assert_int_equal(rmdir(fixture->directory), 0);
        free(fixture);
        return 0;
}

static void on_done(HookCall *call, const HookResult *result, void *userdata) {
        Fixture *fixture = userdata;

        assert_non_null(call);
        assert_true(fixture->n_outcomes < OUTCOMES_MAX);
        fixture->outcomes[fixture->n_outcomes++] = result->outcome;
        snprintf(fixture->hook, sizeof(fixture->hook), "%s", result->hook);
        snprintf(fixture->note, sizeof(fixture->note), "%s", result->note);
}

static int start(Fixture *fixture, HookKind kind, uint64_t timeout_usec, HookCall **ret_call) {
        const HookOrder order = { .kind = kind, .json = "{}", .timeout_usec = timeout_usec };
        size_t n_before = fixture->n_outcomes;
        int r;

        r = hook_client_start(fixture->client, &order, on_done, fixture, ret_call);
        assert_int_equal(fixture->n_outcomes, n_before);
        return r;
}

/* The next connection, and its event. */
static int take(Fixture *fixture, HookMessage *ret_message) {
        static char packet[HOOK_PACKET_MAX];
        int fd = accept4(fixture->listener, NULL, NULL, SOCK_CLOEXEC);
        ssize_t n;

        assert_true(fd >= 0);
        n = recv(fd, packet, sizeof(packet), 0);
        assert_true(n > 0);
        assert_int_equal(hook_message_decode(packet, (size_t)n, ret_message), 0);
        return fd;
}

static void wait_for(Fixture *fixture, size_t n_outcomes) {
        while (fixture->n_outcomes < n_outcomes)
                assert_true(sd_event_run(fixture->event, 10 * SEC) > 0);
}

static void test_answers(void **state) {
        static const struct {
                const char *packet;
                HookOutcome outcome;
                const char *hook, *note;
        } cases[] = {
                { "allowed", HOOK_ALLOWED, "", "" },
                { "vetoed 10-x", HOOK_VETOED, "10-x", "" },
                { "failed 10-x", HOOK_FAILED, "10-x", "" },
                { "failed", HOOK_FAILED, "", "" },
                { "yes", HOOK_FAILED, "", "the runner's answer is not one" },
                { NULL, HOOK_FAILED, "", "the runner ended without an answer" },
        };
        Fixture *fixture = *state;

        open_listener(fixture, 8);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                HookMessage message;
                int fd;

                assert_int_equal(start(fixture, HOOK_LOGIN, 60 * SEC, NULL), 0);
                fd = take(fixture, &message);
                assert_int_equal(message.kind, HOOK_LOGIN);
                assert_memory_equal(message.json, "{}", 2);
                if (cases[i].packet)
                        assert_true(send(fd, cases[i].packet, strlen(cases[i].packet), 0) > 0);
                close(fd);
                wait_for(fixture, i + 1);
                assert_int_equal(fixture->outcomes[i], cases[i].outcome);
                assert_string_equal(fixture->hook, cases[i].hook);
                assert_string_equal(fixture->note, cases[i].note);
        }
}

static void test_nobody_listens(void **state) {
        Fixture *fixture = *state;

        assert_int_equal(start(fixture, HOOK_LOGIN, 60 * SEC, NULL), 0);
        assert_int_equal(start(fixture, HOOK_KICK, 60 * SEC, NULL), 0);
        wait_for(fixture, 2);
        assert_int_equal(fixture->outcomes[0], HOOK_FAILED);
        assert_int_equal(fixture->outcomes[1], HOOK_FAILED);
        assert_non_null(strstr(fixture->note, "No such file or directory"));
}

/* The runner's queue is full, as when systemd hangs: whoever would wait in connect() is told at once. */
static void test_a_full_queue_is_a_failure(void **state) {
        Fixture *fixture = *state;
        HookCounters counters;

        open_listener(fixture, 0);
        for (size_t i = 0; i < 4; i++)
                assert_int_equal(start(fixture, HOOK_KICK, 60 * SEC, NULL), 0);
        wait_for(fixture, 3);
        assert_non_null(strstr(fixture->note, "Resource temporarily unavailable"));
        hook_client_counters(fixture->client, &counters);
        assert_int_equal(counters.n_open, 1);
}

static void test_a_runner_that_hangs_is_given_up(void **state) {
        Fixture *fixture = *state;

        open_listener(fixture, 8);
        assert_int_equal(start(fixture, HOOK_LOGIN, 20000, NULL), 0);
        wait_for(fixture, 1);
        assert_int_equal(fixture->outcomes[0], HOOK_FAILED);
        assert_string_equal(fixture->note, "no answer in time");
}

static void test_notices_are_bounded_and_leave_logins_alone(void **state) {
        Fixture *fixture = *state;
        HookCounters counters;
        HookMessage message;
        int fd;

        open_listener(fixture, 128);
        for (size_t i = 0; i < HOOK_NOTICES_OPEN_MAX + HOOK_NOTICES_WAITING_MAX; i++)
                assert_int_equal(start(fixture, HOOK_KICK, 60 * SEC, NULL), 0);
        assert_int_equal(start(fixture, HOOK_REFRESH, 60 * SEC, NULL), HOOK_CLIENT_E_FULL);
        hook_client_counters(fixture->client, &counters);
        assert_int_equal(counters.n_open, HOOK_NOTICES_OPEN_MAX);
        assert_int_equal(counters.n_waiting, HOOK_NOTICES_WAITING_MAX);
        assert_int_equal(counters.n_dropped[HOOK_REFRESH], 1);
        assert_int_equal(counters.n_dropped[HOOK_KICK], 0);

        assert_int_equal(start(fixture, HOOK_LOGIN, 60 * SEC, NULL), 0);
        for (size_t i = 0; i < HOOK_NOTICES_OPEN_MAX; i++)
                close(take(fixture, &message));
        fd = take(fixture, &message);
        assert_int_equal(message.kind, HOOK_LOGIN);
        close(fd);
        /* Each end makes room for the next one. */
        wait_for(fixture, HOOK_NOTICES_OPEN_MAX + 1);
        hook_client_counters(fixture->client, &counters);
        assert_int_equal(counters.n_open, HOOK_NOTICES_OPEN_MAX);
        assert_int_equal(counters.n_waiting, HOOK_NOTICES_WAITING_MAX - HOOK_NOTICES_OPEN_MAX);
        assert_int_equal(counters.n_outcomes[HOOK_KICK][HOOK_FAILED], HOOK_NOTICES_OPEN_MAX);
}

static void test_a_login_that_waits_keeps_its_deadline(void **state) {
        Fixture *fixture = *state;
        HookCall *first = NULL;

        open_listener(fixture, 128);
        for (size_t i = 0; i < HOOK_LOGINS_OPEN_MAX; i++)
                assert_int_equal(start(fixture, HOOK_LOGIN, 60 * SEC, i ? NULL : &first), 0);
        assert_int_equal(start(fixture, HOOK_LOGIN, 20000, NULL), 0);
        wait_for(fixture, 1);
        assert_int_equal(fixture->outcomes[0], HOOK_FAILED);
        assert_string_equal(fixture->note, "no answer in time");
        hook_call_free(first);
}

static void test_a_call_that_is_let_go_completes_never(void **state) {
        HookCall *open = NULL, *waiting = NULL;
        Fixture *fixture = *state;
        HookMessage message;
        HookCounters counters;
        int fd;

        open_listener(fixture, 128);
        assert_int_equal(start(fixture, HOOK_LOGIN, 60 * SEC, &open), 0);
        for (size_t i = 1; i < HOOK_LOGINS_OPEN_MAX; i++)
                assert_int_equal(start(fixture, HOOK_LOGIN, 60 * SEC, NULL), 0);
        assert_int_equal(start(fixture, HOOK_LOGIN, 60 * SEC, &waiting), 0);
        hook_call_free(waiting);
        fd = take(fixture, &message);
        hook_call_free(open);
        assert_true(send(fd, "allowed", 7, MSG_NOSIGNAL) < 0);
        close(fd);
        hook_client_counters(fixture->client, &counters);
        assert_int_equal(counters.n_open, HOOK_LOGINS_OPEN_MAX - 1);
        assert_int_equal(counters.n_waiting, 0);
        assert_int_equal(fixture->n_outcomes, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_answers),
                TEST(test_nobody_listens),
                TEST(test_a_full_queue_is_a_failure),
                TEST(test_a_runner_that_hangs_is_given_up),
                TEST(test_notices_are_bounded_and_leave_logins_alone),
                TEST(test_a_login_that_waits_keeps_its_deadline),
                TEST(test_a_call_that_is_let_go_completes_never),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
