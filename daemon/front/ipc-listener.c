/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "authtoken/ipc-message.h"
#include "daemon/config/config.h"
#include "daemon/front/ipc-listener.h"
#include "daemon/front/ipc-peer.h"
#include "daemon/front/ipc-share.h"
#include "daemon/operation/context.h"

#define N_EVENTS         64
#define ACCEPTS_PER_TURN 32u
#define ROOT_READS       64u /* requests of one connection in one turn */
#define OTHER_READS      1u  /* then it is the next user's turn */
#define BACKLOG          1024
#define SWEEP_USEC       UINT64_C(1000000)

/* The listener's data about a connection. Linked twice: all, and those that have not spoken yet. */
typedef struct Seat {
        struct Seat *previous, *next; /* linked in IpcListener.seats, youngest first */
        IpcPeer *peer;
        IpcShare *share; /* NULL: root's */
        bool is_too_many;
        uint64_t connected_usec;
} Seat;

struct IpcListener {
        Context *context;
        int fd, epoll_fd;
        sd_event_source *source, *sweep;
        Seat *seats;
        IpcShares *shares; /* of everybody but root */
        unsigned int n_peers;
        bool is_accepting;
        uint8_t *buffer;
};

/* Others never hold root back: together they may have half of all connections, and another quarter while they wait to
 * be closed, which takes no place of others. */
static bool share_take(IpcListener *listener, uid_t uid, Seat *seat) {
        const Config *config = listener->context->config;

        if (uid == 0)
                return listener->n_peers < config->connections;
        if (listener->n_peers - ipc_shares_in_line(listener->shares) >= config->connections / 2)
                return false;
        ipc_shares_set_part(listener->shares, config->part_per_uid);
        seat->share = ipc_shares_join(listener->shares, uid, config->connections_per_uid);
        if (!seat->share && listener->n_peers < config->connections) {
                seat->share = ipc_shares_line_up(listener->shares, uid, config->connections / 4);
                seat->is_too_many = seat->share != NULL;
        }
        return seat->share;
}

static void share_give_back(const Seat *seat) {
        if (seat->share && seat->is_too_many)
                ipc_share_drop_out(seat->share);
        else if (seat->share)
                ipc_share_leave(seat->share);
}

static void seat_free(IpcListener *listener, Seat *seat) {
        if (seat->previous)
                seat->previous->next = seat->next;
        else
                listener->seats = seat->next;
        if (seat->next)
                seat->next->previous = seat->previous;
        listener->n_peers--;
        ipc_peer_free(seat->peer); /* closing it takes it out of the epoll */
        share_give_back(seat);
        free(seat);
}

static Seat *seat_new(IpcListener *listener, int fd) {
        _cleanup_(ipc_peer_freep) IpcPeer *peer = NULL;
        Seat *seat;

        if (ipc_peer_new(listener, fd, &peer) < 0) {
                close(fd);
                return NULL;
        }
        seat = calloc(1, sizeof(*seat));
        if (!seat)
                return NULL;
        if (!share_take(listener, ipc_peer_uid(peer), seat)) {
                ipc_peer_tell_refusal(peer, REASON_TOO_MANY_REQUESTS);
                free(seat);
                return NULL;
        }
        ipc_peer_set_share(peer, seat->share);
        seat->peer = TAKE_PTR(peer);
        sd_event_now(listener->context->event, CLOCK_MONOTONIC, &seat->connected_usec);
        seat->next = listener->seats;
        if (seat->next)
                seat->next->previous = seat;
        listener->seats = seat;
        listener->n_peers++;
        return seat;
}

static bool watch(IpcListener *listener, Seat *seat) {
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = seat };
        int fd = ipc_peer_fd(seat->peer);

        if (!seat->share)
                return epoll_ctl(listener->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
        if (ipc_share_watch(seat->share, fd, seat) < 0)
                return false;
        /* Ready at once: its turn to be closed must not depend on what it sends. */
        if (seat->is_too_many)
                ipc_share_set_events(seat->share, fd, seat, EPOLLIN | EPOLLOUT);
        return true;
}

