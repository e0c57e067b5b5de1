/* SPDX-License-Identifier: MIT */
#include "daemon/token/token-cache.h"

#include <errno.h>
#include <string.h>

#include <openssl/evp.h>

#include "common/text-hash.h"
#include "daemon/token/token-verifier.h"

#define DIGEST_SIZE    32u
#define NONE           UINT32_MAX
#define CAPACITY_FIRST 64u
#define CAPACITY_MAX   (1u << 24)

/* Entries refer to each other by index: half the size of pointers, and the array can move. */
typedef struct CacheEntry {
        uint8_t digest[DIGEST_SIZE];
        Claims *claims;       /* NULL: the entry is free */
        uint32_t digest_next; /* in TokenCache.by_digest, or in the free list */
        /* In TokenCache.by_sid. The tokens of one busy session may fill the whole cache. */
        uint32_t sid_next, sid_previous;
        uint32_t newer, older;
} CacheEntry;

struct TokenCache {
        EVP_MD *sha256;
        EVP_MD_CTX *context;
        CacheEntry *entries;
        uint32_t *by_digest; /* chain heads, one for each entry */
        uint32_t *by_sid;
        uint32_t capacity; /* power of two */
        uint32_t n_used;   /* entries ever taken; the others are fresh */
        uint32_t free_head;
        uint32_t newest, oldest;
        size_t count;
        size_t bytes;
        size_t max_entries;
        size_t max_bytes;
};

/* The size of an entry without its claims: itself and its share of both head tables. */
#define ENTRY_BYTES (sizeof(CacheEntry) + 2 * sizeof(uint32_t))

int token_cache_new(size_t max_entries, size_t max_bytes, TokenCache **ret_cache) {
        TokenCache *cache;

        if (max_entries == 0 || max_entries > CAPACITY_MAX)
                return -EINVAL;
        cache = calloc(1, sizeof(*cache));
        if (!cache)
                return -ENOMEM;
        cache->max_entries = max_entries;
        cache->max_bytes = max_bytes;
        cache->free_head = cache->newest = cache->oldest = NONE;
        cache->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
        cache->context = EVP_MD_CTX_new();
        if (!cache->sha256 || !cache->context) {
                token_cache_free(cache);
                return -EIO;
        }
        *ret_cache = cache;
        return 0;
}

TokenCache *token_cache_free(TokenCache *cache) {
        if (!cache)
                return NULL;
        token_cache_clear(cache);
        EVP_MD_CTX_free(cache->context);
        EVP_MD_free(cache->sha256);
        free(cache);
        return NULL;
}

/* A digest's bytes are as good as random; only valid tokens get in, so nobody can choose them. */
static uint32_t *digest_head(TokenCache *cache, const uint8_t digest[DIGEST_SIZE]) {
        uint32_t hash;

        memcpy(&hash, digest, sizeof(hash));
        return &cache->by_digest[hash & (cache->capacity - 1)];
}

static uint32_t *sid_head(TokenCache *cache, const char *sid) {
        uint64_t hash = text_hash_add(text_hash_begin(), sid);

        return &cache->by_sid[hash & (cache->capacity - 1)];
}

static void chains_insert(TokenCache *cache, uint32_t index) {
        CacheEntry *entry = &cache->entries[index];
        uint32_t *head = digest_head(cache, entry->digest);

        entry->digest_next = *head;
        *head = index;
        /* Entries without a session's id would all be on one chain, and nobody drops them by
         * session. */
        if (!entry->claims->sid[0])
                return;
        head = sid_head(cache, entry->claims->sid);
        entry->sid_next = *head;
        entry->sid_previous = NONE;
        if (*head != NONE)
                cache->entries[*head].sid_previous = index;
        *head = index;
}

static void chains_remove(TokenCache *cache, uint32_t index) {
        CacheEntry *entry = &cache->entries[index];
        uint32_t *link = digest_head(cache, entry->digest);

        while (*link != index)
                link = &cache->entries[*link].digest_next;
        *link = entry->digest_next;
        if (!entry->claims->sid[0])
                return;
        if (entry->sid_next != NONE)
                cache->entries[entry->sid_next].sid_previous = entry->sid_previous;
        if (entry->sid_previous != NONE)
                cache->entries[entry->sid_previous].sid_next = entry->sid_next;
        else
                *sid_head(cache, entry->claims->sid) = entry->sid_next;
}

static void order_insert(TokenCache *cache, uint32_t index) {
        CacheEntry *entry = &cache->entries[index];

        entry->newer = NONE;
        entry->older = cache->newest;
        if (cache->newest != NONE)
                cache->entries[cache->newest].newer = index;
        else
                cache->oldest = index;
        cache->newest = index;
}

static void order_remove(TokenCache *cache, uint32_t index) {
        CacheEntry *entry = &cache->entries[index];

        if (entry->newer != NONE)
                cache->entries[entry->newer].older = entry->older;
        else
                cache->newest = entry->older;
        if (entry->older != NONE)
                cache->entries[entry->older].newer = entry->newer;
        else
                cache->oldest = entry->newer;
}

static void cache_drop(TokenCache *cache, uint32_t index) {
        CacheEntry *entry = &cache->entries[index];

        chains_remove(cache, index);
        order_remove(cache, index);
        cache->count--;
        cache->bytes -= ENTRY_BYTES + entry->claims->size;
        entry->claims = claims_unref(entry->claims);
        entry->digest_next = cache->free_head;
        cache->free_head = index;
}

static uint32_t cache_find(TokenCache *cache, const uint8_t digest[DIGEST_SIZE]) {
        uint32_t index;

        if (cache->capacity == 0)
                return NONE;
        index = *digest_head(cache, digest);
        while (index != NONE && memcmp(cache->entries[index].digest, digest, DIGEST_SIZE) != 0)
                index = cache->entries[index].digest_next;
        return index;
}

