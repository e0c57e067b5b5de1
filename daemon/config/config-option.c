/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <syslog.h>

#include "authtoken/ipc-message.h"
#include "common/hook-message.h"
#include "common/text.h"
#include "daemon/config/config-field.h"
#include "daemon/config/config-option.h"
#include "daemon/config/config-section.h"
#include "daemon/session/user-state.h"
#include "daemon/store/redis-address.h"
#include "daemon/store/store-type.h"
#include "daemon/token/verify-rules.h"

#define MSEC              UINT64_C(1000)
#define SEC               (1000 * MSEC)
#define MINUTE            (60 * SEC)
#define HOUR              (3600 * SEC)
#define DAY               (24 * HOUR)
#define PATH_LEN          (PATH_MAX - 1)
#define LIST_LEN          16384u
#define SENTINEL_NAME_MAX 63u
#define SOCKET_LEN        (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1)

/* The place of an option in the Config, or in a section of its kind, and its type. */
#define PLACE_IN(type, name) \
        .offset = offsetof(type, name), .size = sizeof(((type *)NULL)->name), \
        .is_text = _Generic(((type *)NULL)->name, char *: true, default: false)
#define PLACE(name)      PLACE_IN(Config, name)
#define IN_SERVICE(name) PLACE_IN(ServiceSection, name)

#define ISSUER_PLACE(name) \
        .offset = offsetof(IssuerSection, name), .size = sizeof(((IssuerSection *)NULL)->name), \
        .is_text = _Generic(((IssuerSection *)NULL)->name, char *: true, default: false)

static const char *const bus_words[] = { "system", "session", "none", NULL };
static const char *const target_words[] = { "auto", "journal", "stderr", NULL };
static const char *const level_words[] = { "info", "debug", NULL };
static const char *const store_words[] = {
#define X(symbol, name) name,
        STORE_TYPES(X)
#undef X
                NULL,
};
static const char *const synchronous_words[] = { "full", "off", NULL };
static const char *const single_words[] = { "off", "device", "platform", "user", NULL };
static const char *const bind_words[] = { "off", "warn", "deny", NULL };
static const char *const overflow_words[] = { "reject", "evict-oldest", NULL };
static const char *const action_words[] = { "terminate", "lock", "notify", NULL };
static const char *const event_words[] = {
#define X(symbol, name) name,
        HOOK_KINDS(X)
#undef X
                NULL,
};
static const char *const failure_words[] = { "deny", "allow", NULL };
static const char *const scope_words[] = { "session", "user", NULL };

