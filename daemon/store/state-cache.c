/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>

#include "daemon/session/user-state.h"
#include "daemon/store/state-cache.h"

#define BUCKETS 8192u /* a power of two; one entry each when the cache is full */

typedef struct Entry Entry;

struct Entry {
        UserState *state;
        size_t size;
        uint64_t hash;
        uint64_t certain_in;     /* StateCache.generation; 0: doubted */
        Entry *next;             /* in the bucket */
        TAILQ_ENTRY(Entry) link; /* linked in StateCache.by_age */
};

struct StateCache {
        size_t count_max, size_max, count, size;
        uint64_t seed;
        uint64_t generation; /* what was put in an earlier one is doubted */
        Entry *buckets[BUCKETS];
        TAILQ_HEAD(EntryList, Entry) by_age; /* last asked for first */
};

int state_cache_new(size_t count_max, size_t size_max, StateCache **ret_cache) {
        _cleanup_(state_cache_freep) StateCache *cache = calloc(1, sizeof(*cache));

        if (!cache)
                return -ENOMEM;
        TAILQ_INIT(&cache->by_age);
        cache->count_max = count_max;
        cache->size_max = size_max;
        cache->generation = 1;
        if (getrandom(&cache->seed, sizeof(cache->seed), 0) != (ssize_t)sizeof(cache->seed))
                return -EIO;
        *ret_cache = TAKE_PTR(cache);
        return 0;
}

/* FNV-1a from a random start, so that nobody can choose names that share a bucket beforehand. */
static uint64_t hash_text(uint64_t hash, const char *text) {
        do {
                hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
        } while (*text++);
        return hash;
}

/* Nearly all that is asked for is of one tenant. */
static uint64_t hash_user(const StateCache *cache, const char *user) {
        uint64_t hash = hash_text(cache->seed, user);

        return hash ^ hash >> 32;
}

static Entry **find_hashed(StateCache *cache, uint64_t hash, const char *tenant, const char *user) {
        Entry **link = &cache->buckets[hash % BUCKETS];

        for (; *link; link = &(*link)->next)
                if ((*link)->hash == hash && strcmp((*link)->state->user, user) == 0 &&
                        strcmp((*link)->state->tenant, tenant) == 0)
                        return link;
        return link;
}

static Entry **find(StateCache *cache, const char *tenant, const char *user) {
        return find_hashed(cache, hash_user(cache, user), tenant, user);
}

static void remove_at(StateCache *cache, Entry **link) {
        Entry *entry = *link;

        *link = entry->next;
        TAILQ_REMOVE(&cache->by_age, entry, link);
        cache->count--;
        cache->size -= entry->size;
        user_state_unref(entry->state);
        free(entry);
}

void state_cache_drop(StateCache *cache, const char *tenant, const char *user) {
        Entry **link = find(cache, tenant, user);

        if (*link)
                remove_at(cache, link);
}

StateCache *state_cache_free(StateCache *cache) {
        if (!cache)
                return NULL;
        for (size_t i = 0; i < BUCKETS; i++)
                while (cache->buckets[i])
                        remove_at(cache, &cache->buckets[i]);
        free(cache);
        return NULL;
}

static Entry *ask_for(StateCache *cache, const char *tenant, const char *user) {
        Entry *entry = *find(cache, tenant, user);

        if (!entry)
                return NULL;
        TAILQ_REMOVE(&cache->by_age, entry, link);
        TAILQ_INSERT_HEAD(&cache->by_age, entry, link);
        return entry;
}

UserState *state_cache_get(StateCache *cache, const char *tenant, const char *user) {
        Entry *entry = ask_for(cache, tenant, user);

        return entry ? entry->state : NULL;
}

UserState *state_cache_get_certain(StateCache *cache, const char *tenant, const char *user) {
        Entry *entry = ask_for(cache, tenant, user);

        return entry && entry->certain_in == cache->generation ? entry->state : NULL;
}

void state_cache_doubt(StateCache *cache, const char *tenant, const char *user) {
        Entry *entry = *find(cache, tenant, user);

        if (entry)
                entry->certain_in = 0;
}

void state_cache_doubt_all(StateCache *cache) {
        cache->generation++;
}

static void make_room(StateCache *cache) {
        while (cache->count > cache->count_max || cache->size > cache->size_max) {
                Entry *oldest = TAILQ_LAST(&cache->by_age, EntryList);
                Entry **link = &cache->buckets[oldest->hash % BUCKETS];

                while (*link != oldest)
                        link = &(*link)->next;
                remove_at(cache, link);
        }
}

void state_cache_put(StateCache *cache, UserState *state) {
        Entry *entry = malloc(sizeof(*entry));
        uint64_t hash = hash_user(cache, state->user);
        Entry **link = find_hashed(cache, hash, state->tenant, state->user);

        /* Whatever becomes of the new state, the old one is no longer what the store holds. */
        if (*link)
                remove_at(cache, link);
        if (!entry) {
                user_state_unref(state);
                return;
        }
        link = &cache->buckets[hash % BUCKETS];
        *entry = (Entry){
                .state = state,
                .size = sizeof(*entry) + user_state_size(state),
                .hash = hash,
                .certain_in = cache->generation,
                .next = *link,
        };
        *link = entry;
        TAILQ_INSERT_HEAD(&cache->by_age, entry, link);
        cache->count++;
        cache->size += entry->size;
        make_room(cache);
}
