/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "common/ipc-client.h"
#include "common/secret.h"

#define USEC_PER_MSEC 1000u
#define USEC_PER_SEC  1000000u

/* poll() cannot wait for a full queue of the server, so try again this often. */
#define CONNECT_RETRY_MSEC 5

/* Longer than a verification, much shorter than anybody notices. */
#define LOOK_USEC 200

struct IpcClient {
        int fd;
        uint32_t last_id;
        bool broken;
        size_t used; /* bytes of buffer that may hold a secret */
        uint8_t buffer[IPC_MESSAGE_MAX];
};

static uint64_t now_usec(void) {
        struct timespec now = { 0 };

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000u;
}

uint64_t ipc_client_deadline(uint64_t timeout_usec) {
        uint64_t deadline_usec;

        return __builtin_add_overflow(now_usec(), timeout_usec, &deadline_usec) ? UINT64_MAX
                                                                                : deadline_usec;
}

/* Milliseconds that are left, rounded up, so that a wait never ends before its deadline. */
static uint64_t left_msec(uint64_t deadline_usec) {
        uint64_t now = now_usec();

        return now < deadline_usec ? (deadline_usec - now + USEC_PER_MSEC - 1) / USEC_PER_MSEC : 0;
}

static bool is_trusted(uid_t uid, uid_t trusted_uid) {
        return uid == 0 || uid == trusted_uid;
}

static int directory_check(const char *path, uid_t trusted_uid) {
        struct stat st;

        if (lstat(path, &st) < 0)
                return errno == ENOENT ? IPC_CLIENT_E_ABSENT : -errno;
        if (!S_ISDIR(st.st_mode) || !is_trusted(st.st_uid, trusted_uid))
                return IPC_CLIENT_E_UNTRUSTED;
        if (st.st_mode & (S_IWGRP | S_IWOTH) && !(st.st_mode & S_ISVTX))
                return IPC_CLIENT_E_UNTRUSTED;

        return 0;
}

static int socket_check(const char *path, uid_t trusted_uid) {
        struct stat st;

        if (lstat(path, &st) < 0)
                return errno == ENOENT ? IPC_CLIENT_E_ABSENT : -errno;
        if (!S_ISSOCK(st.st_mode) || !is_trusted(st.st_uid, trusted_uid))
                return IPC_CLIENT_E_UNTRUSTED;

        return 0;
}

static bool has_dots(const char *path) {
        return strstr(path, "/./") || strstr(path, "/../");
}

/* Walks from the root down: the rights of a directory count only if those of its parents are
 * sound. */
static int path_check(const char *path, uid_t trusted_uid) {
        struct sockaddr_un address;
        char part[sizeof(address.sun_path)];
        size_t size = strlen(path);
        int r;

        if (path[0] != '/' || size >= sizeof(part) || has_dots(path))
                return -EINVAL;

        memcpy(part, path, size + 1);
        r = directory_check("/", trusted_uid);
        for (char *slash = strchr(part + 1, '/'); slash && !r; slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                r = directory_check(part, trusted_uid);
                *slash = '/';
        }

        return r ? r : socket_check(part, trusted_uid);
}

static int wait_a_little(uint64_t deadline_usec) {
        if (left_msec(deadline_usec) == 0)
                return IPC_CLIENT_E_TIMEOUT;

        poll(NULL, 0, CONNECT_RETRY_MSEC);
        return 0;
}

static int socket_connect(int fd, const char *path, uint64_t deadline_usec) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int r;

        memcpy(address.sun_path, path, strlen(path) + 1);

        while (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
                if (errno == ENOENT || errno == ECONNREFUSED)
                        return IPC_CLIENT_E_ABSENT;
                if (errno != EAGAIN && errno != EINTR)
                        return -errno;
                r = wait_a_little(deadline_usec);
                if (r)
                        return r;
        }

        return 0;
}

static int server_check(int fd, uid_t trusted_uid) {
        struct ucred server;
        socklen_t size = sizeof(server);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &server, &size) < 0)
                return -errno;
        if (size != sizeof(server) || !is_trusted(server.uid, trusted_uid))
                return IPC_CLIENT_E_UNTRUSTED;

        return 0;
}

int ipc_client_open(
        const char *path, uid_t trusted_uid, uint64_t deadline_usec, IpcClient **ret_client) {
        _cleanup_(closep) int fd = -1;
        IpcClient *client;
        int r;

        r = path_check(path, trusted_uid);
        if (r)
                return r;

        fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;

        r = socket_connect(fd, path, deadline_usec);
        if (!r)
                r = server_check(fd, trusted_uid);
        if (r)
                return r;

        /* The buffer stays as malloc() gave it: zeroing 64 KiB would cost more than the exchange. */
        client = malloc(sizeof(*client));
        if (!client)
                return -ENOMEM;

        client->fd = TAKE_FD(fd);
        client->last_id = 0;
        client->broken = false;
        client->used = 0;
        *ret_client = client;
        return 0;
}

bool ipc_client_is_open(const IpcClient *client) {
        uint8_t byte;

        return recv(client->fd, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT) < 0 &&
               errno == EAGAIN;
}

