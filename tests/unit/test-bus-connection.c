/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/cleanup.h"
#include "daemon/front/bus-connection.h"
#include "private-bus.h"

#define PATH       "/org/authtoken1"
#define INTERFACE  "org.authtoken1.Manager"
#define N_MESSAGES 48u
#define N_REQUESTS 1000u /* more than are served while there are messages */
#define N_TRACE    (N_REQUESTS + 4 * N_MESSAGES)
#define WAIT_MSEC  10000

/* A loop with the bus and something like the socket, in which requests always wait: what it did, in order, is "o" for an
 * order, "a" for an answer to the daemon itself, and "s" for a request on the socket. */
typedef struct Stage {
        PrivateBus daemon;
        sd_event *event, *callers_event;
        BusConnection *connection;
        sd_bus *bus, *caller;
        int requests;   /* eventfd that counts those that wait */
        int n_refusals; /* connections that are not to be taken */
        sd_event_source *socket;
        char trace[N_TRACE + 1];
        size_t n_trace, n_messages;
} Stage;

static void note(Stage *stage, char what) {
        assert_true(stage->n_trace < N_TRACE);
        stage->trace[stage->n_trace++] = what;
        stage->n_messages += what != 's';
}

static int on_order(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        (void)message;
        (void)error;
        note(userdata, 'o');
        return 1;
}

static int on_answer(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        (void)error;
        assert_false(sd_bus_message_is_method_error(message, NULL));
        note(userdata, 'a');
        return 0;
}

static int on_request(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        eventfd_t one;

        (void)source;
        (void)events;
        assert_int_equal(eventfd_read(fd, &one), 0);
        note(userdata, 's');
        return 0;
}

static const sd_bus_vtable methods[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Order", "", "", on_order, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static int on_changed(sd_bus *bus, void *userdata) {
        Stage *stage = userdata;

        if (bus && stage->n_refusals > 0) {
                stage->n_refusals--;
                return -ENOMEM;
        }
        stage->bus = bus;
        if (bus)
                assert_true(
                        sd_bus_add_object_vtable(bus, NULL, PATH, INTERFACE, methods, stage) >= 0);
        return 0;
}

static void send_question(Stage *stage) {
        assert_true(sd_bus_call_method_async(stage->bus, NULL, "org.freedesktop.DBus",
                            "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetId", on_answer,
                            stage, "") >= 0);
}

/* Before the answer comes all that the bus has to say to a new connection. */
static void be_alone(Stage *stage) {
        send_question(stage);
        while (stage->n_messages == 0)
                assert_true(sd_event_run(stage->event, UINT64_MAX) >= 0);
        while (sd_event_run(stage->event, 0) > 0)
                continue;
        stage->n_trace = stage->n_messages = 0;
}

static int setup(void **state) {
        Stage *stage = calloc(1, sizeof(*stage));

        assert_non_null(stage);
        private_bus_start(&stage->daemon);
        assert_int_equal(setenv("DBUS_SESSION_BUS_ADDRESS", stage->daemon.address, 1), 0);
        assert_true(sd_event_new(&stage->event) >= 0);
        assert_true(sd_event_new(&stage->callers_event) >= 0);
        stage->caller = private_bus_connect(&stage->daemon, stage->callers_event);
        assert_int_equal(bus_connection_new(
                                 stage->event, BUS_SESSION, on_changed, stage, &stage->connection),
                0);
        while (!stage->bus || sd_bus_is_ready(stage->bus) <= 0)
                assert_true(sd_event_run(stage->event, UINT64_MAX) >= 0);
        be_alone(stage);
        stage->requests = eventfd(N_REQUESTS, EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK);
        assert_true(stage->requests >= 0);
        *state = stage;
        return 0;
}

static int teardown(void **state) {
        Stage *stage = *state;

        sd_event_source_disable_unref(stage->socket);
        close(stage->requests);
        bus_connection_free(stage->connection);
        sd_bus_close_unref(stage->caller);
        sd_event_unref(stage->event);
        sd_event_unref(stage->callers_event);
        private_bus_stop(&stage->daemon);
        free(stage);
        return 0;
}

