/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "store-case.h"

#define EXIT_USAGE 2
#define EXIT_SKIP  77

StoreType store_case_type;

int store_case_choose(int argc, char **argv) {
        if (argc != 2 || (strcmp(argv[1], "sqlite") != 0 && strcmp(argv[1], "redis") != 0)) {
                fprintf(stderr, "usage: %s sqlite|redis\n", argv[0]);
                return EXIT_USAGE;
        }
        store_case_type = strcmp(argv[1], "redis") == 0 ? STORE_REDIS : STORE_SQLITE;
        return store_case_type == STORE_REDIS ? store_case_need_redis() : 0;
}

int store_case_need_redis(void) {
        if (redis_server_is_installed())
                return 0;
        fputs("redis-server is not installed: these cases are skipped\n", stderr);
        return EXIT_SKIP;
}

int store_case_setup(void **test) {
        store_fixture_new(store_case_type, (StoreFixture **)test);
        return 0;
}

int sqlite_case_setup(void **test) {
        store_fixture_new(STORE_SQLITE, (StoreFixture **)test);
        return 0;
}

int redis_case_setup(void **test) {
        store_fixture_new(STORE_REDIS, (StoreFixture **)test);
        store_fixture_wait_online(*test, true);
        return 0;
}

int store_case_teardown(void **test) {
        store_fixture_free(*test);
        return 0;
}
