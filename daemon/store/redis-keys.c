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

size_t redis_key_size(const RedisKeyPlace *place, const char *kind, const char *name) {
        return strlen(place->prefix) + strlen(place->tenant) + strlen(kind) + strlen(name) + 3;
}

void redis_key_write(char *text, const RedisKeyPlace *place, const char *kind, const char *name) {
        text = put(put(text, place->prefix), ":");
        text = put(put(text, place->tenant), ":");
        (void)put(put(text, kind), name);
}

static char *join(const char *prefix, const char *tenant, const char *kind, const char *name) {
        const RedisKeyPlace place = { prefix, tenant };
        char *key = malloc(redis_key_size(&place, kind, name));

        if (key)
                redis_key_write(key, &place, kind, name);
        return key;
}

char *redis_key_users_prefix(const char *prefix, const char *tenant) {
        return join(prefix, tenant, REDIS_KEY_USER, "");
}

char *redis_key_user(const char *prefix, const char *tenant, const char *user) {
        return join(prefix, tenant, REDIS_KEY_USER, user);
}

void redis_key_name_owner(const char *sid, bool adopted, char name[SID_SIZE + 1]) {
        size_t size = adopted ? SID_SIZE : SID_OWNER_SIZE;

        memcpy(name, sid, size);
        name[size] = '\0';
}

char *redis_key_owner(const char *prefix, const char *tenant, const char *sid, bool adopted) {
        char name[SID_SIZE + 1];

        redis_key_name_owner(sid, adopted, name);
        return join(prefix, tenant, REDIS_KEY_INDEX, name);
}

char *redis_key_users(const char *prefix, const char *tenant) {
        return join(prefix, tenant, REDIS_KEY_USERS, "");
}

char *redis_key_begun(const char *prefix, const char *tenant) {
        return join(prefix, tenant, REDIS_KEY_BEGUN, "");
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