static int n_bytes(const Stage *stage) {
        int n = 0;

        assert_int_equal(ioctl(sd_bus_get_fd(stage->bus), FIONREAD, &n), 0);
        return n;
}

/* Until one more has arrived, which is as long as the others of its kind: its number has four bytes always. */
static int wait_for_one(const Stage *stage, int before, int size) {
        int msec = 0;

        while (n_bytes(stage) < before + (size ? size : 1)) {
                assert_true(msec++ < WAIT_MSEC);
                (void)poll(NULL, 0, 1);
        }
        return n_bytes(stage) - before;
}

static int order(Stage *stage, int size) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int before = n_bytes(stage);
        const char *name;

        assert_true(sd_bus_get_unique_name(stage->bus, &name) >= 0);
        assert_true(sd_bus_message_new_method_call(
                            stage->caller, &call, name, PATH, INTERFACE, "Order") >= 0);
        assert_true(sd_bus_message_set_expect_reply(call, 0) >= 0);
        assert_true(sd_bus_send(stage->caller, call, NULL) >= 0);
        assert_true(sd_bus_flush(stage->caller) >= 0);
        return wait_for_one(stage, before, size);
}

static int ask(Stage *stage, int size) {
        int before = n_bytes(stage);

        send_question(stage);
        assert_true(sd_bus_flush(stage->bus) >= 0);
        return wait_for_one(stage, before, size);
}

static void run(Stage *stage, size_t n_messages) {
        assert_true(sd_event_add_io(stage->event, &stage->socket, stage->requests, EPOLLIN,
                            on_request, stage) >= 0);
        while (stage->n_messages < n_messages)
                assert_true(sd_event_run(stage->event, UINT64_MAX) >= 0);
        stage->trace[stage->n_trace] = '\0';
}

static size_t count(const char *trace, char what) {
        size_t n = 0;

        for (; *trace; trace++)
                n += *trace == what;
        return n;
}

static void test_between_two_orders_the_socket_is_served(void **state) {
        Stage *stage = *state;
        int size = 0;

        for (size_t i = 0; i < N_MESSAGES; i++)
                size = order(stage, size);
        run(stage, N_MESSAGES);
        assert_int_equal(count(stage->trace, 'o'), N_MESSAGES);
        assert_null(strstr(stage->trace, "oo"));
}

static void test_answers_to_the_daemon_itself_come_in_bursts(void **state) {
        Stage *stage = *state;
        int size = 0;

        for (size_t i = 0; i < N_MESSAGES; i++)
                size = ask(stage, size);
        run(stage, N_MESSAGES);
        assert_int_equal(count(stage->trace, 'a'), N_MESSAGES);
        assert_true(count(stage->trace, 's') < N_MESSAGES / 4);
}

static void test_orders_between_answers_gain_nothing(void **state) {
        int size_of_answer = 0, size_of_order = 0;
        char rest[N_TRACE + 1], *end = rest;
        Stage *stage = *state;

        for (size_t i = 0; i < N_MESSAGES; i++) {
                size_of_answer = ask(stage, size_of_answer);
                size_of_order = order(stage, size_of_order);
        }
        run(stage, 2 * N_MESSAGES);
        for (const char *at = stage->trace; *at; at++)
                if (*at != 'a')
                        *end++ = *at;
        *end = '\0';
        assert_int_equal(count(rest, 'o'), N_MESSAGES);
        assert_null(strstr(rest, "oo"));
}

static void test_a_connection_that_is_not_taken_is_made_again(void **state) {
        Stage *stage = *state;

        bus_connection_free(stage->connection);
        stage->bus = NULL;
        stage->n_refusals = 2;
        assert_int_equal(bus_connection_new(
                                 stage->event, BUS_SESSION, on_changed, stage, &stage->connection),
                0);
        while (!stage->bus)
                assert_true(sd_event_run(stage->event, WAIT_MSEC * 1000) > 0);
        assert_int_equal(stage->n_refusals, 0);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                CASE(test_between_two_orders_the_socket_is_served),
                CASE(test_answers_to_the_daemon_itself_come_in_bursts),
                CASE(test_orders_between_answers_gain_nothing),
                CASE(test_a_connection_that_is_not_taken_is_made_again),
        };
#undef CASE

        if (!private_bus_is_there())
                return 0;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
