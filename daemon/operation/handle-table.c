/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/base64url.h"
#include "common/secret.h"
#include "daemon/operation/handle-table.h"

struct HandleTable {
        Handle *first;
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

static void unlink_handle(HandleTable *table, Handle **link) {
        Handle *handle = *link;

        *link = handle->next;
        table->n_handles--;
        handle_free(handle);
}

/* All live equally long, so that those behind the first expired one have expired, too. */
static void prune(HandleTable *table, uint64_t now_sec) {
        Handle **link = &table->first;
        size_t n_kept = 0;

        while (*link && (*link)->expires_at_sec > now_sec && n_kept < HANDLES_MAX - 1) {
                link = &(*link)->next;
                n_kept++;
        }
        while (*link)
                unlink_handle(table, link);
}

int handle_table_add(HandleTable *table, const char *sid, const char *user, const char *service,
        uint64_t now_sec, const Handle **ret_handle) {
        _cleanup_(handle_freep) Handle *handle = calloc(1, sizeof(*handle));
        uint8_t random[16];

        if (!handle)
                return -ENOMEM;
        handle->sid = strdup(sid);
        handle->user = strdup(user);
        handle->service = strdup(service);
        if (!handle->sid || !handle->user || !handle->service)
                return -ENOMEM;
        if (getrandom(random, sizeof(random), 0) != sizeof(random))
                return -EIO;
        if (base64url_encode(random, sizeof(random), handle->id, sizeof(handle->id)))
                return -EINVAL;
        handle->expires_at_sec = now_sec + HANDLE_LIFETIME_SEC;

        prune(table, now_sec);
        handle->next = table->first;
        table->first = TAKE_PTR(handle);
        table->n_handles++;
        *ret_handle = table->first;
        return 0;
}

static Handle **find_link(HandleTable *table, const char *id) {
        Handle **link;

        for (link = &table->first; *link; link = &(*link)->next)
                if (secret_equal((*link)->id, HANDLE_SIZE, id, strlen(id)))
                        break;
        return link;
}

const Handle *handle_table_find(const HandleTable *table, const char *id) {
        return *find_link((HandleTable *)table, id);
}

void handle_table_remove(HandleTable *table, const char *id) {
        Handle **link = find_link(table, id);

        if (*link)
                unlink_handle(table, link);
}

int handle_table_new(HandleTable **ret_table) {
        HandleTable *table = calloc(1, sizeof(*table));

        if (!table)
                return -ENOMEM;
        *ret_table = table;
        return 0;
}

HandleTable *handle_table_free(HandleTable *table) {
        if (!table)
                return NULL;
        while (table->first)
                unlink_handle(table, &table->first);
        free(table);
        return NULL;
}
