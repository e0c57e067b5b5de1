/* SPDX-License-Identifier: MIT */

/*
 * Kicks users at a rate, whether or not the kicks before are answered, as far as the bus allows.
 *
 *   fleet-kick RATE DIRECTORY..., with the users' names on standard input, a line each
 *
 * The directories are those of the hosts that take turns. Out, as JSON lines, one for each user when its kick is
 * answered: {"user": USER, "sent": NANOSECONDS of CLOCK_MONOTONIC, "answered": NANOSECONDS}, with "error": NAME.
 */

#include <err.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/text.h"

#define NAME          "org.authtoken1"
#define PATH          "/org/authtoken1"
#define INTERFACE     "org.authtoken1.Manager"
#define HOSTS_MAX     1024u
#define RATE_MAX      1000000u
#define NSEC_PER_SEC  UINT64_C(1000000000)
#define PATIENCE_USEC UINT64_C(60000000)
#define PENDING_MAX   100u /* the bus disconnects who waits for more than 128 answers */

typedef struct Kick {
        char *user;
        uint64_t sent_nsec;
} Kick;

static sd_event *event;
static sd_event_source *timer;
static sd_bus *hosts[HOSTS_MAX];
static unsigned int n_pending[HOSTS_MAX];
static Kick *kicks;
static size_t n_hosts, n_kicks, n_sent, n_answered;
static uint64_t begun_nsec, rate;

static void check(int r, const char *what) {
        if (r < 0)
                errx(EXIT_FAILURE, "%s: %s", what, strerror(-r));
}

static uint64_t now_nsec(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

static uint64_t due_nsec(size_t number) {
        return begun_nsec + number * NSEC_PER_SEC / rate;
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);
        const Kick *kick = userdata;

        (void)ret_error;
        printf("{\"user\": \"%s\", \"sent\": %" PRIu64 ", \"answered\": %" PRIu64, kick->user,
                kick->sent_nsec, now_nsec());
        if (error)
                printf(", \"error\": \"%s\"", error->name);
        printf("}\n");
        n_pending[(size_t)(kick - kicks) % n_hosts]--;
        if (++n_answered == n_kicks)
                return sd_event_exit(event, 0);
        check(sd_event_source_set_time(timer, due_nsec(n_sent) / 1000 + 1), "time");
        return sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

static void send_next(void) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        size_t host = n_sent % n_hosts;
        Kick *kick = &kicks[n_sent++];

        check(sd_bus_message_new_method_call(hosts[host], &call, NAME, PATH, INTERFACE, "KickUser"),
                "call");
        check(sd_bus_message_append(call, "sa{sv}s", kick->user, 0, ""), "arguments");
        kick->sent_nsec = now_nsec();
        check(sd_bus_call_async(hosts[host], NULL, call, on_answer, kick, PATIENCE_USEC), "send");
        n_pending[host]++;
}

/* A host that has too many to answer is waited for: an answer of it goes on. */
static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)usec;
        (void)userdata;
        while (n_sent < n_kicks && due_nsec(n_sent) <= now_nsec() &&
                n_pending[n_sent % n_hosts] < PENDING_MAX)
                send_next();
        if (n_sent == n_kicks || n_pending[n_sent % n_hosts] == PENDING_MAX)
                return 0;
        check(sd_event_source_set_time(source, due_nsec(n_sent) / 1000 + 1), "time");
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void read_users(void) {
        char line[128];

        while (fgets(line, sizeof(line), stdin)) {
                line[strcspn(line, "\n")] = '\0';
                kicks = reallocarray(kicks, n_kicks + 1, sizeof(*kicks));
                if (!kicks)
                        err(EXIT_FAILURE, "reallocarray");
                kicks[n_kicks].user = strdup(line);
                if (!kicks[n_kicks++].user)
                        err(EXIT_FAILURE, "strdup");
        }
        if (n_kicks == 0)
                errx(2, "no users");
}

static void connect_to(const char *directory) {
        char address[512];
        sd_bus **bus = &hosts[n_hosts++];

        snprintf(address, sizeof(address), "unix:path=%s/dbus/bus", directory);
        check(sd_bus_new(bus), "sd_bus_new");
        check(sd_bus_set_address(*bus, address), "address");
        check(sd_bus_set_bus_client(*bus, 1), "bus client");
        check(sd_bus_start(*bus), address);
        check(sd_bus_attach_event(*bus, event, SD_EVENT_PRIORITY_NORMAL), "event");
}

/* What is measured does not begin with the greetings of the bus. */
static void wait_connected(void) {
        const char *name;

        for (size_t i = 0; i < n_hosts; i++)
                check(sd_bus_get_unique_name(hosts[i], &name), "greeting");
}

int main(int argc, char **argv) {
        if (argc < 3 || argc > (int)HOSTS_MAX || text_parse_u64(argv[1], RATE_MAX, &rate) ||
                rate == 0)
                errx(2, "usage: fleet-kick RATE DIRECTORY...");
        check(sd_event_new(&event), "sd_event_new");
        for (int i = 2; i < argc; i++)
                connect_to(argv[i]);
        read_users();
        wait_connected();
        begun_nsec = now_nsec();
        check(sd_event_add_time(
                      event, &timer, CLOCK_MONOTONIC, begun_nsec / 1000, 1, on_time, NULL),
                "timer");
        check(sd_event_loop(event), "loop");
        for (size_t i = 0; i < n_hosts; i++)
                sd_bus_flush_close_unref(hosts[i]);
        for (size_t i = 0; i < n_kicks; i++)
                free(kicks[i].user);
        free(kicks);
        sd_event_source_unref(timer);
        sd_event_unref(event);
        return EXIT_SUCCESS;
}
