/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>

#include "common/text-hash.h"
#include "daemon/store/failure-table.h"
#include "daemon/store/lock-out-list.h"

#define BUCKETS 4096u /* a power of two; some 4 entries each when the table is full */

typedef struct Entry Entry;

struct Entry {
        Entry *next;             /* in the bucket */
        TAILQ_ENTRY(Entry) link; /* linked in FailureTable.counting or .locked */
        uint64_t hash;
        bool is_locked;
        unsigned int n_failures;
        unsigned int n_reserved; /* attempts under way */
        uint64_t until_sec;      /* end of the window, or of the lock-out */
        char names[];            /* tenant, user and place, a NUL after each */
};

TAILQ_HEAD(EntryList, Entry);

struct FailureTable {
        size_t count_max, count;
        uint64_t seed;
        Entry *buckets[BUCKETS];
        struct EntryList counting; /* heard of longest ago first */
        struct EntryList locked;   /* locked longest ago first */
};

int failure_table_new(size_t count_max, FailureTable **ret_table) {
        _cleanup_(failure_table_freep) FailureTable *table = calloc(1, sizeof(*table));

        if (!table)
                return -ENOMEM;
        TAILQ_INIT(&table->counting);
        TAILQ_INIT(&table->locked);
        table->count_max = count_max;
        if (getrandom(&table->seed, sizeof(table->seed), 0) != (ssize_t)sizeof(table->seed))
                return -EIO;
        *ret_table = TAKE_PTR(table);
        return 0;
}

static struct EntryList *list_of(FailureTable *table, const Entry *entry) {
        return entry->is_locked ? &table->locked : &table->counting;
}

static void drop(FailureTable *table, Entry *entry) {
        Entry **link = &table->buckets[entry->hash % BUCKETS];

        while (*link != entry)
                link = &(*link)->next;
        *link = entry->next;
        TAILQ_REMOVE(list_of(table, entry), entry, link);
        table->count--;
        free(entry);
}

FailureTable *failure_table_free(FailureTable *table) {
        if (!table)
                return NULL;
        for (size_t i = 0; i < BUCKETS; i++)
                while (table->buckets[i])
                        drop(table, table->buckets[i]);
        free(table);
        return NULL;
}

/* From a random start, so that nobody can choose names that share a bucket beforehand. */
static uint64_t hash_key(const FailureTable *table, const FailureKey *key) {
        uint64_t hash = text_hash_add(table->seed, key->tenant);

        hash = text_hash_add(text_hash_add(hash, key->user), key->place);
        return hash ^ hash >> 32;
}

static FailureKey key_of(const Entry *entry) {
        const char *user = entry->names + strlen(entry->names) + 1;

        return (FailureKey){ entry->names, user, user + strlen(user) + 1 };
}

static bool is_of(const Entry *entry, const FailureKey *key) {
        FailureKey own = key_of(entry);

        return !strcmp(own.tenant, key->tenant) && !strcmp(own.user, key->user) &&
               !strcmp(own.place, key->place);
}

static bool is_any_or(const char *wanted, const char *text) {
        return !*wanted || !strcmp(wanted, text);
}

static bool is_among(const Entry *entry, const FailureKey *which) {
        FailureKey own = key_of(entry);

        return is_any_or(which->tenant, own.tenant) && is_any_or(which->user, own.user) &&
               is_any_or(which->place, own.place);
}

static Entry *find(const FailureTable *table, const FailureKey *key) {
        uint64_t hash = hash_key(table, key);

        for (Entry *entry = table->buckets[hash % BUCKETS]; entry; entry = entry->next)
                if (entry->hash == hash && is_of(entry, key))
                        return entry;
        return NULL;
}

static bool make_room(FailureTable *table, uint64_t now_sec) {
        Entry *oldest = TAILQ_FIRST(&table->locked);

        while (oldest && oldest->until_sec <= now_sec) {
                drop(table, oldest);
                oldest = TAILQ_FIRST(&table->locked);
        }
        oldest = TAILQ_FIRST(&table->counting);
        if (table->count >= table->count_max && oldest)
                drop(table, oldest);
        return table->count < table->count_max;
}

static Entry *add(FailureTable *table, const FailureKey *key, uint64_t now_sec) {
        size_t tenant = strlen(key->tenant) + 1, user = strlen(key->user) + 1;
        size_t place = strlen(key->place) + 1;
        Entry *entry;

        if (!make_room(table, now_sec))
                return NULL;
        entry = calloc(1, sizeof(*entry) + tenant + user + place);
        if (!entry)
                return NULL;
        memcpy(entry->names, key->tenant, tenant);
        memcpy(entry->names + tenant, key->user, user);
        memcpy(entry->names + tenant + user, key->place, place);
        entry->hash = hash_key(table, key);
        entry->next = table->buckets[entry->hash % BUCKETS];
        table->buckets[entry->hash % BUCKETS] = entry;
        TAILQ_INSERT_TAIL(&table->counting, entry, link);
        table->count++;
        return entry;
}