static const ConfigOption options[OPTION_COUNT] = {
        [OPTION_DAEMON_SOCKET] = { "Daemon", "Socket", PLACE(socket_path), config_field_path,
                .max = SOCKET_LEN, .fallback = IPC_SOCKET_PATH, .fixed = true,
                .allowed = "an absolute path of at most 107 bytes" },
        [OPTION_DAEMON_RUNTIME_DIRECTORY] = { "Daemon", "RuntimeDirectory",
                PLACE(runtime_directory), config_field_path, .max = PATH_LEN,
                .fallback = "/run/authtokend", .fixed = true, .allowed = "an absolute path" },
        [OPTION_DAEMON_STATE_DIRECTORY] = { "Daemon", "StateDirectory", PLACE(state_directory),
                config_field_path, .max = PATH_LEN, .fallback = "/var/lib/authtoken", .fixed = true,
                .allowed = "an absolute path" },
        [OPTION_DAEMON_BUS] = { "Daemon", "Bus", PLACE(bus), config_field_choice, .min = BUS_SYSTEM,
                .choices = bus_words, .fallback = "system", .fixed = true,
                .allowed = "system, session or none" },
        [OPTION_DAEMON_LOG_TARGET] = { "Daemon", "LogTarget", PLACE(log_target),
                config_field_choice, .min = JOURNAL_AUTO, .choices = target_words,
                .fallback = "auto", .fixed = true, .allowed = "auto, journal or stderr" },
        [OPTION_DAEMON_LOG_LEVEL] = { "Daemon", "LogLevel", PLACE(log_level), config_field_choice,
                .min = LOG_INFO, .choices = level_words, .fallback = "info",
                .allowed = "info or debug" },

        [OPTION_TOKEN_ISSUER] = { "Token", "Issuer", PLACE(issuer), config_field_word, .max = 255,
                .fallback = "authtoken", .allowed = "visible ASCII without spaces and quotes" },
        [OPTION_TOKEN_AUDIENCE] = { "Token", "Audience", PLACE(audience), config_field_word,
                .max = 255, .fallback = "authtoken",
                .allowed = "visible ASCII without spaces and quotes" },
        [OPTION_TOKEN_LIFETIME] = { "Token", "Lifetime", PLACE(lifetime_sec), config_field_sec,
                .min = SEC, .max = 366 * DAY, .fallback = "15min",
                .allowed = "a time span of whole seconds from 1s to 366d, such as 15min" },
        [OPTION_TOKEN_MAX_LIFETIME] = { "Token", "MaxLifetime", PLACE(max_lifetime_sec),
                config_field_sec, .min = SEC, .max = 366 * DAY, .fallback = "1d",
                .allowed = "a time span of whole seconds from 1s to 366d, such as 1d" },
        [OPTION_TOKEN_REFRESH_LIFETIME] = { "Token", "RefreshLifetime",
                PLACE(policy.refresh_lifetime_sec), config_field_sec, .min = SEC, .max = 366 * DAY,
                .fallback = "7d",
                .allowed = "a time span of whole seconds from 1s to 366d, such as 7d" },
        [OPTION_TOKEN_REFRESH_GRACE] = { "Token", "RefreshGrace", PLACE(policy.refresh_grace_sec),
                config_field_sec, .min = 0, .max = 300 * SEC, .fallback = "30s",
                .allowed = "a time span of whole seconds from 0 to 300s" },
        [OPTION_TOKEN_LEEWAY] = { "Token", "Leeway", PLACE(leeway_sec), config_field_sec, .min = 0,
                .max = 300 * SEC, .fallback = "30s",
                .allowed = "a time span of whole seconds from 0 to 300s" },
        [OPTION_TOKEN_MAX_SIZE] = { "Token", "MaxSize", PLACE(max_size), config_field_number,
                .min = 256, .max = IPC_TOKEN_MAX, .fallback = "8192",
                .allowed = "a number of bytes from 256 to 16384" },

        [OPTION_KEYS_DIRECTORY] = { "Keys", "Directory", PLACE(key_directory), config_field_path,
                .max = PATH_LEN, .allowed = "an absolute path" },
        [OPTION_KEYS_SIGNING_KEY] = { "Keys", "SigningKey", PLACE(signing_kid), config_field_word,
                .max = 255, .allowed = "a key's id: visible ASCII without spaces and quotes" },
        [OPTION_KEYS_REFRESH_KEY] = { "Keys", "RefreshKey", PLACE(refresh_kid), config_field_word,
                .max = 255, .allowed = "a key's id: visible ASCII without spaces and quotes" },
        [OPTION_KEYS_ALGORITHM] = { "Keys", "Algorithm", PLACE(key_algorithm),
                config_field_algorithm, .fallback = "ES256",
                .allowed = "HS256/384/512, RS256/384/512, PS256/384/512, ES256/384/512 or EdDSA" },

        [OPTION_STORE_TYPE] = { "Store", "Type", PLACE(store_type), config_field_choice,
                .min = STORE_SQLITE, .choices = store_words, .fallback = "sqlite", .fixed = true,
                .allowed = "sqlite or redis" },
        [OPTION_STORE_PATH] = { "Store", "Path", PLACE(store_path), config_field_path,
                .max = PATH_LEN, .fixed = true, .allowed = "an absolute path" },
        [OPTION_STORE_ADDRESS] = { "Store", "Address", PLACE(store_address), config_field_address,
                .fixed = true,
                .allowed = "unix:/PATH, tcp:IPV4:PORT or tcp:[IPV6]:PORT; no host names" },
        [OPTION_STORE_DATABASE] = { "Store", "Database", PLACE(store_database), config_field_count,
                .max = 65535, .fallback = "0", .fixed = true,
                .allowed = "a number from 0 to 65535" },
        [OPTION_STORE_USERNAME] = { "Store", "Username", PLACE(store_username), config_field_word,
                .max = 255, .fixed = true, .allowed = "visible ASCII without spaces and quotes" },
        [OPTION_STORE_PASSWORD_FILE] = { "Store", "PasswordFile", PLACE(store_password_file),
                config_field_path, .max = PATH_LEN, .fixed = true,
                .allowed = "the absolute path of a file that holds the password" },
        [OPTION_STORE_PREFIX] = { "Store", "Prefix", PLACE(store_prefix), config_field_name,
                .max = TENANT_NAME_MAX, .fallback = "authtoken", .fixed = true,
                .allowed = "at most 63 letters, digits, '.', '_' and '-'" },
        [OPTION_STORE_TENANT] = { "Store", "Tenant", PLACE(tenant), config_field_name,
                .max = TENANT_NAME_MAX, .fallback = "default", .fixed = true,
                .allowed = "at most 63 letters, digits, '.', '_' and '-'" },
        [OPTION_STORE_TIMEOUT] = { "Store", "Timeout", PLACE(store_timeout_usec), config_field_usec,
                .min = 10 * MSEC, .max = 60 * SEC, .fallback = "1s", .fixed = true,
                .allowed = "a time span from 10ms to 60s" },
        [OPTION_STORE_REQUIRE_DURABLE] = { "Store", "RequireDurable", PLACE(store_require_durable),
                config_field_boolean, .fallback = "no", .fixed = true, .allowed = "yes or no" },
        [OPTION_STORE_ALLOW_PLAINTEXT] = { "Store", "AllowPlaintext", PLACE(store_allow_plaintext),
                config_field_boolean, .fallback = "no", .fixed = true, .allowed = "yes or no" },
        [OPTION_STORE_SYNCHRONOUS] = { "Store", "Synchronous", PLACE(store_no_sync),
                config_field_switch, .choices = synchronous_words, .fallback = "full",
                .fixed = true, .allowed = "full or off" },
        [OPTION_STORE_SENTINELS] = { "Store", "Sentinels", PLACE(store_sentinels),
                config_field_addresses, .max = REDIS_SENTINELS_MAX, .fixed = true,
                .allowed = "at most 9 of unix:/PATH, tcp:IPV4:PORT or tcp:[IPV6]:PORT" },
        [OPTION_STORE_SENTINEL_NAME] = { "Store", "SentinelName", PLACE(store_sentinel_name),
                config_field_name, .max = SENTINEL_NAME_MAX, .fallback = "mymaster", .fixed = true,
                .allowed = "at most 63 letters, digits, '.', '_' and '-'" },
        [OPTION_STORE_SENTINEL_USERNAME] = { "Store", "SentinelUsername",
                PLACE(store_sentinel_username), config_field_word, .max = 255, .fixed = true,
                .allowed = "visible ASCII without spaces and quotes" },
        [OPTION_STORE_SENTINEL_PASSWORD_FILE] = { "Store", "SentinelPasswordFile",
                PLACE(store_sentinel_password_file), config_field_path, .max = PATH_LEN,
                .fixed = true, .allowed = "the absolute path of a file that holds the password" },
        [OPTION_STORE_WAIT_REPLICAS] = { "Store", "WaitReplicas", PLACE(store_wait_replicas),
                config_field_count, .max = 16, .fallback = "0", .fixed = true,
                .allowed = "a number from 0 to 16" },
        [OPTION_STORE_WAIT_TIMEOUT] = { "Store", "WaitTimeout", PLACE(store_wait_timeout_usec),
                config_field_usec, .min = 10 * MSEC, .max = 60 * SEC, .fallback = "1s",
                .fixed = true, .allowed = "a time span from 10ms to 60s" },

        [OPTION_SESSION_DEVICE_ID] = { "Session", "DeviceId", PLACE(device_id), config_field_word,
                .max = 255, .allowed = "visible ASCII without spaces and quotes" },
        [OPTION_SESSION_SINGLE_SIGN_ON] = { "Session", "SingleSignOn", PLACE(policy.single_sign_on),
                config_field_choice, .min = SINGLE_SIGN_ON_OFF, .choices = single_words,
                .fallback = "off", .allowed = "off, device, platform or user" },
        [OPTION_SESSION_ABSOLUTE_LIFETIME] = { "Session", "AbsoluteLifetime",
                PLACE(policy.absolute_lifetime_sec), config_field_sec, .min = SEC, .max = 366 * DAY,
                .fallback = "7d",
                .allowed = "a time span of whole seconds from 1s to 366d, such as 7d" },
        [OPTION_SESSION_IDLE_TIMEOUT] = { "Session", "IdleTimeout", PLACE(policy.idle_timeout_sec),
                config_field_sec, .min = 0, .max = 366 * DAY, .fallback = "0",
                .allowed = "a time span of whole seconds from 1s to 366d, or 0 for none" },
        [OPTION_SESSION_MAX_SESSIONS] = { "Session", "MaxSessions", PLACE(policy.max_sessions),
                config_field_count, .min = 1, .max = USER_STATE_SESSIONS_MAX, .fallback = "64",
                .allowed = "a number from 1 to 64" },
        [OPTION_SESSION_OVERFLOW] = { "Session", "Overflow", PLACE(policy.overflow),
                config_field_choice, .min = OVERFLOW_REJECT, .choices = overflow_words,
                .fallback = "reject", .allowed = "reject or evict-oldest" },
        [OPTION_SESSION_BIND_ADDRESS] = { "Session", "BindAddress", PLACE(policy.bind_address),
                config_field_choice, .min = BIND_OFF, .choices = bind_words, .fallback = "off",
                .allowed = "off, warn or deny" },
        [OPTION_SESSION_BIND_DEVICE] = { "Session", "BindDevice", PLACE(policy.bind_device),
                config_field_choice, .min = BIND_OFF, .choices = bind_words, .fallback = "off",
                .allowed = "off, warn or deny" },
        [OPTION_SESSION_SELF_ISSUE] = { "Session", "SelfIssue", PLACE(policy.self_issue),
                config_field_boolean, .fallback = "yes", .allowed = "yes or no" },
        [OPTION_SESSION_ROLES] = { "Session", "Roles", PLACE(policy.roles), config_field_words,
                .max = 4096,
                .allowed = "words of visible ASCII without quotes, with blanks between" },

        [OPTION_KICK_ON_KICK] = { "Kick", "OnKick", PLACE(policy.on_kick), config_field_choice,
                .min = KICK_TERMINATE, .choices = action_words, .fallback = "terminate",
                .allowed = "terminate, lock or notify" },
        [OPTION_KICK_KICK_GRACE] = { "Kick", "KickGrace", PLACE(policy.kick_grace_usec),
                config_field_usec, .min = 0, .max = HOUR, .fallback = "0",
                .allowed = "a time span from 0 to 1h" },
        [OPTION_KICK_KICK_SCOPE] = { "Kick", "KickScope", PLACE(policy.kick_scope),
                config_field_choice, .min = KICK_SCOPE_SESSION, .choices = scope_words,
                .fallback = "session", .allowed = "session or user" },

        [OPTION_SERVICE_TOKENS] = { "Service", "Tokens", IN_SERVICE(tokens), config_field_boolean,
                .fallback = "yes", .allowed = "yes or no" },
        [OPTION_SERVICE_AUDIENCE] = { "Service", "Audience", IN_SERVICE(audience),
                config_field_word, .max = 255,
                .allowed = "visible ASCII without spaces and quotes" },
        [OPTION_SERVICE_REQUIRE_ROLE] = { "Service", "RequireRole", IN_SERVICE(role),
                config_field_word, .max = 255,
                .allowed = "visible ASCII without spaces and quotes" },

        [OPTION_HOOKS_EVENTS] = { "Hooks", "Events", PLACE(hook_events), config_field_flags,
                .choices = event_words, .fallback = "",
                .allowed = "login, logout, refresh and kick, with spaces between them" },
        [OPTION_HOOKS_SOCKET] = { "Hooks", "Socket", PLACE(hook_socket_path), config_field_path,
                .max = SOCKET_LEN, .fallback = "/run/authtoken/hook.sock", .fixed = true,
                .allowed = "an absolute path of at most 107 bytes" },
        [OPTION_HOOKS_TIMEOUT] = { "Hooks", "Timeout", PLACE(hook_timeout_usec), config_field_usec,
                .min = 10 * MSEC, .max = 1500 * MSEC, .fallback = "1s",
                .allowed = "a time span from 10ms to 1500ms" },
        [OPTION_HOOKS_BACKGROUND_TIMEOUT] = { "Hooks", "BackgroundTimeout",
                PLACE(hook_background_usec), config_field_usec, .min = 10 * MSEC, .max = 5 * MINUTE,
                .fallback = "30s", .allowed = "a time span from 10ms to 5min" },
        [OPTION_HOOKS_ON_FAILURE] = { "Hooks", "OnFailure", PLACE(hook_failure_allows),
                config_field_switch, .choices = failure_words, .fallback = "deny",
                .allowed = "deny or allow" },

        [OPTION_LIMITS_CONNECTIONS_PER_UID] = { "Limits", "ConnectionsPerUid",
                PLACE(connections_per_uid), config_field_count, .min = 1, .max = 1048576,
                .fallback = "64", .allowed = "a number from 1 to 1048576" },
        [OPTION_LIMITS_CONNECTIONS] = { "Limits", "Connections", PLACE(connections),
                config_field_count, .min = 1, .max = 1048576, .fallback = "16384",
                .allowed = "a number from 1 to 1048576" },
        [OPTION_LIMITS_TIME_PER_UID] = { "Limits", "TimePerUid", PLACE(part_per_uid),
                config_field_count, .min = 1, .max = 100, .fallback = "25",
                .allowed = "a number of percent from 1 to 100" },
        [OPTION_LIMITS_HANDSHAKE_TIMEOUT] = { "Limits", "HandshakeTimeout",
                PLACE(handshake_timeout_usec), config_field_usec, .min = 10 * MSEC, .max = 60 * SEC,
                .fallback = "5s", .allowed = "a time span from 10ms to 60s" },
        [OPTION_LIMITS_LOGIN_FAILURES] = { "Limits", "LoginFailures", PLACE(login_failures),
                config_field_count, .max = 1000000, .fallback = "10",
                .allowed = "a number from 0 to 1000000; 0 locks nobody out" },
        [OPTION_LIMITS_FAILURE_WINDOW] = { "Limits", "FailureWindow", PLACE(failure_window_sec),
                config_field_sec, .min = SEC, .max = DAY, .fallback = "5min",
                .allowed = "a time span of whole seconds from 1s to 1d, such as 5min" },
        [OPTION_LIMITS_LOCK_OUT] = { "Limits", "LockOut", PLACE(lock_out_sec), config_field_sec,
                .min = SEC, .max = DAY, .fallback = "5min",
                .allowed = "a time span of whole seconds from 1s to 1d, such as 5min" },

        [OPTION_MIGRATION_ADOPT_STATELESS] = { "Migration", "AdoptStateless",
                PLACE(adopt_stateless_until_sec), config_field_until, .fallback = "no",
                .allowed = "no, \"until YYYY-MM-DD\" or \"until YYYY-MM-DDTHH:MM:SSZ\"" },

        [OPTION_ISSUER_JWKS] = { "Issuer", "Jwks", ISSUER_PLACE(jwks_path), config_field_path,
                .max = PATH_LEN, .required = true, .allowed = "an absolute path" },
        [OPTION_ISSUER_AUDIENCE] = { "Issuer", "Audience", ISSUER_PLACE(audience),
                config_field_words, .max = LIST_LEN, .required = true,
                .allowed = "words of visible ASCII without quotes, with spaces between them" },
        [OPTION_ISSUER_ALGORITHMS] = { "Issuer", "Algorithms", ISSUER_PLACE(algorithms),
                config_field_algorithms, .max = LIST_LEN,
                .allowed = "names such as ES256, with spaces between them" },
        [OPTION_ISSUER_USER_CLAIM] = { "Issuer", "UserClaim", ISSUER_PLACE(user_claim),
                config_field_word, .max = 255, .fallback = "sub",
                .allowed = "visible ASCII without spaces and quotes" },
        [OPTION_ISSUER_USER_MAP] = { "Issuer", "UserMap", ISSUER_PLACE(user_map),
                config_field_user_map, .max = LIST_LEN,
                .allowed = "NAME:USER, @ENDING and *, each once, with spaces between them" },
        [OPTION_ISSUER_ROLES_CLAIM] = { "Issuer", "RolesClaim", ISSUER_PLACE(roles_claim),
                config_field_word, .max = 255,
                .allowed = "visible ASCII without spaces and quotes" },
        [OPTION_ISSUER_REQUIRE_JTI] = { "Issuer", "RequireJti", ISSUER_PLACE(require_jti),
                config_field_boolean, .fallback = "yes", .allowed = "yes or no" },
        [OPTION_ISSUER_MAX_LIFETIME] = { "Issuer", "MaxLifetime", ISSUER_PLACE(max_lifetime_sec),
                config_field_sec, .min = SEC, .max = 31 * DAY, .fallback = "1d",
                .allowed = "a time span of whole seconds from 1s to 31d" },
        [OPTION_ISSUER_LEEWAY] = { "Issuer", "Leeway", ISSUER_PLACE(leeway_sec), config_field_sec,
                .min = 0, .max = VERIFY_LEEWAY_MAX_SEC * SEC, .fallback = "30s",
                .allowed = "a time span of whole seconds from 0 to 300s" },
};

