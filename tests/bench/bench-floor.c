/* SPDX-License-Identifier: MIT */
#include "tests/bench/bench-floor.h"

#include <err.h>
#include <hiredis/hiredis.h>
#include <jwt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/bench-clock.h"
#include "tests/bench/bench-socket.h"

#define N_PROOFS 64u

static void echo_peer(int fd) {
        static uint8_t packet[IPC_MESSAGE_MAX];
        ssize_t n;

        while ((n = recv(fd, packet, sizeof(packet), 0)) > 0)
                if (send(fd, packet, (size_t)n, MSG_NOSIGNAL) < 0)
                        return;
}

static void echo_serve(int listener) {
        for (;;) {
                int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

                if (fd < 0)
                        err(EXIT_FAILURE, "accept");
                echo_peer(fd);
                close(fd);
        }
}

pid_t bench_echo_start(const char *path) {
        int listener = bench_listen(path);
        pid_t pid = fork();

        if (pid < 0)
                err(EXIT_FAILURE, "fork");
        if (pid == 0) {
                if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                        err(EXIT_FAILURE, "prctl");
                bench_use_cpu(SERVER_CPU);
                echo_serve(listener);
        }
        close(listener);
        return pid;
}

void bench_echo_stop(pid_t pid, const char *path) {
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
        (void)unlink(path);
}

double bench_verify_rate(const BenchMint *mint, uint64_t budget_nsec) {
        BenchProof proofs[N_PROOFS];
        uint64_t start, elapsed, n = 0;

        for (size_t i = 0; i < N_PROOFS; i++)
                bench_key_prove(mint->key, mint->live[i % mint->n_live], &proofs[i]);
        bench_use_cpu(SERVER_CPU);
        start = bench_now_nsec();
        do {
                bench_key_verify(mint->key, &proofs[n++ % N_PROOFS]);
                elapsed = bench_now_nsec() - start;
        } while (elapsed < budget_nsec);
        bench_use_cpu(CLIENT_CPU);
        for (size_t i = 0; i < N_PROOFS; i++)
                bench_proof_clear(&proofs[i]);
        return (double)n * (double)NSEC_PER_SEC / (double)elapsed;
}

static void redis_set(redisContext *redis) {
        redisReply *reply = redisCommand(redis, "SET bench:session live");

        if (!reply || reply->type == REDIS_REPLY_ERROR)
                errx(EXIT_FAILURE, "Redis refuses SET");
        freeReplyObject(reply);
}

static void libjwt_check(redisContext *redis, const char *token, const char *pem, int pem_size) {
        redisReply *reply;
        jwt_t *jwt = NULL;

        if (jwt_decode(&jwt, token, (const unsigned char *)pem, pem_size) != 0)
                errx(EXIT_FAILURE, "libjwt refuses a good token");
        reply = redisCommand(redis, "GET bench:session");
        if (!reply || reply->type != REDIS_REPLY_STRING)
                errx(EXIT_FAILURE, "Redis has no answer");
        freeReplyObject(reply);
        jwt_free(jwt);
}

double bench_libjwt_rate(const BenchMint *mint, const char *redis_path, uint64_t budget_nsec) {
        _cleanup_(freep) char *pem = bench_key_public_pem(mint->key);
        char *tokens[N_PROOFS];
        redisContext *redis = redisConnectUnix(redis_path);
        uint64_t start, elapsed, n = 0;

        if (!redis || redis->err)
                errx(EXIT_FAILURE, "%s: cannot connect", redis_path);
        redis_set(redis);
        for (size_t i = 0; i < N_PROOFS; i++)
                tokens[i] = bench_token_make_plain(mint);
        bench_use_cpu(SERVER_CPU);
        start = bench_now_nsec();
        do {
                libjwt_check(redis, tokens[n++ % N_PROOFS], pem, (int)strlen(pem));
                elapsed = bench_now_nsec() - start;
        } while (elapsed < budget_nsec);
        bench_use_cpu(CLIENT_CPU);
        for (size_t i = 0; i < N_PROOFS; i++)
                free(tokens[i]);
        redisFree(redis);
        return (double)n * (double)NSEC_PER_SEC / (double)elapsed;
}
