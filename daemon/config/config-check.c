/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "common/cleanup.h"
#include "daemon/config/config-check.h"
#include "daemon/store/redis-address.h"

static bool redis_has_address(const Config *config) {
        return config->store_type != STORE_REDIS || config->store_address ||
               config->store_sentinels;
}

/* With both options set, one would sooner or later be out of date. */
static bool address_is_one(const Config *config) {
        return !config->store_address || !config->store_sentinels;
}

static bool sentinels_are_for_redis(const Config *config) {
        return config->store_type == STORE_REDIS || !config->store_sentinels;
}

static bool sentinel_password_has_sentinels(const Config *config) {
        return config->store_sentinels || !config->store_sentinel_password_file;
}

static bool sentinels_are_local(const Config *config) {
        RedisAddress addresses[REDIS_SENTINELS_MAX];
        size_t n;

        return !config->store_sentinels ||
               redis_addresses_parse(
                       config->store_sentinels, config->store_allow_plaintext, addresses, &n) == 0;
}

static bool replicas_are_of_redis(const Config *config) {
        return config->store_type == STORE_REDIS || config->store_wait_replicas == 0;
}

/* If Type= were forgotten, every host would keep its sessions to itself, and a kick would end
 * the logins of one host only. */
static bool address_is_for_redis(const Config *config) {
        return config->store_type == STORE_REDIS || !config->store_address;
}

static bool password_is_for_redis(const Config *config) {
        return config->store_type == STORE_REDIS || !config->store_password_file;
}

static bool plaintext_is_local(const Config *config) {
        RedisAddress address;

        return !config->store_address || redis_address_parse(config->store_address,
                                                 config->store_allow_plaintext, &address) == 0;
}

static bool durable_is_synchronous(const Config *config) {
        return !config->store_require_durable || !config->store_no_sync;
}

static bool lifetime_fits_maximum(const Config *config) {
        return config->lifetime_sec <= config->max_lifetime_sec;
}

static bool lifetime_fits_session(const Config *config) {
        return config->lifetime_sec <= config->policy.absolute_lifetime_sec;
}

static bool connections_fit(const Config *config) {
        return config->connections_per_uid <= config->connections;
}

static const struct {
        bool (*holds)(const Config *config);
        ConfigOptionId involved[2]; /* the first that was set is shown */
        const char *message;
} checks[] = {
        { redis_has_address, { OPTION_STORE_TYPE, OPTION_STORE_TYPE },
                "Type=redis needs an Address= in [Store]" },
        { address_is_one, { OPTION_STORE_SENTINELS, OPTION_STORE_ADDRESS },
                "Address= is not allowed with Sentinels=, which name the master" },
        { sentinels_are_for_redis, { OPTION_STORE_SENTINELS, OPTION_STORE_TYPE },
                "Sentinels= is allowed with Type=redis only" },
        { sentinel_password_has_sentinels,
                { OPTION_STORE_SENTINEL_PASSWORD_FILE, OPTION_STORE_SENTINEL_PASSWORD_FILE },
                "SentinelPasswordFile= is allowed with Sentinels= only" },
        { sentinels_are_local, { OPTION_STORE_SENTINELS, OPTION_STORE_ALLOW_PLAINTEXT },
                "Sentinels= on other hosts name a master on another host; that is allowed with "
                "AllowPlaintext=yes only" },
        { replicas_are_of_redis, { OPTION_STORE_WAIT_REPLICAS, OPTION_STORE_TYPE },
                "WaitReplicas= is allowed with Type=redis only" },
        { address_is_for_redis, { OPTION_STORE_ADDRESS, OPTION_STORE_TYPE },
                "Address= is allowed with Type=redis only" },
        { password_is_for_redis, { OPTION_STORE_PASSWORD_FILE, OPTION_STORE_TYPE },
                "PasswordFile= is allowed with Type=redis only" },
        { plaintext_is_local, { OPTION_STORE_ADDRESS, OPTION_STORE_ALLOW_PLAINTEXT },
                "tcp: to another host shows the sessions to the network; it is allowed with "
                "AllowPlaintext=yes only" },
        { durable_is_synchronous, { OPTION_STORE_SYNCHRONOUS, OPTION_STORE_REQUIRE_DURABLE },
                "Synchronous=off is not allowed with RequireDurable=yes" },
        { lifetime_fits_maximum, { OPTION_TOKEN_LIFETIME, OPTION_TOKEN_MAX_LIFETIME },
                "Lifetime= must be at most MaxLifetime=" },
        { lifetime_fits_session, { OPTION_SESSION_ABSOLUTE_LIFETIME, OPTION_TOKEN_LIFETIME },
                "AbsoluteLifetime= in [Session] must be at least Lifetime= in [Token]" },
        { connections_fit, { OPTION_LIMITS_CONNECTIONS_PER_UID, OPTION_LIMITS_CONNECTIONS },
                "ConnectionsPerUid= must be at most Connections=" },
};

int config_check(const Config *config, const ConfigPlace *origins, ConfigFault *fault) {
        for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
                const ConfigOptionId *involved = checks[i].involved;

                if (checks[i].holds(config))
                        continue;
                return config_fault(fault,
                        origins[involved[0]].file ? &origins[involved[0]] : &origins[involved[1]],
                        "%s", checks[i].message);
        }
        return 0;
}
