/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "daemon/front/bus-connection.h"

#define SYSTEM_BUS_ADDRESS "unix:path=/run/dbus/system_bus_socket"

#define RETRY_USEC_FIRST UINT64_C(100000)
#define RETRY_USEC_MAX   UINT64_C(10000000)
/* Of one turn of the loop, as many as Redis' replies are. */
#define MESSAGES_AT_ONCE 32u

struct BusConnection {
        sd_event *event;
        BusKind kind;
        BusChanged changed;
        void *userdata;
        sd_bus *bus;
        sd_bus_slot *disconnected, *filter;
        sd_event_source *retry;
        sd_event_source *more; /* runs after an answer, for those behind it */
        bool was_order;        /* the last message */
        sd_event_source *end;
        uint64_t retry_usec;
};

static int schedule(BusConnection *connection, uint64_t usec) {
        int r;

        if (connection->retry) {
                r = sd_event_source_set_time_relative(connection->retry, usec);
                if (r < 0)
                        return r;
                return sd_event_source_set_enabled(connection->retry, SD_EVENT_ONESHOT);
        }
        return -EINVAL;
}

static void close_bus(BusConnection *connection) {
        connection->disconnected = sd_bus_slot_unref(connection->disconnected);
        connection->filter = sd_bus_slot_unref(connection->filter);
        if (!connection->bus)
                return;
        (void)sd_event_source_set_enabled(connection->more, SD_EVENT_OFF);
        (void)sd_bus_detach_event(connection->bus);
        /* Not flushed: that would wait for a bus that hangs. Messages go to the socket at once as long
         * as there is room. */
        connection->bus = sd_bus_close_unref(connection->bus);
}

static int on_disconnected(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        BusConnection *connection = userdata;

        (void)message;
        (void)ret_error;
        (void)connection->changed(NULL, connection->userdata);
        /* Not closed from inside its own callback: the retry does it. */
        return schedule(connection, connection->retry_usec);
}

static int on_message(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        BusConnection *connection = userdata;

        (void)ret_error;
        connection->was_order = sd_bus_message_is_method_call(message, NULL, NULL) > 0;
        if (!connection->was_order)
                (void)sd_event_source_set_enabled(connection->more, SD_EVENT_ONESHOT);
        return 0;
}

/* By itself sd-bus handles one message in a turn of the loop, however many wait, while other sources handle all
 * they have. For orders that is right: a caller with many must not delay logins. But somebody waits for the answers
 * to our own questions. */
static int on_more(sd_event_source *source, void *userdata) {
        BusConnection *connection = userdata;
        int r = 1;

        (void)source;
        connection->was_order = false;
        /* One of the messages may say that the bus is gone. */
        for (unsigned int i = 0; i < MESSAGES_AT_ONCE && r > 0 && connection->bus; i++) {
                if (connection->was_order)
                        break;
                r = sd_bus_process(connection->bus, NULL);
        }
        return 0;
}

static int set_address(sd_bus *bus, BusKind kind) {
        const char *address, *runtime;
        char path[PATH_MAX];

        address = secure_getenv(
                kind == BUS_SYSTEM ? "DBUS_SYSTEM_BUS_ADDRESS" : "DBUS_SESSION_BUS_ADDRESS");
        if (address)
                return sd_bus_set_address(bus, address);
        if (kind == BUS_SYSTEM)
                return sd_bus_set_address(bus, SYSTEM_BUS_ADDRESS);
        runtime = secure_getenv("XDG_RUNTIME_DIR");
        if (!runtime || snprintf(path, sizeof(path), "unix:path=%s/bus", runtime) >= PATH_MAX)
                return -ENOENT;
        return sd_bus_set_address(bus, path);
}

/* As sd_bus_open_system() and sd_bus_open_user() do, but without file descriptors: no method takes one, and
 * those that came with a call would stay open until it is answered. */
static int open_bus(BusKind kind, sd_bus **ret_bus) {
        sd_bus *bus;
        int r;

        r = sd_bus_new(&bus);
        if (r < 0)
                return r;
        r = set_address(bus, kind);
        if (r >= 0)
                r = sd_bus_set_bus_client(bus, true);
        if (r >= 0)
                r = sd_bus_negotiate_fds(bus, false);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r >= 0)
                *ret_bus = bus;
        else
                sd_bus_unref(bus);
        return r;
}

static int connect_bus(BusConnection *connection) {
        int r;

        r = open_bus(connection->kind, &connection->bus);
        if (r < 0)
                return r;
        (void)sd_bus_set_exit_on_disconnect(connection->bus, false);
        r = sd_bus_match_signal(connection->bus, &connection->disconnected, NULL,
                "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local", "Disconnected",
                on_disconnected, connection);
        if (r >= 0)
                r = sd_bus_add_filter(connection->bus, &connection->filter, on_message, connection);
        if (r < 0)
                return r;
        return sd_bus_attach_event(connection->bus, connection->event, SD_EVENT_PRIORITY_NORMAL);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        BusConnection *connection = userdata;
        int r;

        (void)source;
        (void)usec;
        close_bus(connection);
        r = connect_bus(connection);
        if (r >= 0)
                r = connection->changed(connection->bus, connection->userdata);
        if (r < 0) {
                close_bus(connection);
                connection->retry_usec *= 2;
                if (connection->retry_usec > RETRY_USEC_MAX)
                        connection->retry_usec = RETRY_USEC_MAX;
                return schedule(connection, connection->retry_usec);
        }
        connection->retry_usec = RETRY_USEC_FIRST;
        return 0;
}

/* When the loop ends, sd-bus would wait until all is written: for ever, if the bus hangs. */
static int on_end(sd_event_source *source, void *userdata) {
        BusConnection *connection = userdata;

        (void)source;
        if (connection->bus)
                (void)sd_bus_detach_event(connection->bus);
        return 0;
}

static int add_sources(BusConnection *connection) {
        int r;

        r = sd_event_add_time_relative(connection->event, &connection->retry, CLOCK_MONOTONIC, 0,
                1000, on_retry, connection);
        if (r >= 0)
                r = sd_event_add_defer(connection->event, &connection->more, on_more, connection);
        if (r >= 0)
                r = sd_event_source_set_enabled(connection->more, SD_EVENT_OFF);
        if (r < 0)
                return r;
        r = sd_event_add_exit(connection->event, &connection->end, on_end, connection);
        if (r < 0)
                return r;
        return sd_event_source_set_priority(connection->end, SD_EVENT_PRIORITY_IMPORTANT);
}

int bus_connection_new(sd_event *event, BusKind kind, BusChanged changed, void *userdata,
        BusConnection **ret_connection) {
        BusConnection *connection = calloc(1, sizeof(*connection));
        int r;

        if (!connection)
                return -ENOMEM;
        connection->event = sd_event_ref(event);
        connection->kind = kind;
        connection->changed = changed;
        connection->userdata = userdata;
        connection->retry_usec = RETRY_USEC_FIRST;
        if (kind != BUS_NONE) {
                r = add_sources(connection);
                if (r < 0) {
                        bus_connection_free(connection);
                        return r;
                }
        }
        *ret_connection = connection;
        return 0;
}

BusConnection *bus_connection_free(BusConnection *connection) {
        if (!connection)
                return NULL;
        close_bus(connection);
        sd_event_source_disable_unref(connection->retry);
        sd_event_source_disable_unref(connection->more);
        sd_event_source_disable_unref(connection->end);
        sd_event_unref(connection->event);
        free(connection);
        return NULL;
}
