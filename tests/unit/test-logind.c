/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/logind/logind.h"
#include "private-bus.h"

#define DEADLINE_USEC UINT64_C(10000000)
#define NOT_DONE      1000
#define N_MANY        300u

/* A logind that answers as the session's id says, on the same loop. */
typedef struct Fixture {
        PrivateBus daemon;
        sd_event *event;
        sd_bus *ours, *theirs;
        Logind *logind;
        LogindCall *call;
        int outcome;
        bool free_inside;
        char order[128];               /* what the mock was asked last */
        char removed[64];              /* what was said to be removed last */
        sd_bus_message *kept;          /* the call that the mock does not answer */
        sd_bus_message *later[N_MANY]; /* those that it answers when told to */
        size_t n_later, n_done;
} Fixture;

static int answer(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        static const struct {
                const char *id, *name;
        } errors[] = {
                { "gone", "org.freedesktop.login1.NoSuchSession" },
                { "refused", SD_BUS_ERROR_ACCESS_DENIED },
                { "ask", SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED },
                { "unlockable", SD_BUS_ERROR_NOT_SUPPORTED },
                { "broken", SD_BUS_ERROR_FAILED },
        };
        Fixture *fixture = userdata;
        const char *id, *who = "";
        int32_t number = 0;

        assert_true(sd_bus_message_read(message, "s", &id) >= 0);
        if (sd_bus_message_has_signature(message, "ssi"))
                assert_true(sd_bus_message_read(message, "si", &who, &number) >= 0);
        assert_false(sd_bus_message_get_allow_interactive_authorization(message));
        snprintf(fixture->order, sizeof(fixture->order), "%s(%s,%s,%d)",
                sd_bus_message_get_member(message), id, who, (int)number);
        if (!strcmp(id, "silent")) {
                fixture->kept = sd_bus_message_ref(message);
                return 1;
        }
        if (!strcmp(id, "later")) {
                assert_true(fixture->n_later < ARRAY_SIZE(fixture->later));
                fixture->later[fixture->n_later++] = sd_bus_message_ref(message);
                return 1;
        }
        for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
                if (!strcmp(id, errors[i].id))
                        return sd_bus_error_set(error, errors[i].name, "as the test wants");
        return sd_bus_reply_method_return(message, "");
}

