/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/core-dump.h"
#include "daemon/config/config.h"
#include "daemon/manager.h"
#include "daemon/token/json-text.h"

enum {
        EXIT_USAGE = 2,
        OPTION_CONFIG = 256,
        OPTION_CHECK,
        OPTION_VERSION,
        OPTION_HELP,
};

static const struct option options[] = {
        { "config", required_argument, NULL, OPTION_CONFIG },
        { "check", no_argument, NULL, OPTION_CHECK },
        { "version", no_argument, NULL, OPTION_VERSION },
        { "help", no_argument, NULL, OPTION_HELP },
        {},
};

static void print_help(void) {
        printf("authtokend [--config FILE] [--check]\n\n"
               "Verifies, issues and ends token logins. See authtokend(8).\n\n"
               "  --config FILE  read this configuration alone, not the system's\n"
               "  --check        only say whether the configuration is good\n"
               "  --version      print the version\n"
               "  --help         print this\n");
}

typedef struct Invocation {
        const char *config_path; /* NULL: the system's files */
        bool check;
} Invocation;

static int check(const char *config_path) {
        _cleanup_(config_freep) Config *config = NULL;
        char message[CONFIG_MESSAGE_MAX] = "";
        int r;

        r = config_load(config_path, message, sizeof(message), &config);
        if (r)
                fprintf(stderr, "authtokend: configuration refused: %s\n",
                        *message ? message : strerror(-r));
        return r ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int parse(int argc, char **argv, Invocation *invocation) {
        int option;

        while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
                switch (option) {
                case OPTION_CONFIG:
                        invocation->config_path = optarg;
                        break;
                case OPTION_CHECK:
                        invocation->check = true;
                        break;
                case OPTION_VERSION:
                        printf("authtokend %s\n", AUTHTOKEN_VERSION);
                        return EXIT_SUCCESS;
                case OPTION_HELP:
                        print_help();
                        return EXIT_SUCCESS;
                default:
                        return EXIT_USAGE;
                }
        if (optind < argc) {
                fprintf(stderr, "authtokend: unexpected argument: %s\n", argv[optind]);
                return EXIT_USAGE;
        }
        return -1;
}

int main(int argc, char **argv) {
        _cleanup_(manager_freep) Manager *manager = NULL;
        Invocation invocation = {};
        int r;

        r = parse(argc, argv, &invocation);
        if (r >= 0)
                return r;
        if (invocation.check)
                return check(invocation.config_path);
        core_dump_refuse();
        json_text_need_memory();
        umask(0077);
        r = manager_new(invocation.config_path, &manager);
        if (r >= 0)
                r = manager_run(manager);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
