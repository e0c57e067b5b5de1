#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Which store, and where.
 */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/store/store-type.h"

/* Borrowed for user_store_new() only. */
typedef struct StoreConfig {
        StoreType type;
        const char *path;                /* SQLite: file; made 0600 */
        const char *address;             /* Redis: unix:PATH or tcp:IP:PORT */
        const char *username, *password; /* Redis AUTH; NULL for none */
        unsigned int database;           /* Redis SELECT */
        const char *prefix;              /* Redis key prefix */
        const char *tenant;              /* Redis: the tenant whose changes by others are announced;
                                    * NULL: none */
        uint64_t timeout_usec;           /* of every command */
        bool require_durable;            /* refuse a Redis without AOF or with eviction */
        bool allow_plaintext;            /* TCP beyond loopback */
        bool unsafe_no_sync;             /* SQLite synchronous=OFF, for measurements only */
        const char *sentinels;           /* Redis: with spaces between; NULL: @address it is */
        const char *sentinel_name;       /* what they call the master */
        const char *sentinel_username, *sentinel_password; /* AUTH there; NULL for none */
        unsigned int wait_replicas; /* Redis: replicas that must have a revocation */
        uint64_t wait_timeout_usec; /* and in which time */
        uint64_t (*now_sec)(void);  /* Redis: to compare its clock with; NULL: do not */
} StoreConfig;
