/* SPDX-License-Identifier: MIT */

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "race-bus.h"

#define NAME      "org.authtoken1"
#define PATH      "/org/authtoken1"
#define INTERFACE "org.authtoken1.Manager"

sd_event *race_event;
sd_bus *race_buses[RACE_BUSES];
static unsigned int n_pending;

void answer_clear(Answer *answer) {
        free(answer->access);
        free(answer->refresh);
        *answer = (Answer){ .done = false };
}

static void take_error(sd_bus_message *reply, Answer *answer) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);
        size_t size = strcspn(error->message, ":");

        /* Our own errors begin with a reason; of all others only the name is of interest. */
        if (strncmp(error->name, NAME, strlen(NAME)) == 0 && size < RACE_REASON_MAX)
                memcpy(answer->reason, error->message, size);
        else
                snprintf(answer->reason, RACE_REASON_MAX, "%s", strrchr(error->name, '.') + 1);
}

void race_take(sd_bus_message *reply, Answer *answer) {
        const char *access, *refresh;

        answer->done = true;
        n_pending--;
        if (sd_bus_message_is_method_error(reply, NULL)) {
                take_error(reply, answer);
                return;
        }
        if (sd_bus_message_has_signature(reply, "ssa{sv}") &&
                sd_bus_message_read(reply, "ss", &access, &refresh) > 0) {
                answer->access = strdup(access);
                answer->refresh = strdup(refresh);
        }
}

int race_on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        (void)error;
        race_take(reply, userdata);
        return 0;
}

void race_ask(sd_bus *bus, const char *method, const char *first, sd_bus_message_handler_t done,
        void *userdata) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &call, NAME, PATH, INTERFACE, method);
        if (r >= 0)
                r = sd_bus_message_append(call, "s", first);
        if (r >= 0 && strcmp(method, "RevokeSession") == 0)
                r = sd_bus_message_append(call, "s", "");
        else if (r >= 0 && strcmp(method, "RefreshToken") != 0)
                r = sd_bus_message_append(call, "a{sv}", 0);
        if (r >= 0)
                r = sd_bus_call_async(bus, NULL, call, done, userdata, RACE_TURN_USEC);
        if (r < 0)
                errx(EXIT_FAILURE, "%s: %s", method, strerror(-r));
        n_pending++;
}

bool race_is_pending(void) {
        return n_pending > 0;
}

void race_turn(void) {
        if (sd_event_run(race_event, RACE_TURN_USEC) <= 0)
                errx(EXIT_FAILURE, "nothing comes any more");
}

void race_run(void) {
        while (n_pending > 0)
                race_turn();
}

void race_connect(const char *address) {
        if (sd_event_new(&race_event) < 0)
                errx(EXIT_FAILURE, "no loop");
        for (size_t i = 0; i < RACE_BUSES; i++)
                if (sd_bus_new(&race_buses[i]) < 0 ||
                        sd_bus_set_address(race_buses[i], address) < 0 ||
                        sd_bus_set_bus_client(race_buses[i], 1) < 0 ||
                        sd_bus_start(race_buses[i]) < 0 ||
                        sd_bus_attach_event(race_buses[i], race_event, SD_EVENT_PRIORITY_NORMAL) <
                                0)
                        errx(EXIT_FAILURE, "cannot connect");
}

void race_disconnect(void) {
        for (size_t i = 0; i < RACE_BUSES; i++)
                sd_bus_flush_close_unref(race_buses[i]);
        sd_event_unref(race_event);
}
