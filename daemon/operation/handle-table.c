/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/base64url.h"
#include "common/secret.h"
#include "daemon/operation/handle-table.h"

#define N_BUCKETS 256u

struct HandleTable {
        TAILQ_HEAD(, Handle) by_age;
        LIST_HEAD(, Handle) by_id[N_BUCKETS];
        size_t n_handles;
};

static Handle *handle_free(Handle *handle) {
        if (!handle)
                return NULL;
        free(handle->sid);
        free(handle->user);
        free(handle->service);
        free(handle);
        return NULL;
}
DEFINE_CLEANUP(Handle, handle_free)

/* Ids are random: their first characters are as good as a hash. */
static size_t bucket_of(const char *id) {
        return *id ? ((uint8_t)id[0] * 61u + (uint8_t)id[1]) % N_BUCKETS : 0;
}

static void drop(HandleTable *table, Handle *handle) {
        TAILQ_REMOVE(&table->by_age, handle, by_age);
        LIST_REMOVE(handle, by_id);
        table->n_handles--;
        handle_free(handle);
}

/* An old handle may stay a little longer if the clock steps back; it is refused when it is used. */
static void prune(HandleTable *table, uint64_t up_sec) {
        Handle *oldest;

        while ((oldest = TAILQ_FIRST(&table->by_age)) &&
                (oldest->expires_up_sec <= up_sec || table->n_handles >= HANDLES_MAX))
                drop(table, oldest);
}

int handle_table_add(HandleTable *table, const HandleSubject *subject, uint64_t up_sec,
        const Handle **ret_handle) {
        _cleanup_(handle_freep) Handle *handle = calloc(1, sizeof(*handle));
        uint8_t random[16];

        if (!handle)
                return -ENOMEM;
        handle->sid = strdup(subject->sid);
        handle->user = strdup(subject->user);
        handle->service = strdup(subject->service);
        if (!handle->sid || !handle->user || !handle->service)
                return -ENOMEM;
        if (getrandom(random, sizeof(random), 0) != sizeof(random))
                return -EIO;
        if (base64url_encode(random, sizeof(random), handle->id, sizeof(handle->id)))
                return -EINVAL;
        handle->expires_up_sec = up_sec + HANDLE_LIFETIME_SEC;

        prune(table, up_sec);
        TAILQ_INSERT_TAIL(&table->by_age, handle, by_age);
        LIST_INSERT_HEAD(&table->by_id[bucket_of(handle->id)], handle, by_id);
        table->n_handles++;
        *ret_handle = TAKE_PTR(handle);
        return 0;
}

static Handle *find(const HandleTable *table, const char *id) {
        Handle *handle;

        LIST_FOREACH(handle, &table->by_id[bucket_of(id)], by_id)
        if (secret_equal(handle->id, HANDLE_SIZE, id, strlen(id)))
                return handle;
        return NULL;
}

const Handle *handle_table_find(const HandleTable *table, const char *id) {
        return find(table, id);
}

void handle_table_remove(HandleTable *table, const char *id) {
        Handle *handle = find(table, id);

        if (handle)
                drop(table, handle);
}

int handle_table_new(HandleTable **ret_table) {
        HandleTable *table = calloc(1, sizeof(*table));

        if (!table)
                return -ENOMEM;
        TAILQ_INIT(&table->by_age);
        *ret_table = table;
        return 0;
}

HandleTable *handle_table_free(HandleTable *table) {
        if (!table)
                return NULL;
        while (!TAILQ_EMPTY(&table->by_age))
                drop(table, TAILQ_FIRST(&table->by_age));
        free(table);
        return NULL;
}
