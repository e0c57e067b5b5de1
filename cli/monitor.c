/* SPDX-License-Identifier: MIT */

/*
 * The daemon's signals name nobody. A caller who may list sessions also sees whose session it is: the
 * list is fetched when a session appears that is not on it. Events wait for the list, so that their
 * order stays.
 */

#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "authtoken/bus-name.h"
#include "cli/bus-client.h"
#include "cli/monitor-event.h"
#include "cli/monitoring.h"
#include "common/cleanup.h"
#include "common/translation.h"

#define BUS      "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"

#define LIST_USEC UINT64_C(3000000) /* events wait so long for who it was */

typedef struct Monitor {
        bool json, help;
        sd_bus *bus;
        sd_event *event;
        sd_bus_slot *listing;          /* under way */
        bool only_own;                 /* everybody's sessions are not for the caller */
        Dictionary *sessions, *before; /* the last two lists: the ended ones are on the older one */
        MonitorEvent *first, **last;   /* that wait for a list */
        size_t n_waiting, n_covered;   /* events in the queue; those that came before the list
                                        * was asked for */
        ExitStatus status;
} Monitor;

typedef enum Option {
        OPTION_JSON = 256,
        OPTION_HELP = 'h',
} Option;

static const struct option options[] = {
        { "json", no_argument, NULL, OPTION_JSON },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
};

static const char help[] =
        N_("Usage: authtokenctl monitor [--json]\n\n"
           "Show logins, ends of sessions and changes of keys while they happen, until SIGINT.\n"
           "Whose they are is shown to who may list them.\n\n"
           "  --json      an object in each line\n"
           "  -h, --help  this text\n");

static void list_sessions(Monitor *monitor);

static const Dictionary *find_in(const Dictionary *row, const char *session) {
        for (; row; row = dictionary_next(row)) {
                const char *id = dictionary_text(row, "session");

                if (id && !strcmp(id, session))
                        return row;
        }
        return NULL;
}

static const Dictionary *find(const Monitor *monitor, const char *session) {
        const Dictionary *row;

        if (!session)
                return NULL;
        row = find_in(monitor->sessions, session);
        return row ? row : find_in(monitor->before, session);
}

static void stop(Monitor *monitor, ExitStatus status) {
        monitor->status = status;
        (void)sd_event_exit(monitor->event, 0);
}

static void print_first(Monitor *monitor) {
        _cleanup_(monitor_event_freep) MonitorEvent *event = monitor->first;
        ExitStatus status;

        monitor->first = event->next;
        if (!monitor->first)
                monitor->last = &monitor->first;
        monitor->n_waiting--;
        status = monitor_event_print(event, find(monitor, event->session), monitor->json);
        if (status != STATUS_OK)
                stop(monitor, status);
}

/* A list covers events from before it was asked for. Later ones need the next list. */
static void print_covered(Monitor *monitor) {
        for (; monitor->n_covered > 0; monitor->n_covered--)
                print_first(monitor);
        if (monitor->first)
                list_sessions(monitor);
        while (monitor->first && !monitor->listing)
                print_first(monitor);
}

static void take_list(Monitor *monitor, sd_bus_message *reply) {
        Dictionary *sessions = NULL;

        if (dictionary_read_all(reply, &sessions) < 0)
                return;
        dictionary_free(monitor->before);
        monitor->before = monitor->sessions;
        monitor->sessions = sessions;
}

static int on_listed(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Monitor *monitor = userdata;

        (void)error;
        monitor->listing = sd_bus_slot_unref(monitor->listing);
        if (!sd_bus_message_is_method_error(reply, NULL)) {
                take_list(monitor, reply);
        } else if (!monitor->only_own &&
                   sd_bus_message_is_method_error(reply, SD_BUS_ERROR_ACCESS_DENIED)) {
                monitor->only_own = true;
                list_sessions(monitor);
        }
        if (!monitor->listing)
                print_covered(monitor);
        return 0;
}

static int append_filter(sd_bus_message *call, const Monitor *monitor) {
        /* cppcheck-suppress getpwuidCalled ; there is one thread */
        const struct passwd *self = monitor->only_own ? getpwuid(geteuid()) : NULL;

        if (!self)
                return sd_bus_message_append(call, "a{sv}", 0);
        return sd_bus_message_append(call, "a{sv}", 1, "user", "s", self->pw_name);
}

/* Nobody is asked for a password for this, and a daemon that is off stays off. */
static void list_sessions(Monitor *monitor) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = sd_bus_message_new_method_call(monitor->bus, &call, AUTHTOKEN_NAME, AUTHTOKEN_PATH,
                AUTHTOKEN_INTERFACE, "ListSessions");
        if (r >= 0)
                r = sd_bus_message_set_allow_interactive_authorization(call, 0);
        if (r >= 0)
                r = sd_bus_message_set_auto_start(call, 0);
        if (r >= 0)
                r = append_filter(call, monitor);
        if (r >= 0)
                r = sd_bus_call_async(
                        monitor->bus, &monitor->listing, call, on_listed, monitor, LIST_USEC);
        if (r < 0)
                monitor->listing = NULL;
        monitor->n_covered = monitor->listing ? monitor->n_waiting : 0;
}

