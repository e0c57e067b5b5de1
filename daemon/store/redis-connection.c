/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "daemon/store/redis-backoff.h"
#include "daemon/store/redis-connection.h"
#include "daemon/store/redis-pipeline.h"
#include "daemon/store/redis-reader.h"
#include "daemon/store/user-store.h"

#define READ_SIZE           16384u
#define WHY_MAX             160u
#define TIMER_ACCURACY_USEC UINT64_C(1000)
#define REPLIES_PER_WRITE   8u

typedef enum State {
        STATE_IDLE, /* until retry_at_usec */
        STATE_CONNECTING,
        STATE_GREETING,
        STATE_READY,
} State;

struct RedisConnection {
        sd_event *event;
        RedisAddress address;
        bool has_address;
        RedisConnectionEvents events;
        State state;
        int fd;
        sd_event_source *io_source, *write_source, *timer_source;
        RedisReader *reader;
        RedisPipeline pipeline;
        uint64_t retry_at_usec, connected_by_usec, leave_at_usec;
        unsigned int n_failures; /* attempts since there was a connection */
        int absence;             /* STORE_E_OFFLINE or STORE_E_REFUSED */
        bool refused;
        char why[WHY_MAX];
        uint64_t latency_usec;
};

static uint64_t now_usec(RedisConnection *connection) {
        uint64_t now = 0;

        (void)sd_event_now(connection->event, CLOCK_MONOTONIC, &now);
        return now;
}

static uint64_t earlier(uint64_t a, uint64_t b) {
        return a < b ? a : b;
}

