/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/bus-client.h"
#include "cli/monitor-event.h"
#include "cli/shown-text.h"
#include "common/cleanup.h"
#include "common/translation.h"

#define TIME_SIZE    32u
#define USEC_PER_SEC UINT64_C(1000000)

/* The arguments of each signal, in order: s the session, r a reason, k a key, t a deadline. */
static const struct {
        const char *name, *members;
        const char *words;
        bool begins;
} signals[] = {
        { "SessionOpened", "sr", N_("opened"), true },
        { "SessionRefreshed", "s", N_("refreshed"), true },
        { "SessionEnding", "srt", N_("ending"), false },
        { "SessionEnded", "sr", N_("ended"), false },
        { "TokenRevoked", "sr", N_("revoked"), false },
        { "KeyRotated", "k", N_("key"), false },
        { "Daemon", "", N_("daemon"), false },
};

/* The shown facts about a session, besides its id. */
static const char *const details[] = { "user", "service", "tty", "rhost", "platform", "device" };

static size_t find(const char *name) {
        size_t i;

        for (i = 0; i < ARRAY_SIZE(signals); i++)
                if (!strcmp(signals[i].name, name))
                        break;
        return i;
}

int monitor_event_new(const char *name, const char *reason, MonitorEvent **ret_event) {
        _cleanup_(monitor_event_freep) MonitorEvent *event = calloc(1, sizeof(*event));
        struct timespec now = { 0 };

        if (!event)
                return -ENOMEM;
        event->name = strdup(name);
        if (reason)
                event->reason = strdup(reason);
        if (!event->name || (reason && !event->reason))
                return -ENOMEM;
        (void)clock_gettime(CLOCK_REALTIME, &now);
        event->time_usec = (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
        *ret_event = TAKE_PTR(event);
        return 0;
}

static int read_deadline(sd_bus_message *message, MonitorEvent *event) {
        uint64_t usec = 0;
        int r;

        r = sd_bus_message_read(message, "t", &usec);
        event->deadline_usec = usec;
        return r;
}

static int read_text(sd_bus_message *message, char kind, MonitorEvent *event) {
        const char *text;
        char *copy;
        int r;

        r = sd_bus_message_read(message, "s", &text);
        if (r < 0)
                return r;
        copy = strdup(text);
        if (kind == 's')
                event->session = copy;
        else if (kind == 'r')
                event->reason = copy;
        else
                event->key = copy;
        return copy ? 0 : -ENOMEM;
}

static int read_member(sd_bus_message *message, char kind, MonitorEvent *event) {
        return kind == 't' ? read_deadline(message, event) : read_text(message, kind, event);
}

int monitor_event_read(sd_bus_message *message, MonitorEvent **ret_event) {
        _cleanup_(monitor_event_freep) MonitorEvent *event = NULL;
        const char *name = sd_bus_message_get_member(message);
        size_t i = find(name);
        int r;

        r = monitor_event_new(name, NULL, &event);
        if (r >= 0 && i < ARRAY_SIZE(signals))
                for (const char *kind = signals[i].members; *kind && r >= 0; kind++)
                        r = read_member(message, *kind, event);
        if (r < 0)
                return r;
        *ret_event = TAKE_PTR(event);
        return 0;
}

MonitorEvent *monitor_event_free(MonitorEvent *event) {
        if (!event)
                return NULL;
        free(event->name);
        free(event->session);
        free(event->reason);
        free(event->key);
        free(event);
        return NULL;
}

bool monitor_event_begins(const MonitorEvent *event) {
        size_t i = find(event->name);

        return i < ARRAY_SIZE(signals) && signals[i].begins;
}

static int set_text(json_t *object, const char *name, const char *text) {
        return text ? json_object_set_new(object, name, json_string(text)) : 0;
}

static int set_members(json_t *object, const MonitorEvent *event, const Dictionary *session) {
        int r;

        r = json_object_set_new(object, "time_usec", json_integer((json_int_t)event->time_usec)) ||
            set_text(object, "event", event->name) || set_text(object, "session", event->session) ||
            set_text(object, "reason", event->reason) || set_text(object, "key", event->key);
        if (!r && event->deadline_usec)
                r = json_object_set_new(
                        object, "deadline_usec", json_integer((json_int_t)event->deadline_usec));
        for (size_t i = 0; session && !r && i < ARRAY_SIZE(details); i++)
                r = set_text(object, details[i], dictionary_text(session, details[i]));
        return r ? -ENOMEM : 0;
}

static ExitStatus print_json(const MonitorEvent *event, const Dictionary *session) {
        json_t *object = json_object();
        char *text = NULL;
        int r;

        r = object ? set_members(object, event, session) : -ENOMEM;
        if (r >= 0) {
                text = json_dumps(object, JSON_COMPACT);
                r = text ? 0 : -ENOMEM;
        }
        json_decref(object);
        if (r < 0)
                return bus_client_broken("show the event", r);
        puts(text);
        free(text);
        return finish_output();
}

/* Names and hosts come from other people's machines. */
static void print_word(const char *before, const char *text) {
        fputs(before, stdout);
        while (*text) {
                size_t size = shown_text_foul(text);

                putchar(size ? '?' : *text);
                text += size ? size : 1;
        }
}

static ExitStatus print_plain(const MonitorEvent *event, const Dictionary *session) {
        time_t seconds = (time_t)(event->time_usec / USEC_PER_SEC);
        size_t i = find(event->name);
        char when[TIME_SIZE] = "";
        struct tm local;

        if (localtime_r(&seconds, &local))
                (void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &local);
        printf("%s %-9s", when, i < ARRAY_SIZE(signals) ? _(signals[i].words) : event->name);
        if (event->session)
                print_word(" ", event->session);
        if (event->key)
                print_word(" ", event->key);
        if (event->reason)
                print_word(" ", event->reason);
        for (size_t n = 0; session && n < ARRAY_SIZE(details); n++) {
                const char *value = dictionary_text(session, details[n]);

                if (!value || !*value)
                        continue;
                printf(" %s", details[n]);
                print_word("=", value);
        }
        putchar('\n');
        return finish_output();
}

ExitStatus monitor_event_print(const MonitorEvent *event, const Dictionary *session, bool json) {
        return json ? print_json(event, session) : print_plain(event, session);
}
