/* SPDX-License-Identifier: MIT */

/*
 * Who makes it hard for others, for scripts/bench. While "1" was the last that came in on standard input:
 *
 *   guess SOCKET USER TOKEN  wrong logins of one user, 1,000 a second, as sshd would send them: every second one from
 *                            a place that is locked out, the others from new places, until each is locked out
 *   flood SOCKET USER TOKEN  VALIDATE and AUTHENTICATE by that user from 200 connections, as fast as it can; who is
 *                            sent away is back at once
 *
 * The token's signature is broken first. At the end it prints how many requests it has made and for how long.
 */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "authtoken/ipc-message.h"
#include "common/cleanup.h"
#include "tests/bench/bench-clock.h"
#include "tests/bench/bench-socket.h"

#define N_PEERS       200u
#define N_EVENTS      64
#define SERVICE       "sshd"
#define NSEC_A_GUESS  UINT64_C(1000000)
#define TRIES_A_PLACE 12u /* two more than lock it out */
#define N_LATE_MAX    16u /* guesses that are made up for at once */

typedef struct Siege {
        const char *socket_path, *user;
        char token[IPC_TOKEN_MAX + 1];
        bool guesses, is_on;
        int epoll_fd;
        int fds[N_PEERS]; /* -1: not connected */
        uint64_t n_requests, began_nsec, due_nsec, lasted_nsec;
} Siege;

static void read_token(const char *path, Siege *siege) {
        FILE *file = fopen(path, "re");
        char *signature;

        if (!file || !fgets(siege->token, sizeof(siege->token), file))
                err(EXIT_FAILURE, "%s", path);
        (void)fclose(file);
        siege->token[strcspn(siege->token, "\n")] = '\0';
        signature = strrchr(siege->token, '.');
        if (!signature || strlen(signature) < 16)
                errx(EXIT_FAILURE, "%s: not a token", path);
        signature[10] = signature[10] == 'A' ? 'B' : 'A';
}

static void become(const char *user) {
        const struct passwd *entry = getpwnam(user);

        if (!entry)
                errx(EXIT_FAILURE, "%s: no such user", user);
        if (setgroups(0, NULL) < 0 || setgid(entry->pw_gid) < 0 || setuid(entry->pw_uid) < 0)
                err(EXIT_FAILURE, "cannot become %s", user);
}

static void leave(Siege *siege, size_t i) {
        if (siege->fds[i] >= 0)
                close(siege->fds[i]);
        siege->fds[i] = -1;
}