static void add(Monitor *monitor, MonitorEvent *event) {
        *monitor->last = event;
        monitor->last = &event->next;
        monitor->n_waiting++;
        if (monitor_event_begins(event) && !monitor->listing)
                list_sessions(monitor);
        while (monitor->first && !monitor->listing)
                print_first(monitor);
}

static int on_signal(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        MonitorEvent *event;

        (void)error;
        if (monitor_event_read(message, &event) >= 0)
                add(userdata, event);
        return 0;
}

static void tell_daemon(Monitor *monitor, bool runs) {
        MonitorEvent *event;

        if (monitor_event_new("Daemon", runs ? "running" : "stopped", &event) >= 0)
                add(monitor, event);
        if (runs && !monitor->listing)
                list_sessions(monitor);
}

static int on_owner(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *name, *old_owner, *new_owner;

        (void)error;
        if (sd_bus_message_read(message, "sss", &name, &old_owner, &new_owner) >= 0)
                tell_daemon(userdata, *new_owner);
        return 0;
}

static int on_interrupt(
        sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        (void)source;
        (void)info;
        stop(userdata, STATUS_OK);
        return 0;
}

static int listen(Monitor *monitor) {
        int r;

        r = sd_bus_match_signal(monitor->bus, NULL, AUTHTOKEN_NAME, AUTHTOKEN_PATH,
                AUTHTOKEN_INTERFACE, NULL, on_signal, monitor);
        if (r >= 0)
                r = sd_bus_add_match(monitor->bus, NULL,
                        "type='signal',sender='" BUS "',path='" BUS_PATH "',interface='" BUS
                        "',member='NameOwnerChanged',arg0='" AUTHTOKEN_NAME "'",
                        on_owner, monitor);
        return r;
}

static int prepare(Monitor *monitor) {
        sigset_t signals;
        int r;

        sigemptyset(&signals);
        sigaddset(&signals, SIGINT);
        sigaddset(&signals, SIGTERM);
        if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
                return -errno;
        r = sd_event_new(&monitor->event);
        if (r >= 0)
                r = sd_event_add_signal(monitor->event, NULL, SIGINT, on_interrupt, monitor);
        if (r >= 0)
                r = sd_event_add_signal(monitor->event, NULL, SIGTERM, on_interrupt, monitor);
        if (r >= 0)
                r = listen(monitor);
        if (r >= 0)
                r = sd_bus_attach_event(monitor->bus, monitor->event, 0);
        if (r >= 0)
                r = sd_bus_set_exit_on_disconnect(monitor->bus, 1);
        return r;
}

static bool daemon_runs(sd_bus *bus) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int runs = 0;

        if (sd_bus_call_method(bus, BUS, BUS_PATH, BUS, "NameHasOwner", NULL, &reply, "s",
                    AUTHTOKEN_NAME) >= 0)
                (void)sd_bus_message_read(reply, "b", &runs);
        return runs;
}

static ExitStatus run(Monitor *monitor) {
        int r;

        r = prepare(monitor);
        if (r < 0)
                return bus_client_broken("listen to the daemon", r);
        /* Unless it is stopped in order. */
        monitor->status = STATUS_UNREACHABLE;
        tell_daemon(monitor, daemon_runs(monitor->bus));
        r = sd_event_loop(monitor->event);
        if (monitor->status == STATUS_UNREACHABLE)
                complain("the connection to the bus is lost%s%s", r < 0 ? ": " : "",
                        r < 0 ? strerror(-r) : "");
        return monitor->status;
}

static void clear(Monitor *monitor) {
        sd_bus_slot_unref(monitor->listing);
        while (monitor->first) {
                MonitorEvent *event = monitor->first;

                monitor->first = event->next;
                monitor_event_free(event);
        }
        dictionary_free(monitor->sessions);
        dictionary_free(monitor->before);
        sd_bus_detach_event(monitor->bus);
        sd_event_unref(monitor->event);
        sd_bus_flush_close_unref(monitor->bus);
}

static ExitStatus parse(Monitor *monitor, int argc, char **argv) {
        int option;

        optind = 0;
        while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
                if (option == OPTION_JSON)
                        monitor->json = true;
                else if (option == OPTION_HELP)
                        monitor->help = true;
                else
                        return point_to_help("monitor");
        }
        return argc > optind ? complain_usage("monitor", "no arguments are taken") : STATUS_OK;
}

ExitStatus monitor_main(const CommandLine *line, int argc, char **argv) {
        Monitor monitor = { .last = &monitor.first };
        ExitStatus status;

        status = parse(&monitor, argc, argv);
        if (status != STATUS_OK)
                return status;
        if (monitor.help)
                return show_help(help);
        status = bus_client_open(line, &monitor.bus);
        if (status != STATUS_OK)
                return status;
        status = run(&monitor);
        clear(&monitor);
        return status;
}