static int cache_grow(TokenCache *cache) {
        uint32_t capacity = cache->capacity ? 2 * cache->capacity : CAPACITY_FIRST;
        CacheEntry *entries = reallocarray(cache->entries, capacity, sizeof(*entries));
        uint32_t *heads;

        if (!entries)
                return -ENOMEM;
        cache->entries = entries;
        heads = reallocarray(cache->by_digest, capacity, sizeof(*heads));
        if (!heads)
                return -ENOMEM;
        cache->by_digest = heads;
        heads = reallocarray(cache->by_sid, capacity, sizeof(*heads));
        if (!heads)
                return -ENOMEM;
        cache->by_sid = heads;
        cache->capacity = capacity;
        memset(cache->by_digest, 0xff, capacity * sizeof(*heads));
        memset(cache->by_sid, 0xff, capacity * sizeof(*heads));
        /* It grows only when no entry is free, so all entries are in use. */
        for (uint32_t i = 0; i < cache->n_used; i++)
                chains_insert(cache, i);
        return 0;
}

static int cache_take_entry(TokenCache *cache, uint32_t *ret_index) {
        int r;

        if (cache->free_head != NONE) {
                *ret_index = cache->free_head;
                cache->free_head = cache->entries[cache->free_head].digest_next;
                return 0;
        }
        if (cache->n_used == cache->capacity) {
                r = cache_grow(cache);
                if (r)
                        return r;
        }
        *ret_index = cache->n_used++;
        return 0;
}

/* Caching is optional: without memory the token is verified again next time. */
static void cache_put(TokenCache *cache, const uint8_t digest[DIGEST_SIZE], Claims *claims) {
        size_t bytes = ENTRY_BYTES + claims->size;
        uint32_t index;

        if (bytes > cache->max_bytes)
                return;
        while (cache->count == cache->max_entries || cache->bytes + bytes > cache->max_bytes)
                cache_drop(cache, cache->oldest);
        if (cache_take_entry(cache, &index))
                return;
        memcpy(cache->entries[index].digest, digest, DIGEST_SIZE);
        cache->entries[index].claims = claims_ref(claims);
        chains_insert(cache, index);
        order_insert(cache, index);
        cache->count++;
        cache->bytes += bytes;
}

static bool cache_digest(
        TokenCache *cache, const VerifyRequest *request, uint8_t digest[DIGEST_SIZE]) {
        return EVP_DigestInit_ex2(cache->context, cache->sha256, NULL) == 1 &&
               EVP_DigestUpdate(cache->context, request->token, request->token_size) == 1 &&
               EVP_DigestFinal_ex(cache->context, digest, NULL) == 1;
}

static Claims *cache_hit(TokenCache *cache, const uint8_t digest[DIGEST_SIZE], uint64_t now_sec) {
        uint32_t index = cache_find(cache, digest);

        if (index == NONE)
                return NULL;
        if (now_sec >= cache->entries[index].claims->expires_at_sec) {
                cache_drop(cache, index);
                return NULL;
        }
        order_remove(cache, index);
        order_insert(cache, index);
        return cache->entries[index].claims;
}

/* The issuer may have been removed, or have other rules now. */
static Reason check_again(
        const Claims *claims, const VerifyRules *rules, const VerifyRequest *request) {
        const VerifyRules *own = verify_rules_of(rules, claims);
        VerifyRules effective;

        if (!own)
                return REASON_ISSUER_MISMATCH;
        effective = *own;
        effective.ignore_time = rules->ignore_time;
        return claims_check(claims, &effective, request);
}

Reason token_cache_verify(TokenCache *cache, const Keyring *keyring, const VerifyRules *rules,
        const VerifyRequest *request, Claims **ret_claims) {
        uint8_t digest[DIGEST_SIZE];
        Claims *claims;
        Reason reason;

        if (!cache || rules->signature_only)
                return token_verify(keyring, rules, request, ret_claims);
        if (request->token_size > rules->max_size)
                return REASON_TOKEN_TOO_LARGE;
        if (!cache_digest(cache, request, digest))
                return REASON_INTERNAL;
        claims = cache_hit(cache, digest, request->now_sec);
        if (claims) {
                reason = check_again(claims, rules, request);
                if (reason == REASON_OK)
                        *ret_claims = claims_ref(claims);
                return reason;
        }
        reason = token_verify(keyring, rules, request, ret_claims);
        if (reason == REASON_OK && request->now_sec < (*ret_claims)->expires_at_sec)
                cache_put(cache, digest, *ret_claims);
        return reason;
}

void token_cache_drop_session(TokenCache *cache, const char *sid) {
        uint32_t index, next;

        if (!cache || cache->capacity == 0)
                return;
        for (index = *sid_head(cache, sid); index != NONE; index = next) {
                next = cache->entries[index].sid_next;
                if (strcmp(cache->entries[index].claims->sid, sid) == 0)
                        cache_drop(cache, index);
        }
}

void token_cache_clear(TokenCache *cache) {
        if (!cache)
                return;
        while (cache->newest != NONE)
                cache_drop(cache, cache->newest);
        free(cache->entries);
        free(cache->by_digest);
        free(cache->by_sid);
        cache->entries = NULL;
        cache->by_digest = cache->by_sid = NULL;
        cache->capacity = cache->n_used = 0;
        cache->free_head = NONE;
}

size_t token_cache_count(const TokenCache *cache) {
        return cache->count;
}

size_t token_cache_bytes(const TokenCache *cache) {
        return cache->bytes;
}
