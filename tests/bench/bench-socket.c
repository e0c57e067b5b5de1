/* SPDX-License-Identifier: MIT */
#include "tests/bench/bench-socket.h"

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/bench/bench-clock.h"

/* Few system calls for the client, so that the server is what gets measured. */
#define BATCH       16u
#define ANSWER_SIZE 2048u

#define DOZE_MIN_NSEC UINT64_C(20000)
#define DOZE_MAX_NSEC UINT64_C(1000000)

static struct sockaddr_un address_of(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        if (strlen(path) >= sizeof(address.sun_path))
                errx(EXIT_FAILURE, "%s: too long for a socket", path);
        memcpy(address.sun_path, path, strlen(path) + 1);
        return address;
}

static int make_socket(void) {
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

        if (fd < 0)
                err(EXIT_FAILURE, "socket");
        return fd;
}

int bench_connect(const char *path) {
        const struct sockaddr_un address = address_of(path);
        int fd = make_socket();

        if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
                err(EXIT_FAILURE, "%s", path);
        return fd;
}

int bench_listen(const char *path) {
        const struct sockaddr_un address = address_of(path);
        int fd = make_socket();

        if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
                listen(fd, 4096) < 0)
                err(EXIT_FAILURE, "%s", path);
        return fd;
}

void bench_ask(int fd, const IpcMessage *request, uint8_t buffer[IPC_MESSAGE_MAX],
        IpcMessage *ret_answer) {
        size_t size;
        ssize_t n;

        if (ipc_message_encode(request, buffer, IPC_MESSAGE_MAX, &size) != 0)
                errx(EXIT_FAILURE, "cannot encode a request");
        if (send(fd, buffer, size, MSG_NOSIGNAL) < 0)
                err(EXIT_FAILURE, "send");
        n = recv(fd, buffer, IPC_MESSAGE_MAX, 0);
        if (n <= 0)
                errx(EXIT_FAILURE, "the connection was closed");
        if (ipc_message_decode(buffer, (size_t)n, ret_answer) != 0)
                errx(EXIT_FAILURE, "an answer breaks the protocol");
}

void bench_validate_one(int fd, const BenchToken *token) {
        static uint8_t buffer[IPC_MESSAGE_MAX];
        IpcMessage answer;
        ssize_t n;

        if (send(fd, token->packet, token->packet_size, MSG_NOSIGNAL) < 0)
                err(EXIT_FAILURE, "send");
        n = recv(fd, buffer, sizeof(buffer), 0);
        if (n <= 0 || ipc_message_decode(buffer, (size_t)n, &answer) != 0 ||
                answer.status != token->expected)
                errx(EXIT_FAILURE, "a token is not judged as expected");
}

typedef struct Stream {
        int fd;
        const BenchPool *pool;
        bool is_echo;
        uint64_t start_nsec;
        size_t next, n_in_flight;
        BenchCount *count;
} Stream;

static void stream_send(Stream *stream, size_t n) {
        struct mmsghdr messages[BATCH];
        struct iovec pieces[BATCH];
        int sent;

        memset(messages, 0, sizeof(messages));
        for (size_t i = 0; i < n; i++) {
                const BenchPool *pool = stream->pool;
                const BenchToken *token = &pool->tokens[(stream->next + i) % pool->n_tokens];

                pieces[i] = (struct iovec){ token->packet, token->packet_size };
                messages[i].msg_hdr = (struct msghdr){ .msg_iov = &pieces[i], .msg_iovlen = 1 };
        }
        sent = sendmmsg(stream->fd, messages, (unsigned int)n, MSG_NOSIGNAL);
        if (sent < 0)
                err(EXIT_FAILURE, "sendmmsg");
        stream->next += (size_t)sent;
        stream->n_in_flight += (size_t)sent;
}

