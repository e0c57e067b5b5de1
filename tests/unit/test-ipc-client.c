/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/ipc-client.h"

#define HANDLE       "AAECAwQFBgcICQoLDA0ODw"
#define SECOND       UINT64_C(1000000)
#define CALL_TIMEOUT (20 * SECOND)

static const IpcMessage request = {
        .type = IPC_CLOSE_SESSION,
        .handle = { HANDLE, IPC_HANDLE_SIZE },
};

/* A socket in a directory of one's own. */
typedef struct Place {
        char directory[64];
        char path[80];
        int listener;
} Place;

static int setup(void **state) {
        static Place place;
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        snprintf(place.directory, sizeof(place.directory), "/tmp/authtoken-client-XXXXXX");
        assert_non_null(mkdtemp(place.directory));
        snprintf(place.path, sizeof(place.path), "%s/sock", place.directory);
        place.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        assert_true(place.listener >= 0);
        snprintf(address.sun_path, sizeof(address.sun_path), "%s", place.path);
        assert_int_equal(bind(place.listener, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(listen(place.listener, 1), 0);
        *state = &place;
        return 0;
}

static int teardown(void **state) {
        Place *place = *state;

        close(place->listener);
        unlink(place->path);
        rmdir(place->directory);
        return 0;
}

static IpcClient *client_open(const Place *place) {
        IpcClient *client = NULL;

        assert_int_equal(
                ipc_client_open(place->path, geteuid(), ipc_client_deadline(CALL_TIMEOUT), &client),
                0);
        assert_non_null(client);
        return client;
}

/* Answers so many requests of one connection, with OK, in a process of its own. */
static pid_t server_start(const Place *place, unsigned int count) {
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid > 0)
                return pid;

        int fd = accept(place->listener, NULL, NULL);
        for (unsigned int i = 0; i < count; i++) {
                uint8_t packet[1024];
                ssize_t size = recv(fd, packet, sizeof(packet), 0);
                IpcMessage message;
                size_t used;

                if (size <= 0 || ipc_message_decode(packet, (size_t)size, &message))
                        _exit(1);
                message = (IpcMessage){ .type = (IpcType)(message.type | IPC_REPLY),
                        .id = message.id };
                if (ipc_message_encode(&message, packet, sizeof(packet), &used) ||
                        send(fd, packet, used, MSG_NOSIGNAL) < 0)
                        _exit(1);
        }
        _exit(0);
}

static void server_wait(pid_t pid) {
        int status;

        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

static void test_several_calls(void **state) {
        pid_t server = server_start(*state, 3);
        _cleanup_(ipc_client_closep) IpcClient *client = client_open(*state);
        uint32_t last_id = 0;

        for (unsigned int i = 0; i < 3; i++) {
                IpcMessage reply;

                assert_int_equal(ipc_client_call(client, &request,
                                         ipc_client_deadline(CALL_TIMEOUT), &reply),
                        0);
                assert_int_equal(reply.type, IPC_CLOSE_SESSION | IPC_REPLY);
                assert_int_equal(reply.status, IPC_STATUS_OK);
                assert_int_not_equal(reply.id, last_id);
                last_id = reply.id;
        }
        server_wait(server);
}

/* Sending to a closed connection raises SIGPIPE, which would end sshd. */
static void test_server_gone_between_calls(void **state) {
        pid_t server = server_start(*state, 1);
        _cleanup_(ipc_client_closep) IpcClient *client = client_open(*state);
        IpcMessage reply;

        assert_int_equal(
                ipc_client_call(client, &request, ipc_client_deadline(CALL_TIMEOUT), &reply), 0);
        server_wait(server);
        assert_int_equal(
                ipc_client_call(client, &request, ipc_client_deadline(CALL_TIMEOUT), &reply),
                IPC_CLIENT_E_CLOSED);
}

static void test_no_answer(void **state) {
        _cleanup_(ipc_client_closep) IpcClient *client = client_open(*state);
        uint64_t begin = ipc_client_deadline(0);
        IpcMessage reply = { .id = 4711 };

        assert_int_equal(ipc_client_call(client, &request, begin + SECOND / 10, &reply),
                IPC_CLIENT_E_TIMEOUT);
        assert_true(ipc_client_deadline(0) >= begin + SECOND / 10);
        assert_int_equal(reply.id, 4711);
        /* The answer may still come; it must never be taken for the next one's. */
        assert_int_equal(
                ipc_client_call(client, &request, ipc_client_deadline(CALL_TIMEOUT), &reply),
                -ENOTCONN);
}

static void test_deadline_that_has_passed(void **state) {
        _cleanup_(ipc_client_closep) IpcClient *client = client_open(*state);
        uint8_t packet[1024];
        IpcMessage reply;
        int fd = accept(((Place *)*state)->listener, NULL, NULL);

        assert_int_equal(ipc_client_call(client, &request, ipc_client_deadline(0), &reply),
                IPC_CLIENT_E_TIMEOUT);
        assert_int_equal(recv(fd, packet, sizeof(packet), MSG_DONTWAIT), -1);
        close(fd);
}

static void test_time_out_without_end(void **state) {
        (void)state;
        assert_true(ipc_client_deadline(UINT64_MAX) == UINT64_MAX);
        assert_true(ipc_client_deadline(UINT64_MAX - 1) == UINT64_MAX);
        assert_true(ipc_client_deadline(INT64_MAX) > ipc_client_deadline(CALL_TIMEOUT));
}

static void test_request_that_does_not_fit(void **state) {
        _cleanup_(ipc_client_closep) IpcClient *client = client_open(*state);
        IpcMessage large = request, reply;
        static char token[IPC_TOKEN_MAX + 1];

        large.token = (IpcBytes){ token, sizeof(token) };
        assert_int_equal(ipc_client_call(client, &large, ipc_client_deadline(CALL_TIMEOUT), &reply),
                IPC_CLIENT_E_FULL);
}

/* One waits to be accepted, and one more fits into the queue of size 1. */
static void test_full_queue(void **state) {
        const Place *place = *state;
        IpcClient *clients[16] = { NULL };
        size_t count = 0;
        int r = 0;

        while (count < 16 && r == 0) {
                uint64_t begin = ipc_client_deadline(0);

                r = ipc_client_open(place->path, geteuid(), begin + SECOND / 10, &clients[count]);
                if (r == 0)
                        count++;
                else
                        assert_true(ipc_client_deadline(0) >= begin + SECOND / 10);
        }
        assert_int_equal(r, IPC_CLIENT_E_TIMEOUT);
        for (size_t i = 0; i < count; i++)
                ipc_client_close(clients[i]);
}

static void test_no_socket(void **state) {
        const Place *place = *state;
        IpcClient *client = NULL;

        unlink(place->path);
        assert_int_equal(
                ipc_client_open(place->path, geteuid(), ipc_client_deadline(CALL_TIMEOUT), &client),
                IPC_CLIENT_E_ABSENT);
        assert_null(client);
}

static void test_nobody_listens(void **state) {
        Place *place = *state;
        IpcClient *client = NULL;

        close(place->listener);
        place->listener = -1;
        assert_int_equal(
                ipc_client_open(place->path, geteuid(), ipc_client_deadline(CALL_TIMEOUT), &client),
                IPC_CLIENT_E_ABSENT);
}

static void test_paths_that_are_refused(void **state) {
        const Place *place = *state;
        char dots[128], parents[128], relative[128], long_path[200];
        const char *paths[] = { "", dots, parents, relative, long_path };

        snprintf(dots, sizeof(dots), "%s/./sock", place->directory);
        snprintf(parents, sizeof(parents), "%s/../%s", place->directory, place->path + 5);
        snprintf(relative, sizeof(relative), "%s", place->path + 1);
        memset(long_path, 'x', sizeof(long_path) - 1);
        long_path[0] = '/';
        long_path[sizeof(long_path) - 1] = '\0';
        for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
                IpcClient *client = NULL;

                assert_int_equal(ipc_client_open(paths[i], geteuid(),
                                         ipc_client_deadline(CALL_TIMEOUT), &client),
                        -EINVAL);
                assert_null(client);
        }
}

static void test_closing_nothing(void **state) {
        (void)state;
        assert_null(ipc_client_close(NULL));
}

#define WITH_PLACE(sentence, function)                                            \
        {                                                                         \
                .name = (sentence), .test_func = (function), .setup_func = setup, \
                .teardown_func = teardown                                         \
        }

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_PLACE("a connection serves several calls", test_several_calls),
                WITH_PLACE("a server that went away is told", test_server_gone_between_calls),
                WITH_PLACE("a missing answer ends the connection", test_no_answer),
                WITH_PLACE("nothing is sent when it is too late", test_deadline_that_has_passed),
                WITH_PLACE("a request that does not fit is told", test_request_that_does_not_fit),
                WITH_PLACE("a full queue is waited for until the deadline", test_full_queue),
                WITH_PLACE("a missing socket is told", test_no_socket),
                WITH_PLACE("a socket that nobody listens on is told", test_nobody_listens),
                WITH_PLACE("odd paths are refused", test_paths_that_are_refused),
                { "a time-out without end has not passed already", test_time_out_without_end, NULL,
                        NULL, NULL },
                { "closing nothing is fine", test_closing_nothing, NULL, NULL, NULL },
        };

        return cmocka_run_group_tests_name("ipc-client", tests, NULL, NULL);
}
