/* SPDX-License-Identifier: MIT */

/*
 * The measuring half of scripts/bench, which starts the daemon and judges what this prints.
 */

#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "tests/bench/bench-clock.h"
#include "tests/bench/bench-load.h"
#include "tests/bench/bench-rows.h"

#define LOAD_MAX 10000000u

typedef struct Options {
        BenchSetup setup;
        const char *key, *token, *revoked;
        uint64_t n, storm;
} Options;

static const struct {
        const char *name;
        void (*run)(const BenchSetup *setup);
} rows[] = {
        { "validate-fresh", bench_validate_fresh },
        { "validate-seen", bench_validate_seen },
        { "validate-storm", bench_validate_storm },
        { "validate-tail", bench_validate_tail },
        { "crowd", bench_crowd },
        { "validate-libjwt", bench_validate_libjwt },
        { "authenticate", bench_authenticate },
        { "login-tail-wrong", bench_login_tail_wrong },
        { "login-tail-flood", bench_login_tail_flood },
        { "pam", bench_pam },
        { "pam-account", bench_pam_account },
};

static const struct {
        const char *name;
        void (*run)(const BenchSetup *setup, size_t n);
} loads[] = {
        { "load-validate", bench_load_validate },
        { "load-connections", bench_load_connections },
        { "load-logins", bench_load_logins },
};

static const struct option long_options[] = {
        { "socket", required_argument, NULL, 's' },
        { "echo", required_argument, NULL, 'e' },
        { "redis", required_argument, NULL, 'r' },
        { "few", required_argument, NULL, 'f' },
        { "pam", required_argument, NULL, 'p' },
        { "user", required_argument, NULL, 'u' },
        { "key", required_argument, NULL, 'k' },
        { "token", required_argument, NULL, 't' },
        { "revoked", required_argument, NULL, 'x' },
        { "number", required_argument, NULL, 'n' },
        { "storm", required_argument, NULL, 'w' },
        { .name = NULL },
};

static const char **option_place(Options *options, int letter) {
        switch (letter) {
        case 's':
                return &options->setup.socket_path;
        case 'e':
                return &options->setup.echo_path;
        case 'r':
                return &options->setup.redis_path;
        case 'f':
                return &options->setup.few_path;
        case 'p':
                return &options->setup.pam_directory;
        case 'u':
                return &options->setup.user;
        case 'k':
                return &options->key;
        case 't':
                return &options->token;
        case 'x':
                return &options->revoked;
        }
        return NULL;
}

static void parse_options(int argc, char **argv, Options *options) {
        int letter;

        while ((letter = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
                const char **place = option_place(options, letter);

                if (place)
                        *place = optarg;
                else if ((letter != 'n' && letter != 'w') ||
                         text_parse_u64(optarg, LOAD_MAX,
                                 letter == 'n' ? &options->n : &options->storm) != 0)
                        errx(2, "bad option");
        }
        options->setup.storm_fd = (int)options->storm;
        if (!options->key || !options->token || !options->revoked || !options->setup.socket_path)
                errx(2, "--socket, --key, --token and --revoked are needed");
}

static bool run(const char *command, const Options *options) {
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (strcmp(command, rows[i].name) == 0) {
                        rows[i].run(&options->setup);
                        return true;
                }
        for (size_t i = 0; i < ARRAY_SIZE(loads); i++)
                if (strcmp(command, loads[i].name) == 0) {
                        loads[i].run(&options->setup, options->n);
                        return true;
                }
        return false;
}

int main(int argc, char **argv) {
        Options options = { .n = 1 };

        if (argc == 3 && strcmp(argv[1], "make-key") == 0) {
                bench_key_write(argv[2]);
                return EXIT_SUCCESS;
        }
        if (argc < 2)
                errx(2, "usage: %s make-key FILE | ROW OPTIONS | LOAD --number=N OPTIONS", argv[0]);
        parse_options(argc - 1, argv + 1, &options);
        bench_mint_open(options.key, options.token, options.revoked, &options.setup.mint);
        bench_use_cpu(CLIENT_CPU);
        if (!run(argv[1], &options))
                errx(2, "%s: no such row", argv[1]);
        bench_mint_clear(&options.setup.mint);
        return EXIT_SUCCESS;
}