static void ask(Siege *siege, size_t i) {
        uint64_t n = siege->n_requests++, place = n % 2 ? n / 2 / TRIES_A_PLACE : 0;
        IpcMessage request = { .type = IPC_AUTHENTICATE, .id = (uint32_t)n };
        uint8_t buffer[IPC_MESSAGE_MAX];
        char rhost[32];
        size_t size;

        if (!siege->guesses && n % 2)
                request.type = IPC_VALIDATE;
        request.token = ipc_bytes(siege->token);
        if (request.type == IPC_AUTHENTICATE) {
                request.user = ipc_bytes(siege->user);
                request.service = ipc_bytes(SERVICE);
        }
        if (siege->guesses) {
                snprintf(rhost, sizeof(rhost), "10.%u.%u.%u", (unsigned int)(place >> 16 & 255),
                        (unsigned int)(place >> 8 & 255), (unsigned int)(place & 255));
                request.rhost = ipc_bytes(rhost);
        }
        if (ipc_message_encode(&request, buffer, sizeof(buffer), &size) != 0)
                errx(EXIT_FAILURE, "cannot encode a request");
        if (send(siege->fds[i], buffer, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
                leave(siege, i);
}

static void join(Siege *siege, size_t i) {
        struct epoll_event event = { .events = EPOLLIN, .data.u64 = i };

        siege->fds[i] = bench_connect(siege->socket_path);
        if (epoll_ctl(siege->epoll_fd, EPOLL_CTL_ADD, siege->fds[i], &event) < 0)
                err(EXIT_FAILURE, "epoll_ctl");
        ask(siege, i);
}

static void judge(Siege *siege, size_t i) {
        uint8_t buffer[IPC_MESSAGE_MAX];
        IpcMessage answer;
        ssize_t n = recv(siege->fds[i], buffer, sizeof(buffer), MSG_DONTWAIT);

        if (n < 0 && errno == EAGAIN)
                return;
        if (n > 0 && (ipc_message_decode(buffer, (size_t)n, &answer) != 0 ||
                             answer.status == IPC_STATUS_OK))
                errx(EXIT_FAILURE, "a forged token is not refused");
        if (n <= 0 || siege->guesses)
                leave(siege, i);
        else
                ask(siege, i);
}

static void press(Siege *siege) {
        uint64_t now_nsec = bench_now_nsec();

        if (siege->guesses && now_nsec > siege->due_nsec + N_LATE_MAX * NSEC_A_GUESS)
                siege->due_nsec = now_nsec;
        for (size_t i = 0; i < N_PEERS; i++) {
                if (siege->fds[i] >= 0)
                        continue;
                if (siege->guesses && siege->due_nsec > now_nsec)
                        return;
                siege->due_nsec += NSEC_A_GUESS;
                join(siege, i);
        }
}

static void set_on(Siege *siege, bool on) {
        uint64_t now_nsec = bench_now_nsec();

        if (siege->is_on)
                siege->lasted_nsec += now_nsec - siege->began_nsec;
        siege->began_nsec = siege->due_nsec = now_nsec;
        siege->is_on = on;
        for (size_t i = 0; i < N_PEERS && !on; i++)
                leave(siege, i);
}

/* Whether there is more to come. */
static bool read_order(Siege *siege) {
        char order;

        if (read(STDIN_FILENO, &order, sizeof(order)) <= 0)
                return false;
        set_on(siege, order == '1');
        return true;
}

/* Of a peer, or an order. Returns whether there is more to come. */
static bool take(Siege *siege, uint64_t i) {
        if (i == N_PEERS)
                return read_order(siege);
        if (siege->fds[i] >= 0)
                judge(siege, i);
        return true;
}

static int pause_msec(const Siege *siege) {
        if (!siege->is_on)
                return -1;
        return siege->guesses ? 1 : 0;
}

/* Whether there is more to come. */
static bool wait_and_take(Siege *siege) {
        struct epoll_event events[N_EVENTS];
        int n = epoll_wait(siege->epoll_fd, events, N_EVENTS, pause_msec(siege));

        for (int i = 0; i < n; i++)
                if (!take(siege, events[i].data.u64))
                        return false;
        return true;
}

int main(int argc, char **argv) {
        struct epoll_event order = { .events = EPOLLIN, .data.u64 = N_PEERS };
        static Siege siege;

        if (argc != 5 || (strcmp(argv[1], "guess") != 0 && strcmp(argv[1], "flood") != 0))
                errx(2, "usage: %s guess|flood SOCKET USER TOKEN", argv[0]);
        siege.guesses = !strcmp(argv[1], "guess");
        siege.socket_path = argv[2];
        siege.user = argv[3];
        read_token(argv[4], &siege);
        for (size_t i = 0; i < N_PEERS; i++)
                siege.fds[i] = -1;
        if (!siege.guesses)
                become(siege.user);
        siege.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        if (siege.epoll_fd < 0 ||
                epoll_ctl(siege.epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &order) < 0)
                err(EXIT_FAILURE, "epoll");
        puts("ready");
        (void)fflush(stdout);
        while (wait_and_take(&siege))
                if (siege.is_on)
                        press(&siege);
        set_on(&siege, false);
        printf("%llu %llu\n", (unsigned long long)siege.n_requests,
                (unsigned long long)siege.lasted_nsec);
        return EXIT_SUCCESS;
}
