#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The configuration: INI files, read whole or not at all. An unknown section or key, one given twice in
 * a file, or a bad value refuses all of it with file and line. The options are rows of config-option.c.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "daemon/journal/journal.h"
#include "daemon/policy/policy-rules.h"
#include "daemon/policy/session-demand.h"
#include "daemon/store/user-store.h"

#define CONFIG_MESSAGE_MAX 512u

typedef enum BusKind {
        BUS_SYSTEM,
        BUS_SESSION,
        BUS_NONE,
} BusKind;

/* The beginning of each section with a name: [KIND "NAME"]. */
typedef struct ConfigSection {
        char *name;   /* owned */
        uint64_t set; /* which of its kind's options stand in it: see config-section.h */
} ConfigSection;

/* [Policy "user:NAME"] or [Policy "group:NAME"] */
typedef struct PolicySection {
        ConfigSection head;
        PolicyRules rules; /* those that the section sets */
} PolicySection;

/* [Service "NAME"] of a service in /etc/pam.d */
typedef struct ServiceSection {
        ConfigSection head;
        bool tokens;
        char *audience, *role; /* NULL: not set */
} ServiceSection;

/* [Issuer "URL"]; lists are words with spaces between them. */
typedef struct IssuerSection {
        ConfigSection head;
        char *jwks_path, *audience, *algorithms, *user_claim, *user_map, *roles_claim;
        bool require_jti;
        uint64_t max_lifetime_sec, leeway_sec;
} IssuerSection;

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
        char *key_directory;
        char *signing_kid;   /* NULL: the only private key */
        char *refresh_kid;   /* NULL: the only key for refresh tokens */
        char *key_algorithm; /* a name that algorithm_find() knows */
        /* [Store] */
        StoreType store_type;
        char *store_path;
        char *store_address, *store_username, *store_password_file; /* NULL: not set */
        char *store_prefix, *tenant;
        unsigned int store_database;
        uint64_t store_timeout_usec;
        bool store_require_durable, store_allow_plaintext, store_no_sync;
        char *store_sentinels; /* words with spaces between them; NULL: not set */
        char *store_sentinel_name, *store_sentinel_username, *store_sentinel_password_file;
        unsigned int store_wait_replicas;
        uint64_t store_wait_timeout_usec;
        /* [Session] and [Kick] */
        char *device_id; /* NULL: derived from the machine's id */
        PolicyRules policy;
        PolicySection *policies; /* in the order of the files */
        size_t n_policies;
        ServiceSection *services; /* likewise */
        size_t n_services;
        /* [Hooks] */
        char *hook_socket_path;
        uint64_t hook_timeout_usec, hook_background_usec;
        unsigned int hook_events; /* 1 << HOOK_*, of hook-message.h */
        bool hook_failure_allows;
        /* [Issuer "URL"] and [Migration] */
        IssuerSection *issuers; /* in the order of the files */
        size_t n_issuers;
        uint64_t adopt_stateless_until_sec; /* 0: tokens of a predecessor are not adopted */
        /* [Limits] */
        unsigned int connections_per_uid, connections;
        unsigned int part_per_uid;   /* percent */
        unsigned int login_failures; /* 0: nobody is locked out */
        uint64_t handshake_timeout_usec;
        uint64_t failure_window_sec, lock_out_sec;
} Config;

enum {
        CONFIG_E_INVALID = 1,
};

/* Each may be missing on disk. */
typedef struct ConfigPlaces {
        const char *vendor, *host; /* files; the second wins */
        const char *drop_ins;      /* directory; its *.conf are read by name, later ones win */
} ConfigPlaces;

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

/**
 * config_load_places() - read the configuration from other places than the system's
 * @places:     borrowed
 * @message:    as for config_load()
 * @message_size: bytes of @message
 * @ret_config: owned by the caller
 *
 * Return: as config_load().
 */
int config_load_places(
        const ConfigPlaces *places, char *message, size_t message_size, Config **ret_config);

/**
 * config_parse() - read one text as if it were a file named "configuration"
 * @text:       need not end with NUL
 * @size:       of @text
 * @message:    as for config_load()
 * @message_size: bytes of @message
 * @ret_config: owned by the caller
 *
 * Return: as config_load().
 */
int config_parse(
        const char *text, size_t size, char *message, size_t message_size, Config **ret_config);

/**
 * config_policy_of() - the rules that hold for a user
 * @config:     borrowed
 * @user:       name
 * @groups:     names of the groups they are in; NULL if there are none
 * @n_groups:   of @groups
 * @ret_rules:  the rules of [Session] and [Kick], overridden by the sections of the groups in the order
 *              of the files, then by the user's own section
 */
void config_policy_of(const Config *config, const char *user, const char *const *groups,
        size_t n_groups, PolicyRules *ret_rules);

/**
 * config_service_of() - the rules that hold for a PAM service
 * @config:     borrowed
 * @service:    its name
 * @ret_rules:  borrows from @config
 */
void config_service_of(const Config *config, const char *service, ServiceRules *ret_rules);

/**
 * config_free() - free a configuration
 * @config:     NULL is fine
 *
 * Return: NULL.
 */
Config *config_free(Config *config);
DEFINE_CLEANUP(Config, config_free)