static Seat *find_seat(IpcListener *listener, const IpcPeer *peer) {
        Seat *seat = listener->seats;

        while (seat && seat->peer != peer)
                seat = seat->next;
        return seat;
}

static void set_events(IpcListener *listener, IpcPeer *peer, uint32_t events) {
        Seat *seat = find_seat(listener, peer);
        struct epoll_event event = { .events = events, .data.ptr = seat };

        if (seat && seat->share)
                ipc_share_set_events(seat->share, ipc_peer_fd(peer), seat, events);
        else if (seat)
                (void)epoll_ctl(listener->epoll_fd, EPOLL_CTL_MOD, ipc_peer_fd(peer), &event);
}

void ipc_listener_watch(IpcListener *listener, IpcPeer *peer) {
        set_events(listener, peer, EPOLLIN);
}

void ipc_listener_pause(IpcListener *listener, IpcPeer *peer) {
        set_events(listener, peer, 0);
}

void ipc_listener_drop(IpcListener *listener, IpcPeer *peer) {
        Seat *seat = find_seat(listener, peer);

        if (seat)
                seat_free(listener, seat);
}

/* Runs only while it has something to do: a timer that is set costs every login two system calls. */
static void arm_sweep(IpcListener *listener) {
        int enabled = SD_EVENT_OFF;

        (void)sd_event_source_get_enabled(listener->sweep, &enabled);
        if (enabled != SD_EVENT_OFF)
                return;
        (void)sd_event_source_set_time_relative(listener->sweep, SWEEP_USEC);
        (void)sd_event_source_set_enabled(listener->sweep, SD_EVENT_ON);
}

/* A login sends its request right after connect(), so it is usually there by now. Connections of other users
 * wait for their turn. */
static void welcome(IpcListener *listener, int fd, uint64_t begun_usec) {
        Seat *seat = seat_new(listener, fd);

        if (!seat)
                return;
        if (seat->share)
                ipc_share_charge(seat->share, ipc_share_clock() - begun_usec);
        if (!watch(listener, seat) ||
                (!seat->share && ipc_peer_read(seat->peer, 1) == IPC_PEER_CLOSE))
                seat_free(listener, seat);
        else if (!ipc_peer_has_spoken(seat->peer))
                arm_sweep(listener);
}

/* Out of descriptors: connections that end give some back, and the sweep listens again. */
static void set_accepting(IpcListener *listener, bool accepting) {
        struct epoll_event event = { .events = accepting ? EPOLLIN : 0 };

        listener->is_accepting = accepting;
        (void)epoll_ctl(listener->epoll_fd, EPOLL_CTL_MOD, listener->fd, &event);
        if (!accepting)
                arm_sweep(listener);
}

static void accept_some(IpcListener *listener) {
        for (unsigned int i = 0; i < ACCEPTS_PER_TURN; i++) {
                uint64_t begun_usec = ipc_share_clock();
                int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

                if (fd >= 0)
                        welcome(listener, fd, begun_usec);
                else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                        set_accepting(listener, false);
                /* Usually one connection comes at a time: a second accept() would find none. */
                if (fd < 0 || listener->n_peers < ACCEPTS_PER_TURN)
                        return;
        }
}

static void serve(IpcListener *listener, Seat *seat, uint32_t events) {
        unsigned int n_max = seat->share ? OTHER_READS : ROOT_READS;

        if (seat->is_too_many) {
                ipc_peer_tell_refusal(seat->peer, REASON_TOO_MANY_REQUESTS);
                seat_free(listener, seat);
                return;
        }
        /* Both ends closed: nobody is left to answer. */
        if ((events & (EPOLLHUP | EPOLLERR)) || ipc_peer_read(seat->peer, n_max) == IPC_PEER_CLOSE)
                seat_free(listener, seat);
}

static void serve_other(void *item, uint32_t events, void *userdata) {
        serve(userdata, item, events);
}

static int on_events(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct epoll_event events[N_EVENTS];
        IpcListener *listener = userdata;
        bool knock = false;
        int n;

        (void)source;
        (void)revents;
        n = epoll_wait(fd, events, N_EVENTS, 0);
        for (int i = 0; i < n; i++) {
                if (events[i].data.ptr)
                        serve(listener, events[i].data.ptr, events[i].events);
                else
                        knock = true;
        }
        if (knock)
                accept_some(listener);
        return 0;
}