_Static_assert(SOCKET_LEN == 107, "said in a message");
_Static_assert(IPC_TOKEN_MAX == 16384, "said in a message");
_Static_assert(TENANT_NAME_MAX == 63, "said in a message");
_Static_assert(USER_STATE_SESSIONS_MAX == 64, "said in a message");

const ConfigOption *config_option_find(const char *section, const char *key) {
        for (size_t i = 0; i < OPTION_COUNT; i++)
                if (!strcmp(options[i].section, section) && !strcmp(options[i].key, key))
                        return &options[i];
        return NULL;
}

bool config_option_is_plain(const ConfigOption *option) {
        return !config_section_kind_find(option->section, strlen(option->section));
}

const ConfigOption *config_option_at(ConfigOptionId id) {
        return &options[id];
}

ConfigOptionId config_option_id(const ConfigOption *option) {
        return (ConfigOptionId)(option - options);
}

const ConfigOption *config_option_first(const char *section) {
        for (size_t i = 0; i < OPTION_COUNT; i++)
                if (!strcmp(options[i].section, section))
                        return config_option_is_plain(&options[i]) ? &options[i] : NULL;
        return NULL;
}

static bool is_same(const ConfigOption *option, const Config *a, const Config *b) {
        const char *left = (const char *)a + option->offset;
        const char *right = (const char *)b + option->offset;

        if (option->is_text)
                return !strcmp(STRING_OR_EMPTY(*(char *const *)left),
                        STRING_OR_EMPTY(*(char *const *)right));
        return !memcmp(left, right, option->size);
}

const ConfigOption *config_option_fixed_change(const Config *old, const Config *new) {
        for (size_t i = 0; i < OPTION_COUNT; i++)
                if (options[i].fixed && !is_same(&options[i], old, new))
                        return &options[i];
        return NULL;
}

int config_option_set(const ConfigOption *option, void *field, const char *text) {
        /* Options without a default are texts, and an empty value unsets them: so a drop-in can
         * undo an earlier file. */
        if (!*text && option->is_text && !option->fallback) {
                free(*(char **)field);
                *(char **)field = NULL;
                return 0;
        }
        return option->parse(option, text, field);
}
