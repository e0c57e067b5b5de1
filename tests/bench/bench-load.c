/* SPDX-License-Identifier: MIT */
#include "tests/bench/bench-load.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/bench/bench-socket.h"

#define SERVICE  "authtoken"
#define N_SEEN   16u
#define N_LOGINS 256u

static uint8_t buffer[IPC_MESSAGE_MAX];

/* Say that it has come to this point, and wait for a line, or the end, of standard input. */
static void wait_for_reader(void) {
        puts("ready");
        (void)fflush(stdout);
        (void)getchar();
}

static void ask(int fd, const IpcMessage *request, IpcStatus expected, IpcMessage *ret_answer) {
        bench_ask(fd, request, buffer, ret_answer);
        if (ret_answer->status != expected)
                errx(EXIT_FAILURE, "request %d: status %d, expected %d: %.*s", request->type,
                        ret_answer->status, expected, (int)ret_answer->reason.size,
                        ret_answer->reason.data ? ret_answer->reason.data : "");
}

static void validate(int fd, const BenchToken *token) {
        const IpcMessage request = {
                .type = IPC_VALIDATE,
                .id = 1,
                .token = { .data = token->text, .size = token->size },
        };
        IpcMessage answer;

        ask(fd, &request, token->expected, &answer);
}

void bench_load_validate(const BenchSetup *setup, size_t n) {
        _cleanup_(bench_pool_freep) BenchPool *pool = bench_pool_new(&setup->mint, N_SEEN, 0);

        for (size_t i = 0; i < N_SEEN + n; i++) {
                int fd = bench_connect(setup->socket_path);

                validate(fd, &pool->tokens[i % N_SEEN]);
                close(fd);
                if (i == N_SEEN - 1) /* from here on the daemon has seen all of them */
                        wait_for_reader();
        }
}

void bench_load_connections(const BenchSetup *setup, size_t n) {
        _cleanup_(bench_pool_freep) BenchPool *pool = bench_pool_new(&setup->mint, N_SEEN, 0);
        const struct rlimit files = { .rlim_cur = n + 64, .rlim_max = n + 64 };
        _cleanup_(freep) int *fds = calloc(n, sizeof(*fds));

        if (!fds)
                err(EXIT_FAILURE, "calloc");
        if (setrlimit(RLIMIT_NOFILE, &files) < 0)
                err(EXIT_FAILURE, "%zu descriptors", n);
        for (size_t i = 0; i < n; i++) {
                fds[i] = bench_connect(setup->socket_path);
                validate(fds[i], &pool->tokens[i % N_SEEN]);
        }
        wait_for_reader();
        for (size_t i = 0; i < n; i++) {
                validate(fds[i], &pool->tokens[i % N_SEEN]);
                close(fds[i]);
        }
}

typedef struct Login {
        const BenchSetup *setup;
        char handle[IPC_HANDLE_SIZE + 1];
} Login;

/* Each step on a connection of its own, as the module does it. */
static void step(Login *login, IpcType type, const BenchToken *token) {
        IpcMessage request = { .type = type, .id = 1 };
        IpcMessage answer;
        int fd = bench_connect(login->setup->socket_path);

        if (type != IPC_CLOSE_SESSION) {
                request.user = ipc_bytes(login->setup->user);
                request.service = ipc_bytes(SERVICE);
        }
        if (type == IPC_AUTHENTICATE)
                request.token = (IpcBytes){ .data = token->text, .size = token->size };
        else
                request.handle = ipc_bytes(login->handle);
        ask(fd, &request, token->expected, &answer);
        close(fd);
        if (type == IPC_AUTHENTICATE && token->expected == IPC_STATUS_OK) {
                if (answer.handle.size != IPC_HANDLE_SIZE)
                        errx(EXIT_FAILURE, "no handle: only root gets one");
                memcpy(login->handle, answer.handle.data, IPC_HANDLE_SIZE);
        }
}

void bench_load_logins(const BenchSetup *setup, size_t n) {
        _cleanup_(bench_pool_freep) BenchPool *pool =
                bench_pool_new(&setup->mint, N_LOGINS, BENCH_BAD_EVERY);

        for (size_t i = 0; i < n; i++) {
                const BenchToken *token = &pool->tokens[i % N_LOGINS];
                Login login = { .setup = setup };

                if (i == n / 2)
                        wait_for_reader();
                step(&login, IPC_AUTHENTICATE, token);
                if (token->expected != IPC_STATUS_OK)
                        continue;
                step(&login, IPC_ACCOUNT, token);
                step(&login, IPC_OPEN_SESSION, token);
                step(&login, IPC_CLOSE_SESSION, token);
        }
}