/* Of all that can be due. */
static void set_timer(RedisConnection *connection) {
        uint64_t at_usec = UINT64_MAX;

        if (connection->state == STATE_IDLE)
                at_usec = connection->retry_at_usec;
        else if (connection->state != STATE_READY)
                at_usec = connection->connected_by_usec;
        at_usec = earlier(at_usec, connection->leave_at_usec);
        at_usec = earlier(at_usec, redis_pipeline_due_usec(&connection->pipeline));
        (void)sd_event_source_set_time(connection->timer_source, at_usec);
        (void)sd_event_source_set_enabled(
                connection->timer_source, at_usec == UINT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

static void close_socket(RedisConnection *connection) {
        connection->io_source = sd_event_source_disable_unref(connection->io_source);
        closep(&connection->fd);
        connection->fd = -1;
        connection->reader = redis_reader_free(connection->reader);
        (void)sd_event_source_set_enabled(connection->write_source, SD_EVENT_OFF);
}

/* The only way to close a connection. Everything is in its new state before any callback,
 * because a callback may send the next command. */
static void drop(RedisConnection *connection, const char *why) {
        uint64_t now = now_usec(connection);
        RedisPipeline failed;
        bool was_ready = connection->state == STATE_READY;
        char told[WHY_MAX];

        snprintf(told, sizeof(told), "%s", connection->refused ? connection->why : why);
        close_socket(connection);
        redis_pipeline_take(&connection->pipeline, &failed);
        connection->absence = connection->refused ? STORE_E_REFUSED : STORE_E_OFFLINE;
        connection->refused = false;
        connection->n_failures = was_ready ? 0 : connection->n_failures + 1;
        connection->state = STATE_IDLE;
        connection->leave_at_usec = UINT64_MAX;
        connection->retry_at_usec = connection->has_address
                                            ? now + redis_backoff_usec(connection->n_failures)
                                            : UINT64_MAX;
        set_timer(connection);
        connection->events.lost(was_ready, told, connection->events.userdata);
        redis_pipeline_fail(&failed, connection->absence, now);
}

/* Commands of one turn of the loop are sent together. */
static void write_later(RedisConnection *connection) {
        (void)sd_event_source_set_enabled(connection->write_source, SD_EVENT_ONESHOT);
}

static void write_now(RedisConnection *connection) {
        int r = redis_pending_write(&connection->pipeline.unsent, connection->fd);

        if (r < 0 && r != -EAGAIN)
                drop(connection, strerror(-r));
        else
                (void)sd_event_source_set_io_events(
                        connection->io_source, r == -EAGAIN ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static int on_write(sd_event_source *source, void *userdata) {
        (void)source;
        write_now(userdata);
        return 0;
}

static void append(RedisConnection *connection, RedisPending *pending) {
        redis_pipeline_append(&connection->pipeline, pending);
        write_later(connection);
}

static void greet(RedisConnection *connection) {
        connection->state = STATE_GREETING;
        connection->connected_by_usec = now_usec(connection) + connection->pipeline.timeout_usec;
        (void)sd_event_source_set_io_events(connection->io_source, EPOLLIN);
        if (redis_reader_new(&connection->reader) < 0) {
                drop(connection, strerror(ENOMEM));
                return;
        }
        connection->events.connected(connection, connection->events.userdata);
        if (connection->refused)
                drop(connection, connection->why);
        else
                set_timer(connection);
}

/* Sends the commands that the replies so far have led to before reading more replies, so that the
 * server works on them instead of waiting until we have signed for everybody. Returns the error,
 * or NULL. */
static const char *write_early(RedisConnection *connection) {
        int r = redis_pending_write(&connection->pipeline.unsent, connection->fd);

        /* Commands that do not fit into the socket now are sent at the end of the turn. */
        return r < 0 && r != -EAGAIN ? strerror(-r) : NULL;
}

/* The largest reply to a command, or largest push, that may come; 0: nothing may come now. */
static size_t reply_max(const RedisConnection *connection, const RedisPending *head) {
        size_t pushed_max = connection->events.pushed ? connection->events.pushed_max : 0;

        return head && head->reply_max > pushed_max ? head->reply_max : pushed_max;
}

static void hand_to(RedisConnection *connection, RedisPending *head, const redisReply *reply) {
        TAILQ_REMOVE(&connection->pipeline.sent, head, link);
        connection->latency_usec = now_usec(connection) - head->started_usec;
        head->done(0, reply, head->userdata);
        redis_pending_free(head);
}

/* One reply, if it is complete. *ret_more: there may be another one. Returns what is wrong, or NULL. */
static const char *hand_out_one(RedisConnection *connection, bool *ret_more) {
        RedisPending *head = redis_pipeline_head(&connection->pipeline);
        _cleanup_(redis_reply_freep) redisReply *reply = NULL;
        size_t size_max = reply_max(connection, head);
        int r;

        *ret_more = false;
        if (size_max == 0)
                return redis_reader_is_empty(connection->reader) ? NULL : "a reply to no command";
        r = redis_reader_next(connection->reader, size_max, &reply);
        if (r)
                return redis_pipeline_blame(head, r);
        if (!reply)
                return NULL;
        *ret_more = true;
        if (!connection->events.pushed ||
                !connection->events.pushed(reply, connection->events.userdata)) {
                if (!head)
                        return "a reply to no command";
                hand_to(connection, head, reply);
        }
        return connection->refused ? connection->why : NULL;
}

/* Hands replies out until the next one is not complete. Returns what is wrong, or NULL. */
static const char *hand_out(RedisConnection *connection) {
        const char *wrong;
        bool more = true;

        for (unsigned int n = 1; more; n++) {
                wrong = hand_out_one(connection, &more);
                if (!wrong && more && n % REPLIES_PER_WRITE == 0)
                        wrong = write_early(connection);
                if (wrong)
                        return wrong;
        }
        return NULL;
}

static void receive(RedisConnection *connection) {
        const char *wrong;
        char buffer[READ_SIZE];
        ssize_t n = recv(connection->fd, buffer, sizeof(buffer), MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n <= 0) {
                drop(connection, n < 0 ? strerror(errno) : "closed by the server");
                return;
        }
        if (redis_reader_feed(connection->reader, buffer, (size_t)n) < 0) {
                drop(connection, strerror(ENOMEM));
                return;
        }
        wrong = hand_out(connection);
        if (wrong)
                drop(connection, wrong);
}

static void finish_connecting(RedisConnection *connection) {
        int error = 0;
        socklen_t size = sizeof(error);

        if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
                error = errno;
        if (error)
                drop(connection, strerror(error));
        else
                greet(connection);
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        RedisConnection *connection = userdata;

        (void)source;
        (void)fd;
        if (connection->state == STATE_CONNECTING) {
                finish_connecting(connection);
                return 0;
        }
        if (events & EPOLLOUT)
                write_now(connection);
        if (connection->fd >= 0 && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                receive(connection);
        return 0;
}

static int open_socket(RedisConnection *connection) {
        connection->fd = redis_address_open(&connection->address);
        if (connection->fd < 0)
                return connection->fd;
        return sd_event_add_io(connection->event, &connection->io_source, connection->fd, EPOLLOUT,
                on_io, connection);
}

static void start_connecting(RedisConnection *connection) {
        uint64_t timeout_usec = connection->pipeline.timeout_usec;
        int r;

        connection->state = STATE_CONNECTING;
        connection->connected_by_usec =
                now_usec(connection) + earlier(timeout_usec, REDIS_CONNECT_USEC);
        r = open_socket(connection);
        if (r >= 0 && connect(connection->fd, (struct sockaddr *)&connection->address.socket,
                              connection->address.size) < 0)
                r = -errno;
        if (r == -EINPROGRESS)
                set_timer(connection);
        else if (r < 0)
                drop(connection, strerror(-r));
        else
                greet(connection);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        RedisConnection *connection = userdata;
        uint64_t now = now_usec(connection);
        bool connecting =
                connection->state == STATE_CONNECTING || connection->state == STATE_GREETING;

        (void)source;
        (void)usec;
        if (connection->state == STATE_IDLE && now >= connection->retry_at_usec)
                start_connecting(connection);
        else if (connection->state != STATE_IDLE && now >= connection->leave_at_usec)
                drop(connection, connection->why);
        else if (connecting && now >= connection->connected_by_usec)
                drop(connection, "no connection within the time-out");
        else if (redis_pipeline_is_overdue(&connection->pipeline, now))
                drop(connection, "no answer within the time-out");
        redis_pipeline_fail_waiting(&connection->pipeline, now);
        set_timer(connection);
        return 0;
}

static int add_sources(RedisConnection *connection) {
        int r;

        r = sd_event_add_defer(connection->event, &connection->write_source, on_write, connection);
        if (r < 0)
                return r;
        /* Sent before the next event is handled, or a busy loop would hold commands back. */
        (void)sd_event_source_set_priority(connection->write_source, SD_EVENT_PRIORITY_IMPORTANT);
        (void)sd_event_source_set_description(connection->write_source, "redis-write");
        r = sd_event_source_set_enabled(connection->write_source, SD_EVENT_OFF);
        if (r < 0)
                return r;
        r = sd_event_add_time(connection->event, &connection->timer_source, CLOCK_MONOTONIC, 0,
                TIMER_ACCURACY_USEC, on_timer, connection);
        if (r < 0)
                return r;
        return sd_event_source_set_description(connection->timer_source, "redis-timer");
}

int redis_connection_new(sd_event *event, const RedisAddress *address, uint64_t timeout_usec,
        const RedisConnectionEvents *events, RedisConnection **ret_connection) {
        _cleanup_(redis_connection_freep) RedisConnection *connection =
                calloc(1, sizeof(*connection));
        int r;

        if (!connection)
                return -ENOMEM;
        redis_pipeline_init(&connection->pipeline, timeout_usec);
        connection->fd = -1;
        connection->event = sd_event_ref(event);
        connection->address = address ? *address : (RedisAddress){ 0 };
        connection->has_address = address;
        connection->leave_at_usec = UINT64_MAX;
        connection->retry_at_usec = address ? 0 : UINT64_MAX;
        connection->events = *events;
        connection->absence = STORE_E_OFFLINE;
        r = add_sources(connection);
        if (r < 0)
                return r;
        *ret_connection = TAKE_PTR(connection);
        return 0;
}

RedisConnection *redis_connection_free(RedisConnection *connection) {
        if (!connection)
                return NULL;
        close_socket(connection);
        connection->refused = true; /* nobody sends anything more */
        redis_pipeline_fail(&connection->pipeline, STORE_E_OFFLINE, 0);
        sd_event_source_disable_unref(connection->write_source);
        sd_event_source_disable_unref(connection->timer_source);
        sd_event_unref(connection->event);
        free(connection);
        return NULL;
}

/* Commands wait for the first attempt. After it has failed they fail at once. */
static bool is_worth_waiting_for(const RedisConnection *connection) {
        return connection->n_failures == 0;
}

int redis_connection_send(RedisConnection *connection, const RedisCommand *command) {
        RedisPending *pending;
        int r;

        if (connection->refused ||
                (connection->state != STATE_READY && !is_worth_waiting_for(connection)))
                return connection->refused ? STORE_E_REFUSED : connection->absence;
        r = redis_pending_new(command, now_usec(connection), &pending);
        if (r < 0)
                return r;
        if (connection->state == STATE_READY)
                append(connection, pending);
        else
                TAILQ_INSERT_TAIL(&connection->pipeline.waiting, pending, link);
        /* A running timer is due before this command is. */
        if (sd_event_source_get_enabled(connection->timer_source, NULL) == 0)
                set_timer(connection);
        return 0;
}

int redis_connection_greet(RedisConnection *connection, const RedisCommand *command) {
        RedisPending *pending;
        int r;

        r = redis_pending_new(command, now_usec(connection), &pending);
        if (r < 0)
                return r;
        append(connection, pending);
        return 0;
}

void redis_connection_ready(RedisConnection *connection) {
        connection->state = STATE_READY;
        connection->n_failures = 0;
        redis_pipeline_admit(&connection->pipeline);
        if (connection->pipeline.unsent)
                write_later(connection);
        set_timer(connection);
}

void redis_connection_refuse(RedisConnection *connection, const char *why) {
        if (connection->refused)
                return;
        connection->refused = true;
        snprintf(connection->why, sizeof(connection->why), "%s", why);
}

void redis_connection_leave(RedisConnection *connection, const char *why) {
        if (connection->state == STATE_IDLE)
                return;
        /* Done from the loop, since the caller may be the completion of one of its commands. */
        redis_connection_refuse(connection, why);
        connection->leave_at_usec = 0;
        set_timer(connection);
}

void redis_connection_aim(RedisConnection *connection, const RedisAddress *address) {
        bool same = address && connection->has_address &&
                    !strcmp(address->text, connection->address.text);

        if (same || (!address && !connection->has_address))
                return;
        connection->has_address = address;
        if (address)
                connection->address = *address;
        connection->n_failures = 0;
        redis_connection_leave(
                connection, address ? REDIS_CONNECTION_AIMED : "no server is in charge now");
        redis_connection_try_now(connection);
}

void redis_connection_try_now(RedisConnection *connection) {
        if (connection->state == STATE_IDLE)
                connection->retry_at_usec = connection->has_address ? 0 : UINT64_MAX;
        set_timer(connection);
}

bool redis_connection_is_refused(const RedisConnection *connection) {
        return connection->state != STATE_READY && connection->absence == STORE_E_REFUSED;
}

uint64_t redis_connection_latency_usec(const RedisConnection *connection) {
        return connection->latency_usec;
}