static void lock(FailureTable *table, Entry *entry, uint64_t until_sec) {
        TAILQ_REMOVE(list_of(table, entry), entry, link);
        entry->is_locked = true;
        entry->until_sec = until_sec;
        TAILQ_INSERT_TAIL(&table->locked, entry, link);
}

/* Setting the clock back frees nobody, and makes nobody wait for longer than the rules say. */
static bool lasts(Entry *entry, uint64_t span_sec, uint64_t now_sec) {
        if (entry->until_sec > now_sec && entry->until_sec - now_sec > span_sec)
                entry->until_sec = now_sec + span_sec;
        return entry->until_sec > now_sec;
}

static bool holds(Entry *entry, const FailureQuestion *question) {
        return entry->is_locked && question->rules.max > 0 &&
               lasts(entry, question->rules.lock_out_sec, question->now_sec);
}

bool failure_table_is_locked(const FailureTable *table, const FailureQuestion *question) {
        Entry *entry = question->rules.max > 0 ? find(table, &question->key) : NULL;

        return entry && holds(entry, question);
}

bool failure_table_locks(const FailureTable *table) {
        return !TAILQ_EMPTY(&table->locked);
}

static void restart(FailureTable *table, Entry *entry, const FailureQuestion *question) {
        TAILQ_REMOVE(list_of(table, entry), entry, link);
        entry->is_locked = false;
        entry->n_failures = 0;
        entry->until_sec = question->now_sec + question->rules.window_sec;
        TAILQ_INSERT_TAIL(&table->counting, entry, link);
}

/* The place's entry, moved to the end of its list; a window that is over begins anew. NULL:
 * there is no room. */
static Entry *hear_of(FailureTable *table, const FailureQuestion *question) {
        Entry *entry = find(table, &question->key);

        if (!entry)
                entry = add(table, &question->key, question->now_sec);
        if (!entry)
                return NULL;
        if (entry->is_locked || !lasts(entry, question->rules.window_sec, question->now_sec))
                restart(table, entry, question);
        TAILQ_REMOVE(&table->counting, entry, link);
        TAILQ_INSERT_TAIL(&table->counting, entry, link);
        return entry;
}

bool failure_table_reserve(FailureTable *table, const FailureQuestion *question) {
        Entry *entry;

        if (question->rules.max == 0)
                return true;
        if (failure_table_is_locked(table, question))
                return false;
        entry = hear_of(table, question);
        if (!entry)
                return true;
        if (entry->n_failures + entry->n_reserved >= question->rules.max)
                return false;
        entry->n_reserved++;
        return true;
}

void failure_table_release(FailureTable *table, const FailureKey *key) {
        Entry *entry = find(table, key);

        if (!entry || entry->n_reserved == 0)
                return;
        entry->n_reserved--;
        if (!entry->is_locked && entry->n_failures + entry->n_reserved == 0)
                drop(table, entry);
}

bool failure_table_count(FailureTable *table, const FailureQuestion *question) {
        const FailureRules *rules = &question->rules;
        Entry *entry;

        if (question->step == FAILURE_COUNT_RESERVED)
                failure_table_release(table, &question->key);
        if (rules->max == 0 || failure_table_is_locked(table, question))
                return false;
        entry = hear_of(table, question);
        if (!entry)
                return false;
        if (++entry->n_failures < rules->max)
                return false;
        lock(table, entry, question->now_sec + rules->lock_out_sec);
        return true;
}

void failure_table_lock(FailureTable *table, const FailureKey *key, uint64_t until_sec) {
        Entry *entry = find(table, key);

        /* At second 0 nothing has ended, so no lock-out makes room for this one. */
        if (!entry)
                entry = add(table, key, 0);
        if (entry)
                lock(table, entry, until_sec);
}

static void begin_anew(FailureTable *table, Entry *entry) {
        if (entry->n_reserved == 0) {
                drop(table, entry);
                return;
        }
        TAILQ_REMOVE(list_of(table, entry), entry, link);
        entry->is_locked = false;
        entry->n_failures = 0;
        entry->until_sec = 0;
        TAILQ_INSERT_TAIL(&table->counting, entry, link);
}

unsigned int failure_table_lift(FailureTable *table, const FailureQuestion *question) {
        Entry *entry = TAILQ_FIRST(&table->locked), *next;
        unsigned int n_lifted = 0;

        for (; entry; entry = next) {
                next = TAILQ_NEXT(entry, link);
                if (!is_among(entry, &question->key))
                        continue;
                n_lifted += holds(entry, question);
                begin_anew(table, entry);
        }
        entry = find(table, &question->key);
        if (entry)
                begin_anew(table, entry);
        return n_lifted;
}

int failure_table_list(
        const FailureTable *table, const FailureQuestion *question, LockOutList *list) {
        Entry *entry;
        int r = 0;

        TAILQ_FOREACH(entry, &table->locked, link) {
                FailureKey own = key_of(entry);

                if (r == 0 && is_among(entry, &question->key) && holds(entry, question))
                        r = lock_out_list_add(list, own.user, own.place, entry->until_sec);
        }
        return r;
}

size_t failure_table_size(const FailureTable *table) {
        return table->count;
}
