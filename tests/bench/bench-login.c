/* SPDX-License-Identifier: MIT */
#include <err.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <security/pam_appl.h>

#include "tests/bench/bench-clock.h"
#include "tests/bench/bench-floor.h"
#include "tests/bench/bench-rows.h"
#include "tests/bench/bench-socket.h"

/* Measured one by one, so a round has a number and not a duration: 600 take 100 ms and more. */
#define N_PER_ROUND 600u
#define SERVICE     "authtoken"

static double seconds_since(uint64_t start) {
        return (double)(bench_now_nsec() - start) / (double)NSEC_PER_SEC;
}

static double verify_seconds(const BenchSetup *setup) {
        return 1 / bench_verify_rate(&setup->mint, BENCH_ROUND_NSEC / 2);
}

static void ask_to_login(const BenchSetup *setup, const BenchToken *token, BenchRow *row) {
        const IpcMessage request = {
                .type = IPC_AUTHENTICATE,
                .id = 1,
                .user = ipc_bytes(setup->user),
                .service = ipc_bytes(SERVICE),
                .token = { .data = token->text, .size = token->size },
        };
        static uint8_t buffer[IPC_MESSAGE_MAX];
        uint64_t start = bench_now_nsec();
        int fd = bench_connect(setup->socket_path);
        IpcMessage answer;

        bench_ask(fd, &request, buffer, &answer);
        close(fd);
        if (answer.status != token->expected)
                errx(EXIT_FAILURE, "AUTHENTICATE: status %d, expected %d: %.*s", answer.status,
                        token->expected, (int)answer.reason.size,
                        answer.reason.data ? answer.reason.data : "");
        row->n_answers++;
        if (token->expected != IPC_STATUS_OK)
                row->n_refused++;
        else
                bench_row_collect(row, seconds_since(start));
}

static double authenticate_seconds(const BenchSetup *setup, BenchRow *row) {
        _cleanup_(bench_pool_freep) BenchPool *pool =
                bench_pool_new(&setup->mint, N_PER_ROUND, BENCH_BAD_EVERY);
        double round[N_PER_ROUND];
        size_t n, before = row->n_samples;

        for (size_t i = 0; i < pool->n_tokens; i++)
                ask_to_login(setup, &pool->tokens[i], row);
        n = row->n_samples - before;
        memcpy(round, row->samples + before, n * sizeof(*round));
        return bench_median(round, n);
}

static double echo_seconds(const BenchSetup *setup, BenchRow *row _unused_) {
        _cleanup_(bench_pool_freep) BenchPool *pool = bench_pool_new(&setup->mint, 1, 0);
        double round[N_PER_ROUND];
        uint8_t buffer[4096];

        for (size_t i = 0; i < N_PER_ROUND; i++) {
                uint64_t start = bench_now_nsec();
                int fd = bench_connect(setup->echo_path);

                if (send(fd, pool->tokens->packet, pool->tokens->packet_size, MSG_NOSIGNAL) < 0 ||
                        recv(fd, buffer, sizeof(buffer), 0) <= 0)
                        err(EXIT_FAILURE, "echo server");
                close(fd);
                round[i] = seconds_since(start);
        }
        return bench_median(round, N_PER_ROUND) + verify_seconds(setup);
}

void bench_authenticate(const BenchSetup *setup) {
        BenchRow row = {
                .name = "authenticate",
                .unit = "s",
                .ours = authenticate_seconds,
                .floor = echo_seconds,
        };
        pid_t echo = bench_echo_start(setup->echo_path);

        bench_row_run(setup, &row);
        bench_echo_stop(echo, setup->echo_path);
}

static int converse(int n, const struct pam_message **messages _unused_,
        struct pam_response **ret_responses, void *token) {
        struct pam_response *responses = calloc((size_t)n, sizeof(*responses));

        if (!responses)
                return PAM_BUF_ERR;
        for (int i = 0; i < n; i++)
                responses[i].resp = strdup(token);
        *ret_responses = responses;
        return PAM_SUCCESS;
}

/* From pam_start() to pam_end(). */
static int transact(const BenchSetup *setup, const char *service, bool account, const char *token) {
        const struct pam_conv conversation = { .conv = converse, .appdata_ptr = (void *)token };
        pam_handle_t *handle = NULL;
        int r = pam_start_confdir(
                service, setup->user, &conversation, setup->pam_directory, &handle);

        if (r != PAM_SUCCESS)
                errx(EXIT_FAILURE, "pam_start_confdir: %d", r);
        r = pam_authenticate(handle, 0);
        if (r == PAM_SUCCESS && account)
                r = pam_acct_mgmt(handle, 0);
        (void)pam_end(handle, r);
        return r;
}

static double permit_seconds(const BenchSetup *setup, bool account) {
        double round[N_PER_ROUND];

        for (size_t i = 0; i < N_PER_ROUND; i++) {
                uint64_t start = bench_now_nsec();

                if (transact(setup, account ? "permit-account" : "permit", account, "") !=
                        PAM_SUCCESS)
                        errx(EXIT_FAILURE, "pam_permit refuses");
                round[i] = seconds_since(start);
        }
        return bench_median(round, N_PER_ROUND) + verify_seconds(setup);
}

static double module_seconds(const BenchSetup *setup, BenchRow *row, bool account) {
        _cleanup_(bench_pool_freep) BenchPool *pool =
                bench_pool_new(&setup->mint, N_PER_ROUND, BENCH_BAD_EVERY);
        const char *service = account ? SERVICE "-account" : SERVICE;
        double round[N_PER_ROUND];
        size_t n = 0;

        for (size_t i = 0; i < pool->n_tokens; i++) {
                const BenchToken *token = &pool->tokens[i];
                uint64_t start = bench_now_nsec();
                int r = transact(setup, service, account, token->text);

                if ((r == PAM_SUCCESS) != (token->expected == IPC_STATUS_OK))
                        errx(EXIT_FAILURE, "the module says %d to a token of status %d", r,
                                token->expected);
                row->n_answers++;
                if (r == PAM_SUCCESS)
                        round[n++] = seconds_since(start);
                else
                        row->n_refused++;
        }
        return bench_median(round, n);
}

static double permit_auth(const BenchSetup *setup, BenchRow *row _unused_) {
        return permit_seconds(setup, false);
}

static double permit_account(const BenchSetup *setup, BenchRow *row _unused_) {
        return permit_seconds(setup, true);
}

static double module_auth(const BenchSetup *setup, BenchRow *row) {
        return module_seconds(setup, row, false);
}

static double module_account(const BenchSetup *setup, BenchRow *row) {
        return module_seconds(setup, row, true);
}

void bench_pam(const BenchSetup *setup) {
        BenchRow row = { .name = "pam", .unit = "s", .ours = module_auth, .floor = permit_auth };

        bench_row_run(setup, &row);
}

void bench_pam_account(const BenchSetup *setup) {
        BenchRow row = {
                .name = "pam-account",
                .unit = "s",
                .ours = module_account,
                .floor = permit_account,
        };

        bench_row_run(setup, &row);
}
