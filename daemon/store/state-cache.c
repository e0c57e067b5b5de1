/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>

#include "common/text-hash.h"
#include "daemon/session/user-state.h"
#include "daemon/store/state-cache.h"

#define BUCKETS 8192u /* a power of two; one entry each when the cache is full */

typedef struct Entry Entry;

/* A group of entries with a common limit. */
typedef struct Share {
        size_t count_max, size_max, count, size;
        TAILQ_HEAD(EntryList, Entry) by_age; /* the last first */
} Share;

struct Entry {
        UserState *state;
        Share *share;
        size_t size;
        uint64_t hash;
        uint64_t certain_in;     /* StateCache.generation; 0: doubted */
        Entry *next;             /* in the bucket */
        TAILQ_ENTRY(Entry) link; /* linked in Share.by_age */
};

struct StateCache {
        Share asked, unasked;
        uint64_t seed;
        uint64_t generation; /* entries of an earlier generation are doubted */
        Entry *buckets[BUCKETS];
};

static void share_open(Share *share, size_t count_max, size_t size_max) {
        share->count_max = count_max;
        share->size_max = size_max;
        TAILQ_INIT(&share->by_age);
}

static void enter(Entry *entry, Share *share) {
        TAILQ_INSERT_HEAD(&share->by_age, entry, link);
        entry->share = share;
        share->count++;
        share->size += entry->size;
}

static void leave(Entry *entry) {
        Share *share = entry->share;

        TAILQ_REMOVE(&share->by_age, entry, link);
        share->count--;
        share->size -= entry->size;
}

int state_cache_new(size_t count_max, size_t size_max, StateCache **ret_cache) {
        _cleanup_(state_cache_freep) StateCache *cache = calloc(1, sizeof(*cache));

        if (!cache)
                return -ENOMEM;
        share_open(&cache->asked, count_max, size_max);
        share_open(&cache->unasked, count_max / STATE_CACHE_UNASKED_PART,
                size_max / STATE_CACHE_UNASKED_PART);
        cache->generation = 1;
        if (getrandom(&cache->seed, sizeof(cache->seed), 0) != (ssize_t)sizeof(cache->seed))
                return -EIO;
        *ret_cache = TAKE_PTR(cache);
        return 0;
}

/* From a random start, so that nobody can choose names that share a bucket beforehand. Only the user is
 * hashed, as nearly all questions are about one tenant. */
static uint64_t hash_user(const StateCache *cache, const char *user) {
        uint64_t hash = text_hash_add(cache->seed, user);

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

static void remove_at(Entry **link) {
        Entry *entry = *link;

        *link = entry->next;
        leave(entry);
        user_state_unref(entry->state);
        free(entry);
}

void state_cache_drop(StateCache *cache, const char *tenant, const char *user) {
        Entry **link = find(cache, tenant, user);

        if (*link)
                remove_at(link);
}

StateCache *state_cache_free(StateCache *cache) {
        if (!cache)
                return NULL;
        for (size_t i = 0; i < BUCKETS; i++)
                while (cache->buckets[i])
                        remove_at(&cache->buckets[i]);
        free(cache);
        return NULL;
}

static Entry *ask_for(StateCache *cache, const char *tenant, const char *user) {
        Entry *entry = *find(cache, tenant, user);

        if (!entry)
                return NULL;
        leave(entry);
        enter(entry, &cache->asked);
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

static void make_room(StateCache *cache, const Share *share) {
        while (share->count > share->count_max || share->size > share->size_max) {
                Entry *oldest = TAILQ_LAST(&share->by_age, EntryList);
                Entry **link = &cache->buckets[oldest->hash % BUCKETS];

                while (*link != oldest)
                        link = &(*link)->next;
                remove_at(link);
        }
}

/* Even if the new state cannot be kept, the old one is no longer stored. */
static void put(StateCache *cache, UserState *state, Share *share) {
        uint64_t hash = hash_user(cache, state->user);
        Entry **link = find_hashed(cache, hash, state->tenant, state->user);
        Entry *entry = *link;

        if (entry) {
                if (entry->share == &cache->asked)
                        share = entry->share;
                leave(entry);
                user_state_unref(entry->state);
        } else {
                entry = malloc(sizeof(*entry));
                if (!entry) {
                        user_state_unref(state);
                        return;
                }
                *link = entry;
                entry->next = NULL;
                entry->hash = hash;
        }
        entry->state = state;
        entry->size = sizeof(*entry) + user_state_size(state);
        entry->certain_in = cache->generation;
        enter(entry, share);
        make_room(cache, &cache->asked);
        make_room(cache, &cache->unasked);
}

void state_cache_put(StateCache *cache, UserState *state) {
        put(cache, state, &cache->asked);
}

void state_cache_offer(StateCache *cache, UserState *state) {
        put(cache, state, &cache->unasked);
}
