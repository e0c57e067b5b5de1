#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Notices of failures, one line a kind in ten seconds: a store that refuses a thousand logins a second
 * must not bury the journal under a thousand lines a second.
 */

#include <stdbool.h>
#include <stdint.h>

typedef struct UserStore UserStore;

typedef enum StoreFailure {
        STORE_FAILURE_LOST,     /* the connection */
        STORE_FAILURE_ABSENT,   /* an attempt at one has failed */
        STORE_FAILURE_UNWANTED, /* a connection that we or the server refuse */
        STORE_FAILURE_UNTOLD,   /* of changes by others */
        STORE_FAILURE_OOM,
        STORE_FAILURE_READONLY,
        STORE_FAILURE_LOADING,
        STORE_FAILURE_MISCONF,
        STORE_FAILURE_NOAUTH,
        STORE_FAILURE_NOPERM,
        STORE_FAILURE_BUSY,
        STORE_FAILURE_WRONGTYPE,
        STORE_FAILURE_REPLY,
        STORE_FAILURE_CORRUPT,
        STORE_FAILURE_USERS, /* their list is lost */
        STORE_FAILURE_FULL,
        STORE_FAILURE_IO,
        STORE_FAILURE_TIMEOUT,
        STORE_FAILURE_REPLICAS,
        STORE_FAILURE_OTHER,
} StoreFailure;

#define STORE_FAILURE_COUNT (STORE_FAILURE_OTHER + 1u)

typedef struct StoreNotices {
        uint64_t next_usec[STORE_FAILURE_COUNT]; /* CLOCK_MONOTONIC; before it the kind is silent */
        unsigned int n_silent[STORE_FAILURE_COUNT];
} StoreNotices;

/**
 * store_notices_tell() - report a failure, unless its kind was reported just now
 * @notices:    zeroed at first
 * @store:      whose notice function is called
 * @failure:    its kind
 * @format:     printf's
 *
 * Return: whether it was reported.
 */
bool store_notices_tell(StoreNotices *notices, UserStore *store, StoreFailure failure,
        const char *format, ...) __attribute__((format(printf, 4, 5)));