static const sd_bus_vtable methods[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("TerminateSession", "s", "", answer, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("LockSession", "s", "", answer, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("KillSession", "ssi", "", answer, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static void serve(Fixture *fixture) {
        fixture->theirs = private_bus_connect(&fixture->daemon, fixture->event);
        assert_true(sd_bus_add_object_vtable(fixture->theirs, NULL, "/org/freedesktop/login1",
                            "org.freedesktop.login1.Manager", methods, fixture) >= 0);
        assert_true(sd_bus_request_name(fixture->theirs, "org.freedesktop.login1", 0) >= 0);
}

static void on_removed(const char *session_id, void *userdata) {
        Fixture *fixture = userdata;

        snprintf(fixture->removed, sizeof(fixture->removed), "%s", session_id);
}

static int setup(void **state) {
        Fixture *fixture = calloc(1, sizeof(*fixture));

        assert_non_null(fixture);
        private_bus_start(&fixture->daemon);
        assert_true(sd_event_new(&fixture->event) >= 0);
        assert_int_equal(logind_new(fixture->event, on_removed, fixture, &fixture->logind), 0);
        fixture->ours = private_bus_connect(&fixture->daemon, fixture->event);
        assert_true(logind_set_bus(fixture->logind, fixture->ours) >= 0);
        fixture->outcome = NOT_DONE;
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        Fixture *fixture = *state;

        logind_call_free(fixture->call);
        logind_free(fixture->logind);
        sd_bus_message_unref(fixture->kept);
        sd_bus_close_unref(fixture->ours);
        sd_bus_close_unref(fixture->theirs);
        sd_event_unref(fixture->event);
        private_bus_stop(&fixture->daemon);
        free(fixture);
        return 0;
}

static void on_done(LogindCall *call, int r, void *userdata) {
        Fixture *fixture = userdata;

        assert_ptr_equal(call, fixture->call);
        assert_int_equal(fixture->outcome, NOT_DONE);
        fixture->outcome = r;
        fixture->call = NULL;
        if (fixture->free_inside)
                logind_call_free(call);
}

static void act(Fixture *fixture, LogindAction action, const char *id, uint64_t timeout_usec) {
        fixture->outcome = NOT_DONE;
        assert_int_equal(logind_act(fixture->logind, &(LogindOrder){ action, id, timeout_usec },
                                 on_done, fixture, &fixture->call),
                0);
        assert_int_equal(fixture->outcome, NOT_DONE);
}

static void run(const Fixture *fixture) {
        assert_true(sd_event_run(fixture->event, DEADLINE_USEC) > 0);
}

static void run_until_done(const Fixture *fixture) {
        while (fixture->outcome == NOT_DONE)
                run(fixture);
}

static const struct {
        const char *name;
        LogindAction action;
        const char *id, *order;
        int outcome;
} orders[] = {
        { "terminate", LOGIND_TERMINATE, "c1", "TerminateSession(c1,,0)", 0 },
        { "lock", LOGIND_LOCK, "c1", "LockSession(c1,,0)", 0 },
        { "kill all of its processes", LOGIND_KILL, "c1", "KillSession(c1,all,9)", 0 },
        { "a session that is gone", LOGIND_TERMINATE, "gone", "TerminateSession(gone,,0)",
                LOGIND_E_GONE },
        { "polkit says no", LOGIND_KILL, "refused", "KillSession(refused,all,9)",
                LOGIND_E_REFUSED },
        { "polkit would ask somebody", LOGIND_TERMINATE, "ask", "TerminateSession(ask,,0)",
                LOGIND_E_REFUSED },
        { "a session without a screen", LOGIND_LOCK, "unlockable", "LockSession(unlockable,,0)",
                LOGIND_E_REFUSED },
        { "any other failure", LOGIND_LOCK, "broken", "LockSession(broken,,0)", LOGIND_E_ABSENT },
};

static void test_orders(void **state) {
        Fixture *fixture = *state;

        serve(fixture);
        for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
                print_message("# %s\n", orders[i].name);
                fixture->free_inside = i % 2;
                act(fixture, orders[i].action, orders[i].id, DEADLINE_USEC);
                run_until_done(fixture);
                assert_string_equal(fixture->order, orders[i].order);
                assert_int_equal(fixture->outcome, orders[i].outcome);
        }
}

static int count_answer(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        size_t *n = userdata;

        (void)error;
        *n += sd_bus_message_get_reply_cookie(message, &(uint64_t){ 0 }) >= 0;
        return 0;
}

/* As the daemon's connection does, which takes a burst of them in one turn. */
static void test_whoever_counts_answers_sees_all(void **state) {
        Fixture *fixture = *state;
        size_t n = 0;

        serve(fixture);
        act(fixture, LOGIND_TERMINATE, "c1", DEADLINE_USEC);
        run_until_done(fixture);
        assert_true(sd_bus_add_filter(fixture->ours, NULL, count_answer, &n) >= 0);
        for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
                act(fixture, orders[i].action, orders[i].id, DEADLINE_USEC);
                run_until_done(fixture);
                assert_int_equal(n, i + 1);
        }
}

static void test_logind_that_does_not_answer(void **state) {
        Fixture *fixture = *state;

        serve(fixture);
        act(fixture, LOGIND_TERMINATE, "silent", 50000);
        run_until_done(fixture);
        assert_int_equal(fixture->outcome, LOGIND_E_ABSENT);
        assert_non_null(fixture->kept);
}

static void test_no_logind(void **state) {
        Fixture *fixture = *state;

        act(fixture, LOGIND_TERMINATE, "c1", DEADLINE_USEC);
        run_until_done(fixture);
        assert_int_equal(fixture->outcome, LOGIND_E_ABSENT);
}

static void test_no_bus(void **state) {
        Fixture *fixture = *state;

        assert_int_equal(logind_set_bus(fixture->logind, NULL), 0);
        act(fixture, LOGIND_TERMINATE, "c1", DEADLINE_USEC);
        run_until_done(fixture);
        assert_int_equal(fixture->outcome, LOGIND_E_ABSENT);
}

static void test_bus_goes_away_meanwhile(void **state) {
        Fixture *fixture = *state;

        serve(fixture);
        act(fixture, LOGIND_TERMINATE, "silent", DEADLINE_USEC);
        while (!fixture->kept)
                run(fixture);
        assert_int_equal(logind_set_bus(fixture->logind, NULL), 0);
        assert_int_equal(fixture->outcome, NOT_DONE);
        run_until_done(fixture);
        assert_int_equal(fixture->outcome, LOGIND_E_ABSENT);
}

static void test_bus_dies(void **state) {
        Fixture *fixture = *state;

        serve(fixture);
        act(fixture, LOGIND_TERMINATE, "silent", DEADLINE_USEC);
        while (!fixture->kept)
                run(fixture);
        private_bus_stop(&fixture->daemon);
        run_until_done(fixture);
        assert_int_equal(fixture->outcome, LOGIND_E_ABSENT);
}

static void test_freed_call_is_silent(void **state) {
        Fixture *fixture = *state;

        serve(fixture);
        act(fixture, LOGIND_TERMINATE, "c1", DEADLINE_USEC);
        fixture->call = logind_call_free(fixture->call);
        act(fixture, LOGIND_LOCK, "c2", DEADLINE_USEC);
        run_until_done(fixture);
        assert_string_equal(fixture->order, "LockSession(c2,,0)");
}

static void test_call_outlives_logind(void **state) {
        Fixture *fixture = *state;

        serve(fixture);
        act(fixture, LOGIND_TERMINATE, "c1", DEADLINE_USEC);
        fixture->logind = logind_free(fixture->logind);
        while (!*fixture->order)
                run(fixture);
        assert_int_equal(fixture->outcome, NOT_DONE);
}

static void on_one_of_many(LogindCall *call, int r, void *userdata) {
        Fixture *fixture = userdata;

        (void)call;
        assert_int_equal(r, 0);
        fixture->n_done++;
}

/* The bus would drop the connection of whoever waits for too many replies at once. */
static void test_many_orders_take_turns(void **state) {
        Fixture *fixture = *state;
        LogindCall *calls[N_MANY];
        size_t n_answered = 0;

        serve(fixture);
        for (size_t i = 0; i < N_MANY; i++)
                assert_int_equal(logind_act(fixture->logind,
                                         &(LogindOrder){ LOGIND_TERMINATE, "later", DEADLINE_USEC },
                                         on_one_of_many, fixture, &calls[i]),
                        0);
        /* One of those that are sent, and one of those that wait, are forgotten. */
        logind_call_free(calls[3]);
        logind_call_free(calls[N_MANY - 1]);
        while (fixture->n_done < N_MANY - 2) {
                run(fixture);
                assert_true(fixture->n_later - n_answered <= 65);
                if (fixture->n_later - n_answered < 60 && fixture->n_later < N_MANY - 2)
                        continue;
                for (; n_answered < fixture->n_later; n_answered++) {
                        sd_bus_message *message = fixture->later[n_answered];

                        assert_true(sd_bus_reply_method_return(message, "") >= 0);
                        sd_bus_message_unref(message);
                }
        }
        assert_true(fixture->n_later >= N_MANY - 2);
}

static void test_removed_sessions(void **state) {
        Fixture *fixture = *state;

        serve(fixture);
        /* The answer to an order says that the match before it is in place. */
        act(fixture, LOGIND_LOCK, "c1", DEADLINE_USEC);
        run_until_done(fixture);
        assert_true(
                sd_bus_emit_signal(fixture->theirs, "/org/freedesktop/login1",
                        "org.freedesktop.login1.Manager", "SessionNew", "so", "c1", "/c1") >= 0);
        assert_true(sd_bus_emit_signal(fixture->theirs, "/org/freedesktop/login1",
                            "org.freedesktop.login1.Manager", "SessionRemoved", "s", "c2") >= 0);
        assert_true(sd_bus_emit_signal(fixture->theirs, "/org/freedesktop/login1",
                            "org.freedesktop.login1.Manager", "SessionRemoved", "so", "c3",
                            "/c3") >= 0);
        while (!*fixture->removed)
                run(fixture);
        assert_string_equal(fixture->removed, "c3");
}

static void test_session_of_a_process(void **unused) {
        char *session_id = NULL;
        pid_t pid = fork();
        uid_t owner;

        (void)unused;
        if (pid == 0)
                _exit(0);
        assert_true(pid > 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(logind_session_of(pid, &session_id, &owner), -ESRCH);
        assert_int_equal(logind_session_of(0, &session_id, &owner), -ESRCH);
        assert_int_equal(logind_session_of(-1, &session_id, &owner), -ESRCH);
        assert_null(session_id);
        assert_int_equal(logind_session_of(getpid(), &session_id, &owner), 0);
        free(session_id);
}

static void test_sessions_that_do_not_exist(void **unused) {
        LogindSession session = { 0 };

        (void)unused;
        assert_false(logind_session_exists("nosuchsession"));
        assert_false(logind_session_exists(".."));
        assert_false(logind_session_is_graphical("nosuchsession"));
        assert_int_equal(logind_session_read("nosuchsession", &session), -ENOENT);
        assert_int_equal(session.leader, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_orders, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        test_whoever_counts_answers_sees_all, setup, teardown),
                cmocka_unit_test_setup_teardown(test_logind_that_does_not_answer, setup, teardown),
                cmocka_unit_test_setup_teardown(test_no_logind, setup, teardown),
                cmocka_unit_test_setup_teardown(test_no_bus, setup, teardown),
                cmocka_unit_test_setup_teardown(test_bus_goes_away_meanwhile, setup, teardown),
                cmocka_unit_test_setup_teardown(test_bus_dies, setup, teardown),
                cmocka_unit_test_setup_teardown(test_freed_call_is_silent, setup, teardown),
                cmocka_unit_test_setup_teardown(test_call_outlives_logind, setup, teardown),
                cmocka_unit_test_setup_teardown(test_many_orders_take_turns, setup, teardown),
                cmocka_unit_test_setup_teardown(test_removed_sessions, setup, teardown),
                cmocka_unit_test(test_session_of_a_process),
                cmocka_unit_test(test_sessions_that_do_not_exist),
        };

        return private_bus_is_there() ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
}