static void stream_judge(Stream *stream, const uint8_t *packet, size_t size) {
        const BenchToken *token;
        IpcMessage answer;

        if (ipc_message_decode(packet, size, &answer) != 0 || answer.id >= stream->pool->n_tokens)
                errx(EXIT_FAILURE, "an answer breaks the protocol");
        token = &stream->pool->tokens[answer.id];
        if (!stream->is_echo && answer.status != token->expected)
                errx(EXIT_FAILURE, "token %u: status %d, expected %d: %.*s", answer.id,
                        answer.status, token->expected, (int)answer.reason.size,
                        answer.reason.data ? answer.reason.data : "");
        stream->count->n_answers++;
        if (!stream->is_echo && token->expected != IPC_STATUS_OK)
                stream->count->n_refused++;
}

/* Until about a quarter of the window has been answered. A client that slept on the socket would
 * have the server wake it for each answer, and one that never slept would heat the processor that
 * the server's is a twin of: both would be counted as the server's work. */
static void stream_doze(const Stream *stream) {
        uint64_t elapsed_nsec = bench_now_nsec() - stream->start_nsec;
        uint64_t nsec = stream->count->n_answers == 0
                                ? DOZE_MIN_NSEC
                                : elapsed_nsec / stream->count->n_answers * BENCH_IN_FLIGHT / 4;
        const struct timespec span = {
                .tv_nsec = (long)(nsec < DOZE_MIN_NSEC   ? DOZE_MIN_NSEC
                                  : nsec > DOZE_MAX_NSEC ? DOZE_MAX_NSEC
                                                         : nsec),
        };

        (void)ppoll(NULL, 0, &span, NULL);
}

static void stream_receive(Stream *stream) {
        static uint8_t buffers[BATCH][ANSWER_SIZE];
        struct mmsghdr messages[BATCH];
        struct iovec pieces[BATCH];
        int n;

        memset(messages, 0, sizeof(messages));
        for (size_t i = 0; i < BATCH; i++) {
                pieces[i] = (struct iovec){ buffers[i], sizeof(buffers[i]) };
                messages[i].msg_hdr = (struct msghdr){ .msg_iov = &pieces[i], .msg_iovlen = 1 };
        }
        while ((n = recvmmsg(stream->fd, messages, BATCH, MSG_DONTWAIT, NULL)) < 0 &&
                errno == EAGAIN)
                stream_doze(stream);
        if (n <= 0 || messages[0].msg_len == 0)
                errx(EXIT_FAILURE, "the connection was closed");
        for (int i = 0; i < n; i++)
                stream_judge(stream, buffers[i], messages[i].msg_len);
        stream->n_in_flight -= (size_t)n;
}

static size_t stream_room(const Stream *stream, bool once) {
        size_t room = BENCH_IN_FLIGHT - stream->n_in_flight;

        if (once && stream->pool->n_tokens - stream->next < room)
                room = stream->pool->n_tokens - stream->next;
        return room < BATCH ? room : BATCH;
}

void bench_stream(
        int fd, const BenchPool *pool, uint64_t budget_nsec, bool is_echo, BenchCount *ret_count) {
        Stream stream = {
                .fd = fd,
                .pool = pool,
                .is_echo = is_echo,
                .start_nsec = bench_now_nsec(),
                .count = ret_count,
        };
        bool sending = true;

        *ret_count = (BenchCount){ .n_answers = 0 };
        if (prctl(PR_SET_TIMERSLACK, 1UL) < 0)
                warn("timers are late");
        while (sending || stream.n_in_flight > 0) {
                size_t room = sending ? stream_room(&stream, budget_nsec == 0) : 0;

                if (room > 0)
                        stream_send(&stream, room);
                if (stream.n_in_flight == BENCH_IN_FLIGHT || room == 0)
                        stream_receive(&stream);
                if (budget_nsec > 0)
                        sending = bench_now_nsec() - stream.start_nsec < budget_nsec;
                else
                        sending = stream.next < pool->n_tokens;
        }
        ret_count->elapsed_nsec = bench_now_nsec() - stream.start_nsec;
}
