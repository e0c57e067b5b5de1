#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A file of tests of which each has a store of its own, of the type that the file is about, or that is chosen
 * on the command line.
 */

#include "store-fixture.h"

#define STORE_CASE(test) \
        cmocka_unit_test_setup_teardown(test, store_case_setup, store_case_teardown)
#define SQLITE_CASE(test) \
        cmocka_unit_test_setup_teardown(test, sqlite_case_setup, store_case_teardown)
#define REDIS_CASE(test) \
        cmocka_unit_test_setup_teardown(test, redis_case_setup, store_case_teardown)

/* By store_case_choose(). */
extern StoreType store_case_type;

/**
 * store_case_choose() - take the type of store from the command line
 * @argc:       of main()
 * @argv:       likewise
 *
 * Return: 0; otherwise main() ends with it.
 */
int store_case_choose(int argc, char **argv);

/**
 * store_case_need_redis() - say so if there is no server to test with
 *
 * Return: 0; otherwise main() ends with it.
 */
int store_case_need_redis(void);

/**
 * store_case_setup() - a store of the type that was chosen
 * @test:       receives a StoreFixture
 *
 * Return: 0.
 */
int store_case_setup(void **test);

/**
 * sqlite_case_setup() - an SQLite
 * @test:       receives a StoreFixture
 *
 * Return: 0.
 */
int sqlite_case_setup(void **test);

/**
 * redis_case_setup() - a Redis that is connected
 * @test:       receives a StoreFixture
 *
 * Return: 0.
 */
int redis_case_setup(void **test);

/**
 * store_case_teardown() - end and remove it
 * @test:       of either
 *
 * Return: 0.
 */
int store_case_teardown(void **test);
