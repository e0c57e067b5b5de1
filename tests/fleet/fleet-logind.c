/* SPDX-License-Identifier: MIT */

/*
 * The logind of every host of a fleet, and the logins in it: one process, one loop, JSON lines in and out.
 *
 * In:  {"host": 3, "directory": DIRECTORY}                            a host with the bus DIRECTORY/dbus/bus
 *      {"host": 3, "open": ID, "user": USER, "token": TOKEN}          a login there, whose
 *                                         process ends at once with "brief": true
 *      {"host": 3, "leave": ID}                                       ends by itself
 * Out: {"host": 3, "ready": true}, {"host": 3, "served": BOOLEAN} when authtokend comes and goes,
 *      {"host": 3, "opened": ID}, with "refused": REASON if it was, {"host": 3, "left": ID},
 *      {"host": 3, "call": METHOD, "session": ID, "at": NANOSECONDS of CLOCK_MONOTONIC, "known": BOOLEAN}
 *
 * A session that it is told to terminate or to kill is gone before the answer.
 */

#include <err.h>
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "tests/fleet/fleet-login.h"

#define NAME      "org.freedesktop.login1"
#define PATH      "/org/freedesktop/login1"
#define INTERFACE "org.freedesktop.login1.Manager"
#define HOSTS_MAX 1024u
#define ROWS_USEC \
        UINT64_C( \
                2000) /* a row waits so long for others: who reads them takes time from who is measured */

#define OWNER_CHANGED                                                            \
        "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged'," \
        "arg0='org.authtoken1'"

typedef struct Host {
        unsigned int number;
        char *directory;
        sd_bus *bus;
} Host;

static sd_event *event;
static sd_event_source *rows_timer;
static Host hosts[HOSTS_MAX];
static char *input;
static char output[PIPE_BUF];
static size_t input_size, input_used, output_used;

static void check(int r, const char *what) {
        if (r < 0)
                errx(EXIT_FAILURE, "%s: %s", what, strerror(-r));
}

static void flush_rows(void) {
        if (output_used > 0 && write(STDOUT_FILENO, output, output_used) != (ssize_t)output_used)
                err(EXIT_FAILURE, "standard output");
        output_used = 0;
}

static int on_rows_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source;
        (void)usec;
        (void)userdata;
        flush_rows();
        return 0;
}

static void flush_soon(void) {
        check(sd_event_source_set_time_relative(rows_timer, ROWS_USEC), "time of rows");
        check(sd_event_source_set_enabled(rows_timer, SD_EVENT_ONESHOT), "timer of rows");
}

/* Return: the size of the row; 0: there is no room for it and a line feed. */
static size_t put(const json_t *row) {
        size_t room = sizeof(output) - output_used;
        size_t size = json_dumpb(row, output + output_used, room, JSON_COMPACT);

        return size < room ? size : 0;
}

/* Rows are written together, as many as fit into one write(): the logins' processes write to the same pipe. */
static void say(json_t *row) {
        size_t size = put(row);

        if (size == 0) {
                flush_rows();
                size = put(row);
        }
        if (output_used == 0)
                flush_soon();
        output_used += size;
        output[output_used++] = '\n';
        json_decref(row);
}

/* What is brief is waited for by nobody else. */
static int on_child(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        (void)source;
        (void)info;
        (void)userdata;
        while (waitpid(-1, NULL, WNOHANG) > 0)
                continue;
        return 0;
}

