#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The configuration: INI files, read whole or not at all. An unknown section or key, one given twice in
 * a file, or a bad value refuses all of it with file and line.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "daemon/journal/journal.h"
#include "daemon/policy/policy-rules.h"
#include "daemon/store/user-store.h"

#define CONFIG_MESSAGE_MAX 512u

typedef enum BusKind {
        BUS_SYSTEM,
        BUS_SESSION,
        BUS_NONE,
} BusKind;

typedef struct Config {
        /* [Daemon] */
        char *socket_path, *runtime_directory, *state_directory;
        BusKind bus;
        JournalTarget log_target;
        int log_level; /* LOG_INFO or LOG_DEBUG */
        /* [Token] */
        char *issuer, *audience;
        uint64_t lifetime_sec, max_lifetime_sec, leeway_sec, max_size;
        /* [Keys] */
        char *key_directory, *signing_kid, *key_algorithm;
        /* [Store] */
        StoreType store_type;
        char *store_path, *store_address, *store_username, *store_password_file;
        char *store_prefix, *tenant;
        unsigned int store_database;
        uint64_t store_timeout_usec;
        bool store_require_durable, store_allow_plaintext, store_no_sync;
        /* [Session] and [Kick] */
        PolicyRules policy;
        /* [Limits] */
        unsigned int connections_per_uid, connections;
        uint64_t handshake_timeout_usec;
} Config;

/**
 * config_load() - read the configuration
 * @path:       one file that must exist; NULL for the vendor's file, /etc and the drop-ins there, of
 *              which each may be missing (later ones win)
 * @message:    receives FILE:LINE: what is wrong and what is allowed; untouched on success
 * @message_size: bytes of @message, CONFIG_MESSAGE_MAX is enough
 * @ret_config: owned by the caller
 *
 * Return: 0; CONFIG_E_INVALID; negative errno with @message set.
 */
int config_load(const char *path, char *message, size_t message_size, Config **ret_config);

enum {
        CONFIG_E_INVALID = 1,
};

/**
 * config_free() - free a configuration
 * @config:     NULL is fine
 *
 * Return: NULL.
 */
Config *config_free(Config *config);
DEFINE_CLEANUP(Config, config_free)
