/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/text-hash.h"
#include "daemon/operation/owner-cache.h"
#include "daemon/token/jti.h"

#define N_PLACES 4096u

typedef struct Owner {
        char sid[SID_SIZE + 1]; /* "": nobody */
        char *user;
} Owner;

/* Each session has one place, which the next one that falls on it takes. */
struct OwnerCache {
        Owner places[N_PLACES];
};

int owner_cache_new(OwnerCache **ret_cache) {
        *ret_cache = calloc(1, sizeof(OwnerCache));
        return *ret_cache ? 0 : -ENOMEM;
}

OwnerCache *owner_cache_free(OwnerCache *cache) {
        if (!cache)
                return NULL;
        for (size_t i = 0; i < N_PLACES; i++)
                free(cache->places[i].user);
        free(cache);
        return NULL;
}

/* Session ids are random, but the caller chooses which ids to ask for. */
static size_t place_of(const char *sid) {
        uint64_t hash = text_hash_add(text_hash_begin(), sid);

        return (hash ^ hash >> 32) % N_PLACES;
}

void owner_cache_put(OwnerCache *cache, const char *sid, const char *user) {
        Owner *owner = &cache->places[place_of(sid)];
        char *copy;

        if (owner->user && strcmp(owner->sid, sid) == 0)
                return;
        copy = strdup(user);
        if (!copy)
                return;
        free(owner->user);
        owner->user = copy;
        memcpy(owner->sid, sid, sizeof(owner->sid));
}

const char *owner_cache_get(const OwnerCache *cache, const char *sid) {
        const Owner *owner = &cache->places[place_of(sid)];

        return owner->user && strcmp(owner->sid, sid) == 0 ? owner->user : NULL;
}
