/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/failure-table.h"
#include "daemon/store/redis-keys.h"

/* Return: where the next one goes. */
static char *put(char *at, const char *text) {
        size_t size = strlen(text);

        memcpy(at, text, size + 1);
        return at + size;
}

static char *join(const char *prefix, const char *tenant, const char *rest, const char *name) {
        char *key = malloc(strlen(prefix) + strlen(tenant) + strlen(rest) + strlen(name) + 3);
        char *at;

        if (!key)
                return NULL;
        at = put(put(key, prefix), ":");
        at = put(put(at, tenant), ":");
        (void)put(put(at, rest), name);
        return key;
}

char *redis_key_users_prefix(const char *prefix, const char *tenant) {
        return join(prefix, tenant, "u:", "");
}

char *redis_key_user(const char *prefix, const char *tenant, const char *user) {
        return join(prefix, tenant, "u:", user);
}

char *redis_key_sid(const char *prefix, const char *tenant, const char *sid) {
        return join(prefix, tenant, "i:", sid);
}

char *redis_key_users(const char *prefix, const char *tenant) {
        return join(prefix, tenant, "users", "");
}

char *redis_key_begun(const char *prefix, const char *tenant) {
        return join(prefix, tenant, "begun", "");
}

char *redis_key_mark(const char *prefix, const char *tenant, const char *name) {
        return join(prefix, tenant, name, "");
}

static char *join_place(const char *prefix, const char *kind, const FailureKey *key) {
        char *text;

        return asprintf(&text, "%s:%s:%s:%s:%s", prefix, key->tenant, kind, key->user, key->place) <
                               0
                       ? NULL
                       : text;
}

char *redis_key_failures(const char *prefix, const FailureKey *key) {
        return join_place(prefix, "f", key);
}

char *redis_key_failures_prefix(const char *prefix, const char *tenant) {
        return join(prefix, tenant, "f:", "");
}

char *redis_key_lock_outs(const char *prefix, const char *tenant) {
        return join(prefix, tenant, "fl", "");
}

char *redis_key_lifted(const char *prefix, const char *tenant, const char *user) {
        char *text;

        return asprintf(&text, "%s:%s:u:%s" REDIS_KEY_LIFTED, prefix, tenant, user) < 0 ? NULL
                                                                                        : text;
}

char *redis_key_attempts(const char *prefix, const FailureKey *key) {
        return join_place(prefix, "fa", key);
}

char *redis_key_counters(const char *prefix, const char *tenant) {
        return join(prefix, tenant, "fn", "");
}
