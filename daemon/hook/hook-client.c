/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "daemon/hook/hook-client.h"

#define TIMER_ACCURACY_USEC UINT64_C(1000)

TAILQ_HEAD(HookCallList, HookCall);

typedef struct Lane {
        struct HookCallList open, waiting;
        size_t n_open, n_waiting;
        size_t open_max, waiting_max;
} Lane;

struct HookCall {
        HookClient *client;
        Lane *lane;
        HookKind kind;
        HookDone done;
        void *userdata;
        char *json;
        uint64_t timeout_usec;
        uint64_t deadline_usec; /* CLOCK_MONOTONIC; 0: not running yet */
        int fd;
        sd_event_source *input, *timer;
        bool is_open, completing;
        char note[HOOK_NOTE_MAX]; /* what went wrong; empty: nothing so far */
        TAILQ_ENTRY(HookCall) link;
};

struct HookClient {
        sd_event *event;
        struct sockaddr_un address;
        Lane logins, notices;
        HookCounters counters;
};

static void pump(Lane *lane);

static void unlink_call(HookCall *call) {
        Lane *lane = call->lane;

        if (call->is_open) {
                TAILQ_REMOVE(&lane->open, call, link);
                lane->n_open--;
        } else {
                TAILQ_REMOVE(&lane->waiting, call, link);
                lane->n_waiting--;
        }
}

static void destroy(HookCall *call) {
        sd_event_source_disable_unref(call->input);
        sd_event_source_disable_unref(call->timer);
        if (call->fd >= 0)
                close(call->fd);
        free(call->json);
        free(call);
}

HookCall *hook_call_free(HookCall *call) {
        Lane *lane;

        if (!call || call->completing)
                return NULL;
        lane = call->lane;
        unlink_call(call);
        destroy(call);
        pump(lane);
        return NULL;
}

static void complete(HookCall *call, const HookAnswer *answer) {
        Lane *lane = call->lane;
        const HookResult result = {
                .kind = call->kind,
                .outcome = answer->outcome,
                .hook = answer->name,
                .note = call->note,
        };

        call->client->counters.n_outcomes[call->kind][answer->outcome]++;
        call->client->counters.is_failing = answer->outcome == HOOK_FAILED;
        unlink_call(call);
        call->completing = true;
        if (call->done)
                call->done(call, &result, call->userdata);
        destroy(call);
        pump(lane);
}

/* Also ends a call that could not begin: no completion may come before the starter returned. */
static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        HookCall *call = userdata;

        (void)source;
        (void)usec;
        if (!*call->note)
                snprintf(call->note, sizeof(call->note), "no answer in time");
        complete(call, &(HookAnswer){ .outcome = HOOK_FAILED });
        return 0;
}

static int on_input(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        char packet[HOOK_ANSWER_MAX + 1];
        HookAnswer answer = { .outcome = HOOK_FAILED };
        HookCall *call = userdata;
        ssize_t n;

        (void)source;
        (void)events;
        n = recv(fd, packet, sizeof(packet), MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n <= 0)
                snprintf(call->note, sizeof(call->note), "the runner ended without an answer");
        else if (hook_answer_decode(packet, (size_t)n, &answer))
                snprintf(call->note, sizeof(call->note), "the runner's answer is not one");
        complete(call, &answer);
        return 0;
}

static int set_timer(HookCall *call, uint64_t usec) {
        if (call->timer) {
                (void)sd_event_source_set_time(call->timer, usec);
                return sd_event_source_set_enabled(call->timer, SD_EVENT_ONESHOT);
        }
        return sd_event_add_time(call->client->event, &call->timer, CLOCK_MONOTONIC, usec,
                TIMER_ACCURACY_USEC, on_time, call);
}

static uint64_t now_usec(const HookClient *client) {
        uint64_t now = 0;

        (void)sd_event_now(client->event, CLOCK_MONOTONIC, &now);
        return now;
}

