/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/front/bus-polkit.h"

#define POLKIT_NAME      "org.freedesktop.PolicyKit1"
#define POLKIT_PATH      "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"

#define FLAG_ALLOW_INTERACTION UINT32_C(1)

#define USEC_PER_SEC          UINT64_C(1000000)
#define TIMEOUT_USEC          (20 * USEC_PER_SEC)
#define INTERACT_TIMEOUT_USEC (300 * USEC_PER_SEC) /* somebody types a password */
#define CANCELLATION_SIZE     24u

struct PolkitCall {
        sd_bus *bus;
        sd_bus_slot *slot;
        bool open; /* polkit may still be at it */
        char cancellation[CANCELLATION_SIZE];
        PolkitDone done;
        void *userdata;
};

static PolkitAnswer read_answer(sd_bus_message *reply) {
        int authorised, challenge;

        if (sd_bus_message_is_method_error(reply, NULL))
                return POLKIT_ABSENT;
        if (sd_bus_message_enter_container(reply, 'r', "bba{ss}") <= 0 ||
                sd_bus_message_read(reply, "bb", &authorised, &challenge) <= 0)
                return POLKIT_ABSENT;
        if (authorised)
                return POLKIT_YES;
        return challenge ? POLKIT_CHALLENGE : POLKIT_NO;
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        PolkitCall *call = userdata;
        PolkitAnswer answer;

        (void)error;
        call->slot = sd_bus_slot_unref(call->slot);
        answer = read_answer(reply);
        call->open = answer == POLKIT_ABSENT;
        call->done(call, answer, call->userdata);
        return 0;
}

static int append_details(sd_bus_message *message, const char *user) {
        int r;

        r = sd_bus_message_open_container(message, 'a', "{ss}");
        if (r >= 0 && user)
                r = sd_bus_message_append(message, "{ss}", "user", user);
        if (r >= 0)
                r = sd_bus_message_close_container(message);
        return r;
}

static int make_message(
        PolkitCall *call, const PolkitQuestion *question, sd_bus_message **ret_message) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        uint32_t flags = question->may_interact ? FLAG_ALLOW_INTERACTION : 0;
        int r;

        r = sd_bus_message_new_method_call(call->bus, &message, POLKIT_NAME, POLKIT_PATH,
                POLKIT_INTERFACE, "CheckAuthorization");
        if (r >= 0)
                r = sd_bus_message_append(message, "(sa{sv})s", "system-bus-name", 1, "name", "s",
                        question->caller, question->action);
        if (r >= 0)
                r = append_details(message, question->user);
        if (r >= 0)
                r = sd_bus_message_append(message, "us", flags, call->cancellation);
        if (r < 0)
                return r;
        *ret_message = TAKE_PTR(message);
        return 0;
}

/* The id must be new: by it polkit distinguishes the questions of one caller, us. */
static void make_cancellation(char text[CANCELLATION_SIZE]) {
        static uint64_t n_questions;

        snprintf(text, CANCELLATION_SIZE, "q%" PRIu64, ++n_questions);
}

int polkit_check(sd_bus *bus, const PolkitQuestion *question, PolkitDone done, void *userdata,
        PolkitCall **ret_call) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        _cleanup_(polkit_call_freep) PolkitCall *call = calloc(1, sizeof(*call));
        int r;

        if (!call)
                return -ENOMEM;
        call->bus = sd_bus_ref(bus);
        make_cancellation(call->cancellation);
        r = make_message(call, question, &message);
        if (r < 0)
                return r;
        r = sd_bus_call_async(bus, &call->slot, message, on_answer, call,
                question->may_interact ? INTERACT_TIMEOUT_USEC : TIMEOUT_USEC);
        if (r < 0)
                return r;
        call->open = true;
        call->done = done;
        call->userdata = userdata;
        *ret_call = TAKE_PTR(call);
        return 0;
}

/* Nobody reads the answer to a cancellation, so none is asked for. */
static void cancel(PolkitCall *call) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;

        if (sd_bus_message_new_method_call(call->bus, &message, POLKIT_NAME, POLKIT_PATH,
                    POLKIT_INTERFACE, "CancelCheckAuthorization") < 0)
                return;
        if (sd_bus_message_append(message, "s", call->cancellation) < 0 ||
                sd_bus_message_set_expect_reply(message, 0) < 0 ||
                sd_bus_message_set_auto_start(message, 0) < 0)
                return;
        (void)sd_bus_send(call->bus, message, NULL);
}

PolkitCall *polkit_call_free(PolkitCall *call) {
        if (!call)
                return NULL;
        sd_bus_slot_unref(call->slot);
        if (call->open)
                cancel(call);
        sd_bus_unref(call->bus);
        free(call);
        return NULL;
}