static int wait_for(int fd, short events, uint64_t deadline_usec) {
        struct pollfd pfd = { .fd = fd, .events = events };
        uint64_t msec;
        int n;

        do {
                msec = left_msec(deadline_usec);
                n = poll(&pfd, 1, msec < INT32_MAX ? (int)msec : INT32_MAX);
        } while ((n < 0 && errno == EINTR) || (n == 0 && msec > INT32_MAX));
        if (n < 0)
                return -errno;

        return n > 0 ? 0 : IPC_CLIENT_E_TIMEOUT;
}

static int packet_send(IpcClient *client, uint64_t deadline_usec) {
        int r;

        /* Without MSG_NOSIGNAL a dead daemon would kill sshd by SIGPIPE. */
        while (send(client->fd, client->buffer, client->used, MSG_NOSIGNAL) < 0) {
                if (errno == EPIPE || errno == ECONNRESET)
                        return IPC_CLIENT_E_CLOSED;
                if (errno == EINTR)
                        continue;
                if (errno != EAGAIN)
                        return -errno;
                r = wait_for(client->fd, POLLOUT, deadline_usec);
                if (r)
                        return r;
        }

        return 0;
}

/* An answer often comes in less time than falling asleep and being woken take. So look for it
 * for a little while, yielding the processor, before sleeping. */
static int packet_await(int fd, struct msghdr *header, uint64_t deadline_usec, size_t *ret_size) {
        uint64_t sleep_usec = now_usec() + LOOK_USEC;
        ssize_t n;
        int r;

        while ((n = recvmsg(fd, header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC)) < 0) {
                if (errno != EAGAIN && errno != EINTR)
                        return errno == ECONNRESET ? IPC_CLIENT_E_CLOSED : -errno;
                if (now_usec() < sleep_usec) {
                        sched_yield();
                        continue;
                }
                r = wait_for(fd, POLLIN, deadline_usec);
                if (r)
                        return r;
        }

        *ret_size = (size_t)n;
        return n > 0 ? 0 : IPC_CLIENT_E_CLOSED;
}

static int packet_receive(IpcClient *client, uint64_t deadline_usec) {
        struct iovec part = { client->buffer, sizeof(client->buffer) };
        struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
        int r;

        r = packet_await(client->fd, &header, deadline_usec, &client->used);
        if (r)
                return r;

        /* MSG_CTRUNC: a descriptor came along, which the kernel closed for lack of room. */
        return header.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? IPC_CLIENT_E_MALFORMED : 0;
}

static int exchange(
        IpcClient *client, IpcMessage *request, uint64_t deadline_usec, IpcMessage *ret_reply) {
        IpcMessage reply;
        int r;

        r = ipc_message_encode(request, client->buffer, sizeof(client->buffer), &client->used);
        if (r) {
                /* The encoder may have copied a token before it failed, so wipe the buffer. */
                client->used = sizeof(client->buffer);
                return IPC_CLIENT_E_FULL;
        }

        r = packet_send(client, deadline_usec);
        secret_wipe(client->buffer, client->used);
        if (r)
                return r;

        r = packet_receive(client, deadline_usec);
        if (r)
                return r;
        if (ipc_message_decode(client->buffer, client->used, &reply))
                return IPC_CLIENT_E_MALFORMED;
        if (reply.type != (request->type | IPC_REPLY) || reply.id != request->id)
                return IPC_CLIENT_E_MALFORMED;

        *ret_reply = reply;
        return 0;
}

int ipc_client_call(IpcClient *client, const IpcMessage *request, uint64_t deadline_usec,
        IpcMessage *ret_reply) {
        IpcMessage sent = *request;
        int r;

        if (client->broken)
                return -ENOTCONN;
        if (left_msec(deadline_usec) == 0)
                return IPC_CLIENT_E_TIMEOUT;

        secret_wipe(client->buffer, client->used);
        client->used = 0;
        sent.id = ++client->last_id;
        sent.deadline_usec = deadline_usec;

        r = exchange(client, &sent, deadline_usec, ret_reply);
        client->broken = r != 0;
        return r;
}

Reason ipc_client_reason(int r) {
        switch (r) {
        case IPC_CLIENT_E_ABSENT:
                return REASON_DAEMON_ABSENT;
        case IPC_CLIENT_E_UNTRUSTED:
                return REASON_DAEMON_UNTRUSTED;
        case IPC_CLIENT_E_TIMEOUT:
                return REASON_DAEMON_TIMEOUT;
        case IPC_CLIENT_E_CLOSED:
                return REASON_DAEMON_CLOSED;
        case IPC_CLIENT_E_MALFORMED:
                return REASON_DAEMON_MALFORMED;
        case IPC_CLIENT_E_FULL:
                return REASON_BAD_REQUEST;
        }

        return REASON_INTERNAL;
}

IpcClient *ipc_client_close(IpcClient *client) {
        if (!client)
                return NULL;

        close(client->fd);
        secret_wipe(client->buffer, client->used);
        free(client);
        return NULL;
}