static int send_event(const HookCall *call) {
        const HookMessage message = {
                .kind = call->kind,
                .deadline_usec = call->deadline_usec,
                .json = call->json,
                .json_size = strlen(call->json),
        };
        char packet[HOOK_PACKET_MAX];
        size_t size;

        if (hook_message_encode(&message, packet, sizeof(packet), &size))
                return -EMSGSIZE;
        return send(call->fd, packet, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* A path socket connects at once or not at all: EAGAIN means that its queue is full. */
static int open_connection(HookCall *call) {
        const struct sockaddr_un *address = &call->client->address;
        int r;

        call->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (call->fd < 0)
                return -errno;
        if (connect(call->fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
                return -errno;
        r = send_event(call);
        if (r < 0)
                return r;
        return sd_event_add_io(
                call->client->event, &call->input, call->fd, EPOLLIN, on_input, call);
}

static void begin(HookCall *call) {
        int r;

        if (call->deadline_usec == 0) {
                call->deadline_usec = now_usec(call->client) + call->timeout_usec;
                (void)set_timer(call, call->deadline_usec);
        }
        r = open_connection(call);
        if (r >= 0)
                return;
        snprintf(call->note, sizeof(call->note), "%s: %s", call->client->address.sun_path,
                strerror(-r));
        (void)set_timer(call, 0);
}

static void pump(Lane *lane) {
        while (lane->n_open < lane->open_max && !TAILQ_EMPTY(&lane->waiting)) {
                HookCall *call = TAILQ_FIRST(&lane->waiting);

                unlink_call(call);
                call->is_open = true;
                TAILQ_INSERT_TAIL(&lane->open, call, link);
                lane->n_open++;
                begin(call);
        }
}

static int call_new(HookClient *client, const HookOrder *order, HookCall **ret_call) {
        HookCall *call = calloc(1, sizeof(*call));
        int r;

        if (!call)
                return -ENOMEM;
        call->client = client;
        call->lane = order->kind == HOOK_LOGIN ? &client->logins : &client->notices;
        call->kind = order->kind;
        call->timeout_usec = order->timeout_usec;
        call->fd = -1;
        call->json = strdup(order->json);
        r = call->json ? 0 : -ENOMEM;
        if (r == 0 && order->kind == HOOK_LOGIN)
                call->deadline_usec = now_usec(client) + order->timeout_usec;
        /* The timer is made at once: without it a call that cannot begin would never end. */
        if (r == 0)
                r = set_timer(call, call->deadline_usec);
        if (r >= 0 && call->deadline_usec == 0)
                r = sd_event_source_set_enabled(call->timer, SD_EVENT_OFF);
        if (r < 0) {
                destroy(call);
                return r;
        }
        *ret_call = call;
        return 0;
}

int hook_client_start(HookClient *client, const HookOrder *order, HookDone done, void *userdata,
        HookCall **ret_call) {
        Lane *lane = order->kind == HOOK_LOGIN ? &client->logins : &client->notices;
        HookCall *call;
        int r;

        if (lane->n_waiting >= lane->waiting_max) {
                client->counters.n_dropped[order->kind]++;
                return HOOK_CLIENT_E_FULL;
        }
        r = call_new(client, order, &call);
        if (r < 0)
                return r;
        call->done = done;
        call->userdata = userdata;
        TAILQ_INSERT_TAIL(&lane->waiting, call, link);
        lane->n_waiting++;
        if (ret_call)
                *ret_call = call;
        pump(lane);
        return 0;
}

static void lane_init(Lane *lane, size_t open_max, size_t waiting_max) {
        TAILQ_INIT(&lane->open);
        TAILQ_INIT(&lane->waiting);
        lane->open_max = open_max;
        lane->waiting_max = waiting_max;
}

static void lane_clear(Lane *lane) {
        lane->open_max = 0;
        while (!TAILQ_EMPTY(&lane->waiting))
                hook_call_free(TAILQ_FIRST(&lane->waiting));
        while (!TAILQ_EMPTY(&lane->open))
                hook_call_free(TAILQ_FIRST(&lane->open));
}

int hook_client_new(sd_event *event, const char *path, HookClient **ret_client) {
        HookClient *client;

        if (strlen(path) >= sizeof(client->address.sun_path))
                return -ENAMETOOLONG;
        client = calloc(1, sizeof(*client));
        if (!client)
                return -ENOMEM;
        client->event = sd_event_ref(event);
        client->address.sun_family = AF_UNIX;
        memcpy(client->address.sun_path, path, strlen(path));
        lane_init(&client->logins, HOOK_LOGINS_OPEN_MAX, HOOK_LOGINS_WAITING_MAX);
        lane_init(&client->notices, HOOK_NOTICES_OPEN_MAX, HOOK_NOTICES_WAITING_MAX);
        *ret_client = client;
        return 0;
}

HookClient *hook_client_free(HookClient *client) {
        if (!client)
                return NULL;
        lane_clear(&client->logins);
        lane_clear(&client->notices);
        sd_event_unref(client->event);
        free(client);
        return NULL;
}

void hook_client_counters(const HookClient *client, HookCounters *ret_counters) {
        HookCounters counters = client->counters;

        counters.n_open = client->logins.n_open + client->notices.n_open;
        counters.n_waiting = client->logins.n_waiting + client->notices.n_waiting;
        *ret_counters = counters;
}
