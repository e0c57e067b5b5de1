/* SPDX-License-Identifier: MIT */
#include <err.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/bench-clock.h"
#include "tests/bench/bench-rows.h"
#include "tests/bench/bench-socket.h"

#define SERVICE "sshd"
#define RHOST   "192.0.2.1"
/* Of one round; a login takes longer than a tenth of a millisecond. */
#define ROUND_NSEC   (BENCH_ROUND_NSEC * 4)
#define N_LOGINS_MAX (ROUND_NSEC / 100000)
/* What those who press need to be at their height, and the daemon to be done with what they left. */
#define SETTLE_NSEC (BENCH_ROUND_NSEC / 2)

/* On a connection of its own, as the module does it. */
static void step(const BenchSetup *setup, IpcMessage *request, char handle[IPC_HANDLE_SIZE + 1]) {
        static uint8_t buffer[IPC_MESSAGE_MAX];
        int fd = bench_connect(setup->socket_path);
        IpcMessage answer;

        request->id = 1;
        request->user = ipc_bytes(setup->user);
        request->service = ipc_bytes(SERVICE);
        request->rhost = ipc_bytes(RHOST);
        bench_ask(fd, request, buffer, &answer);
        close(fd);
        if (answer.status != IPC_STATUS_OK)
                errx(EXIT_FAILURE, "request %d: status %d: %.*s", request->type, answer.status,
                        (int)answer.reason.size, answer.reason.data ? answer.reason.data : "");
        if (answer.handle.size == IPC_HANDLE_SIZE)
                memcpy(handle, answer.handle.data, IPC_HANDLE_SIZE);
}

static double log_in(const BenchSetup *setup, const BenchToken *token) {
        IpcMessage authenticate = { .type = IPC_AUTHENTICATE,
                .token = { token->text, token->size } };
        IpcMessage account = { .type = IPC_ACCOUNT };
        char handle[IPC_HANDLE_SIZE + 1] = "";
        uint64_t begin_nsec = bench_now_nsec();

        step(setup, &authenticate, handle);
        account.handle = ipc_bytes(handle);
        step(setup, &account, handle);
        return (double)(bench_now_nsec() - begin_nsec) / (double)NSEC_PER_SEC;
}

/* Logins one after the other; returns how many. */
static size_t log_in_for(const BenchSetup *setup, uint64_t nsec, double seconds[N_LOGINS_MAX]) {
        _cleanup_(bench_pool_freep) BenchPool *pool = bench_pool_new(&setup->mint, N_LOGINS_MAX, 0);
        const struct sched_param first = { .sched_priority = 1 };
        uint64_t end_nsec = bench_now_nsec() + nsec;
        size_t n = 0;

        /* What it waits for its processor, which it shares with those who press, is not the daemon's time. */
        (void)sched_setscheduler(0, SCHED_FIFO, &first);
        while (n < N_LOGINS_MAX && bench_now_nsec() < end_nsec) {
                seconds[n] = log_in(setup, &pool->tokens[n]);
                n++;
        }
        (void)sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){ .sched_priority = 0 });
        return n;
}

static double tail_time(const BenchSetup *setup, BenchRow *row) {
        static double seconds[N_LOGINS_MAX];
        size_t n = log_in_for(setup, ROUND_NSEC, seconds);

        row->n_answers += n;
        return bench_quantile(seconds, n, 0.99);
}

static void order(const BenchSetup *setup, const char *text) {
        static double seconds[N_LOGINS_MAX];

        if (write(setup->storm_fd, text, 1) != 1)
                err(EXIT_FAILURE, "the siege is over");
        (void)log_in_for(setup, SETTLE_NSEC, seconds);
}

static double pressed_time(const BenchSetup *setup, BenchRow *row) {
        double time;

        order(setup, "1");
        time = tail_time(setup, row);
        order(setup, "0");
        return time;
}

static double calm_time(const BenchSetup *setup, BenchRow *row _unused_) {
        BenchRow aside = { .name = "calm" };

        return tail_time(setup, &aside);
}

static void run_tail(const BenchSetup *setup, const char *name) {
        BenchRow row = { .name = name, .unit = "s", .ours = pressed_time, .floor = calm_time };

        bench_row_run(setup, &row);
}

void bench_login_tail_wrong(const BenchSetup *setup) {
        run_tail(setup, "login-tail-wrong");
}

void bench_login_tail_flood(const BenchSetup *setup) {
        run_tail(setup, "login-tail-flood");
}
