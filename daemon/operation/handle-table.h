#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Logins between AUTHENTICATE and OPEN_SESSION. A handle is a name for such a login: bound to its user
 * and service, good for HANDLE_LIFETIME_SEC and for exactly one OPEN_SESSION. The user may know it (it
 * travels in the PAM environment), so it must be useless to anybody but root.
 */

#include <stdint.h>

#include <sys/queue.h>

#include "common/cleanup.h"

#define HANDLE_LIFETIME_SEC 150u
#define HANDLES_MAX         4096u
#define HANDLE_SIZE         22u

typedef struct HandleTable HandleTable;

typedef struct Handle {
        char id[HANDLE_SIZE + 1];
        char *sid, *user, *service;
        uint64_t expires_up_sec;    /* CLOCK_BOOTTIME */
        TAILQ_ENTRY(Handle) by_age; /* linked in HandleTable.by_age, oldest first */
        LIST_ENTRY(Handle) by_id;   /* linked in HandleTable.by_id */
} Handle;

/* The authenticated user and the service. Borrowed. */
typedef struct HandleSubject {
        const char *sid, *user, *service;
} HandleSubject;

/**
 * handle_table_new() - an empty table
 * @ret_table:  owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int handle_table_new(HandleTable **ret_table);

/**
 * handle_table_free() - forget all logins between two steps; they will be refused
 * @table:      NULL is fine
 *
 * Return: NULL.
 */
HandleTable *handle_table_free(HandleTable *table);
DEFINE_CLEANUP(HandleTable, handle_table_free)

/**
 * handle_table_add() - a login has begun
 * @table:      grows; drops expired ones, and the oldest if there are HANDLES_MAX
 * @subject:    who, copied
 * @up_sec:     CLOCK_BOOTTIME, which nobody sets
 * @ret_handle: borrowed
 *
 * Return: 0; negative errno.
 */
int handle_table_add(HandleTable *table, const HandleSubject *subject, uint64_t up_sec,
        const Handle **ret_handle);

/**
 * handle_table_find() - a login that is under way
 * @table:      borrowed
 * @id:         NUL-terminated
 *
 * Return: borrowed, possibly past its time; NULL if there is none.
 */
const Handle *handle_table_find(const HandleTable *table, const char *id);

/**
 * handle_table_remove() - the login opened its session, or failed
 * @table:      shrinks
 * @id:         NUL-terminated; an unknown one is fine
 */
void handle_table_remove(HandleTable *table, const char *id);