static json_int_t now_nsec(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (json_int_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void tell_removed(const Host *host, const char *id) {
        char path[128];

        snprintf(path, sizeof(path), PATH "/session/%s", id);
        check(sd_bus_emit_signal(host->bus, PATH, INTERFACE, "SessionRemoved", "so", id, path),
                "SessionRemoved");
}

static int on_end(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        json_int_t at = now_nsec();
        const Host *host = userdata;
        const char *id;
        bool known;
        int r;

        r = sd_bus_message_read(call, "s", &id);
        if (r < 0)
                return r;
        known = fleet_login_remove(host->directory, id) == 0;
        say(json_pack("{sI ss ss sI sb}", "host", (json_int_t)host->number, "call",
                sd_bus_message_get_member(call), "session", id, "at", at, "known", known));
        if (!known)
                return sd_bus_error_setf(error, NAME ".NoSuchSession", "No session '%s' known", id);
        r = sd_bus_reply_method_return(call, NULL);
        tell_removed(host, id);
        return r;
}

static int on_lock(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        const Host *host = userdata;
        const char *id;
        int r;

        (void)error;
        r = sd_bus_message_read(call, "s", &id);
        if (r < 0)
                return r;
        say(json_pack("{sI ss ss sI sb}", "host", (json_int_t)host->number, "call",
                sd_bus_message_get_member(call), "session", id, "at", now_nsec(), "known", true));
        return sd_bus_reply_method_return(call, NULL);
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("TerminateSession", "s", "", on_end, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("KillSession", "ssi", "", on_end, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("LockSession", "s", "", on_lock, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL("SessionRemoved", "so", 0),
        SD_BUS_VTABLE_END,
};

static int on_owner_changed(sd_bus_message *signal, void *userdata, sd_bus_error *error) {
        const char *name, *before, *after;
        const Host *host = userdata;

        (void)error;
        check(sd_bus_message_read(signal, "sss", &name, &before, &after), "NameOwnerChanged");
        say(json_pack("{sI sb}", "host", (json_int_t)host->number, "served", *after != '\0'));
        return 0;
}

static Host *host_of(const json_t *order) {
        json_int_t number = json_integer_value(json_object_get(order, "host"));

        if (number < 0 || number >= HOSTS_MAX)
                errx(EXIT_FAILURE, "no such host");
        return &hosts[number];
}

static const char *text_of(const json_t *order, const char *member) {
        return json_string_value(json_object_get(order, member));
}

static void add_host(Host *host, const json_t *order) {
        char address[512];

        host->number = (unsigned int)(host - hosts);
        host->directory = strdup(text_of(order, "directory"));
        if (!host->directory)
                err(EXIT_FAILURE, "strdup");
        snprintf(address, sizeof(address), "unix:path=%s/dbus/bus", host->directory);
        check(sd_bus_new(&host->bus), "sd_bus_new");
        check(sd_bus_set_address(host->bus, address), "address");
        check(sd_bus_set_bus_client(host->bus, 1), "bus client");
        check(sd_bus_start(host->bus), address);
        check(sd_bus_attach_event(host->bus, event, SD_EVENT_PRIORITY_NORMAL), "event");
        check(sd_bus_add_object_vtable(host->bus, NULL, PATH, INTERFACE, vtable, host), "vtable");
        check(sd_bus_add_match(host->bus, NULL, OWNER_CHANGED, on_owner_changed, host), "match");
        check(sd_bus_request_name(host->bus, NAME, 0), "name");
        say(json_pack("{sI sb}", "host", (json_int_t)host->number, "ready", true));
}

static void leave(const Host *host, const char *id) {
        if (fleet_login_remove(host->directory, id) < 0)
                errx(EXIT_FAILURE, "no session %s", id);
        tell_removed(host, id);
        say(json_pack("{sI ss}", "host", (json_int_t)host->number, "left", id));
}

static void obey(const char *line, size_t size) {
        json_t *order = json_loadb(line, size, 0, NULL);
        Host *host = host_of(order);

        if (text_of(order, "directory"))
                add_host(host, order);
        else if (text_of(order, "open"))
                (void)fleet_login_fork(&(FleetLogin){
                        .directory = host->directory,
                        .id = text_of(order, "open"),
                        .user = text_of(order, "user"),
                        .token = text_of(order, "token"),
                        .host = host->number,
                        .brief = json_is_true(json_object_get(order, "brief")),
                });
        else if (text_of(order, "leave"))
                leave(host, text_of(order, "leave"));
        else
                errx(EXIT_FAILURE, "no such order: %.*s", (int)size, line);
        json_decref(order);
}

static void obey_lines(void) {
        char *line = input, *end;

        while ((end = memchr(line, '\n', input_used - (size_t)(line - input)))) {
                obey(line, (size_t)(end - line));
                line = end + 1;
        }
        input_used -= (size_t)(line - input);
        memmove(input, line, input_used);
}

static int on_input(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        ssize_t n;

        (void)source;
        (void)events;
        (void)userdata;
        if (input_size - input_used < 65536) {
                input_size += 1u << 20;
                input = realloc(input, input_size);
                if (!input)
                        err(EXIT_FAILURE, "realloc");
        }
        n = read(fd, input + input_used, input_size - input_used);
        if (n <= 0)
                return sd_event_exit(event, 0);
        input_used += (size_t)n;
        obey_lines();
        return 0;
}

int main(void) {
        check(sd_event_new(&event), "sd_event_new");
        check(sd_event_add_io(event, NULL, STDIN_FILENO, EPOLLIN, on_input, NULL), "input");
        check(sd_event_add_time(
                      event, &rows_timer, CLOCK_MONOTONIC, 0, ROWS_USEC / 2, on_rows_timer, NULL),
                "timer of rows");
        check(sd_event_add_signal(event, NULL, SIGCHLD | SD_EVENT_SIGNAL_PROCMASK, on_child, NULL),
                "children");
        check(sd_event_loop(event), "loop");
        for (size_t i = 0; i < HOSTS_MAX; i++) {
                sd_bus_flush_close_unref(hosts[i].bus);
                free(hosts[i].directory);
        }
        free(input);
        sd_event_source_unref(rows_timer);
        sd_event_unref(event);
        return EXIT_SUCCESS;
}