static bool sweep_silent(IpcListener *listener, uint64_t now) {
        uint64_t timeout_usec = listener->context->config->handshake_timeout_usec;
        bool waiting = false;

        for (Seat *seat = listener->seats, *next; seat; seat = next) {
                next = seat->next;
                if (ipc_peer_has_spoken(seat->peer))
                        continue;
                if (seat->connected_usec + timeout_usec <= now)
                        seat_free(listener, seat);
                else
                        waiting = true;
        }
        return waiting;
}

static int on_sweep(sd_event_source *source, uint64_t usec, void *userdata) {
        IpcListener *listener = userdata;

        if (!listener->is_accepting)
                set_accepting(listener, true);
        if (!sweep_silent(listener, usec))
                return sd_event_source_set_enabled(source, SD_EVENT_OFF);
        return sd_event_source_set_time(source, usec + SWEEP_USEC);
}

static int start(IpcListener *listener, int fd) {
        struct epoll_event event = { .events = EPOLLIN };
        sd_event *loop = listener->context->event;
        int flags, r;

        /* systemd hands the socket over in blocking mode. Then accept() would block the whole loop if
         * a client connected and left, or after the last of many. */
        flags = fcntl(fd, F_GETFL);
        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
                return -errno;
        listener->buffer = malloc(IPC_MESSAGE_MAX);
        listener->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        if (!listener->buffer || listener->epoll_fd < 0)
                return listener->buffer ? -errno : -ENOMEM;
        if (epoll_ctl(listener->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
                return -errno;
        r = sd_event_add_io(
                loop, &listener->source, listener->epoll_fd, EPOLLIN, on_events, listener);
        if (r < 0)
                return r;
        r = ipc_shares_new(loop, serve_other, listener, &listener->shares);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(
                loop, &listener->sweep, CLOCK_MONOTONIC, SWEEP_USEC, 0, on_sweep, listener);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(listener->sweep, SD_EVENT_OFF);
}

int ipc_listener_new(Context *context, int fd, IpcListener **ret_listener) {
        IpcListener *listener = calloc(1, sizeof(*listener));
        int r;

        if (!listener)
                return -ENOMEM;
        listener->context = context;
        listener->fd = -1;
        listener->epoll_fd = -1;
        r = start(listener, fd);
        if (r < 0) {
                ipc_listener_free(listener);
                return r;
        }
        listener->fd = fd;
        listener->is_accepting = true;
        *ret_listener = listener;
        return 0;
}

IpcListener *ipc_listener_free(IpcListener *listener) {
        if (!listener)
                return NULL;
        while (listener->seats)
                seat_free(listener, listener->seats);
        ipc_shares_free(listener->shares);
        sd_event_source_disable_unref(listener->source);
        sd_event_source_disable_unref(listener->sweep);
        if (listener->epoll_fd >= 0)
                close(listener->epoll_fd);
        if (listener->fd >= 0)
                close(listener->fd);
        free(listener->buffer);
        free(listener);
        return NULL;
}

static bool is_alive(const struct sockaddr_un *address) {
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        bool alive;

        if (fd < 0)
                return true;
        alive = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
                errno == EAGAIN;
        close(fd);
        return alive;
}

int ipc_listener_bind(const char *path, int *ret_fd) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_(closep) int fd = -1;
        struct stat info;

        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        memcpy(address.sun_path, path, strlen(path));
        if (lstat(path, &info) == 0) {
                if (!S_ISSOCK(info.st_mode) || is_alive(&address))
                        return -EADDRINUSE;
                if (unlink(path) < 0)
                        return -errno;
        }
        fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
                return -errno;
        if (chmod(path, 0666) < 0 || listen(fd, BACKLOG) < 0)
                return -errno;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

Context *ipc_listener_context(IpcListener *listener) {
        return listener->context;
}

uint8_t *ipc_listener_buffer(IpcListener *listener) {
        return listener->buffer;
}

unsigned int ipc_listener_count(const IpcListener *listener) {
        return listener->n_peers;
}
