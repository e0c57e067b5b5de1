#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The options of authtokend.conf(5), one row each: name, place in the Config, form, bounds, default.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/config/config.h"

typedef enum ConfigOptionId {
        OPTION_DAEMON_SOCKET,
        OPTION_DAEMON_RUNTIME_DIRECTORY,
        OPTION_DAEMON_STATE_DIRECTORY,
        OPTION_DAEMON_BUS,
        OPTION_DAEMON_LOG_TARGET,
        OPTION_DAEMON_LOG_LEVEL,
        OPTION_TOKEN_ISSUER,
        OPTION_TOKEN_AUDIENCE,
        OPTION_TOKEN_LIFETIME,
        OPTION_TOKEN_MAX_LIFETIME,
        OPTION_TOKEN_REFRESH_LIFETIME,
        OPTION_TOKEN_REFRESH_GRACE,
        OPTION_TOKEN_LEEWAY,
        OPTION_TOKEN_MAX_SIZE,
        OPTION_KEYS_DIRECTORY,
        OPTION_KEYS_SIGNING_KEY,
        OPTION_KEYS_REFRESH_KEY,
        OPTION_KEYS_ALGORITHM,
        OPTION_STORE_TYPE,
        OPTION_STORE_PATH,
        OPTION_STORE_ADDRESS,
        OPTION_STORE_DATABASE,
        OPTION_STORE_USERNAME,
        OPTION_STORE_PASSWORD_FILE,
        OPTION_STORE_PREFIX,
        OPTION_STORE_TENANT,
        OPTION_STORE_TIMEOUT,
        OPTION_STORE_REQUIRE_DURABLE,
        OPTION_STORE_ALLOW_PLAINTEXT,
        OPTION_STORE_SYNCHRONOUS,
        OPTION_STORE_SENTINELS,
        OPTION_STORE_SENTINEL_NAME,
        OPTION_STORE_SENTINEL_USERNAME,
        OPTION_STORE_SENTINEL_PASSWORD_FILE,
        OPTION_STORE_WAIT_REPLICAS,
        OPTION_STORE_WAIT_TIMEOUT,
        OPTION_SESSION_DEVICE_ID,
        OPTION_SESSION_SINGLE_SIGN_ON,
        OPTION_SESSION_ABSOLUTE_LIFETIME,
        OPTION_SESSION_IDLE_TIMEOUT,
        OPTION_SESSION_MAX_SESSIONS,
        OPTION_SESSION_OVERFLOW,
        OPTION_SESSION_BIND_ADDRESS,
        OPTION_SESSION_BIND_DEVICE,
        OPTION_SESSION_SELF_ISSUE,
        OPTION_SESSION_ROLES,
        OPTION_KICK_ON_KICK,
        OPTION_KICK_KICK_GRACE,
        OPTION_KICK_KICK_SCOPE,
        OPTION_SERVICE_TOKENS,
        OPTION_SERVICE_AUDIENCE,
        OPTION_SERVICE_REQUIRE_ROLE,
        OPTION_HOOKS_EVENTS,
        OPTION_HOOKS_SOCKET,
        OPTION_HOOKS_TIMEOUT,
        OPTION_HOOKS_BACKGROUND_TIMEOUT,
        OPTION_HOOKS_ON_FAILURE,
        OPTION_LIMITS_CONNECTIONS_PER_UID,
        OPTION_LIMITS_CONNECTIONS,
        OPTION_LIMITS_TIME_PER_UID,
        OPTION_LIMITS_HANDSHAKE_TIMEOUT,
        OPTION_LIMITS_LOGIN_FAILURES,
        OPTION_LIMITS_FAILURE_WINDOW,
        OPTION_LIMITS_LOCK_OUT,
        OPTION_MIGRATION_ADOPT_STATELESS,
        OPTION_ISSUER_JWKS,
        OPTION_ISSUER_AUDIENCE,
        OPTION_ISSUER_ALGORITHMS,
        OPTION_ISSUER_USER_CLAIM,
        OPTION_ISSUER_USER_MAP,
        OPTION_ISSUER_ROLES_CLAIM,
        OPTION_ISSUER_REQUIRE_JTI,
        OPTION_ISSUER_MAX_LIFETIME,
        OPTION_ISSUER_LEEWAY,
        OPTION_COUNT,
        /* The options that [Policy "NAME"] may override. */
        OPTION_POLICY_FIRST = OPTION_SESSION_SINGLE_SIGN_ON,
        OPTION_POLICY_LAST = OPTION_KICK_KICK_SCOPE,
} ConfigOptionId;

typedef struct ConfigOption ConfigOption;

/* Return 0; CONFIG_E_INVALID; -ENOMEM. @field is the option's place in the Config. */
typedef int (*ConfigParser)(const ConfigOption *option, const char *text, void *field);

struct ConfigOption {
        const char *section, *key;
        size_t offset, size;
        bool is_text; /* a string of its own */
        ConfigParser parse;
        uint64_t min, max;          /* of numbers and, in µs, time spans; @max: length of text */
        const char *const *choices; /* words, ended by NULL; the first stands for @min */
        const char *fallback;       /* the default as text; NULL: none */
        const char *allowed;        /* for the message when a value is refused */
        bool required;              /* every section of its kind must have it */
        bool fixed;                 /* something open depends on it: a change needs a restart */
};

/**
 * config_option_find() - an option by its name
 * @section:    case-sensitive
 * @key:        case-sensitive
 *
 * Return: static row, or NULL.
 */
const ConfigOption *config_option_find(const char *section, const char *key);

/**
 * config_option_is_plain() - whether an option's section occurs only once, with the option in the Config
 * itself
 * @option:     static row
 */
bool config_option_is_plain(const ConfigOption *option);

/**
 * config_option_at() - an option by its id
 * @id:         below OPTION_COUNT
 */
const ConfigOption *config_option_at(ConfigOptionId id);

/**
 * config_option_id() - the id of a row
 * @option:     from config_option_find()
 */
ConfigOptionId config_option_id(const ConfigOption *option);

/**
 * config_option_fixed_change() - the first option that differs, and that no reload can change
 * @old:        borrowed
 * @new:        borrowed
 *
 * Return: static row; NULL if a reload can make all changes.
 */
const ConfigOption *config_option_fixed_change(const Config *old, const Config *new);

/**
 * config_option_first() - the first option of a section
 * @section:    case-sensitive
 *
 * Return: static row, or NULL if there is no such section.
 */
const ConfigOption *config_option_first(const char *section);

/**
 * config_option_set() - give an option a value
 * @option:     static row
 * @field:      the option's place; unchanged on failure
 * @text:       the value as it is written in a file; empty unsets a text without a default
 *
 * Return: 0; CONFIG_E_INVALID; -ENOMEM.
 */
int config_option_set(const ConfigOption *option, void *field, const char *text);
