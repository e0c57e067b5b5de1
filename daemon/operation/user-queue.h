#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * load → decide → commit, the only way in which a user's state changes. Changes of one user queue, so
 * that they do not conflict within one daemon. After a conflict with another host they are tried
 * again on that host's state, a bounded number of times.
 */

#include <stdbool.h>
#include <stdint.h>

#include "authtoken/reason.h"
#include "common/cleanup.h"
#include "daemon/store/store-commit.h"

typedef struct UserQueue UserQueue;
typedef struct UserState UserState;
typedef struct sd_event sd_event;

#define USER_CHANGE_TRIES_MAX 16u

/* One change. @decide may be called several times, each time on a fresh state. */
typedef struct UserChange {
        /* Pure: changes @state, sets *ret_changed. REASON_OK, or why not (nothing is committed). */
        Reason (*decide)(UserState *state, uint64_t now_sec, bool *ret_changed, void *userdata);
        /* Called after @decide on the remains of an unreadable record: @state replaces it, and has to say that
         * everything before has ended. NULL: the record stays, and the change fails with REASON_STORE_CORRUPT. Not with
         * a guard. */
        void (*replace)(UserState *state, uint64_t now_sec, void *userdata);
        /* Called exactly once, unless the queue is freed before; REASON_STORE_UNREPLICATED: it is done, but a failover may
         * undo it. @state is what is stored now, borrowed, NULL unless REASON_OK. */
        void (*done)(Reason reason, const UserState *state, void *userdata);
        /* Called instead of @done when the queue is freed before; NULL if nothing is to be freed. */
        void (*forget)(void *userdata);
        void *userdata;
        StoreGuard guard; /* on the commit; its texts are borrowed until @done */
        /* It revokes: if it finds nothing to do, replicas are waited for as well (see user_store_settle()). */
        bool revokes;
} UserChange;

/**
 * user_change_is_done() - whether a change has taken place, safe from a failover or not, also in a replaced
 * record
 * @reason:     that UserChange.done was told
 */
bool user_change_is_done(Reason reason);

/**
 * user_queue_new() - a queue in front of a store
 * @store:      borrowed; outlives the queue
 * @ret_queue:  owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int user_queue_new(UserStore *store, UserQueue **ret_queue);

/**
 * user_queue_free() - drop what is queued without completing it
 * @queue:      NULL is fine
 *
 * Return: NULL.
 */
UserQueue *user_queue_free(UserQueue *queue);
DEFINE_CLEANUP(UserQueue, user_queue_free)

/**
 * user_queue_change() - change a user's state
 * @queue:      any
 * @tenant:     copied
 * @user:       copied
 * @change:     copied; runs to its end even if its caller goes away
 *
 * Return: 0: @change->done will be called, not before this returns; -ENOMEM.
 */
int user_queue_change(
        UserQueue *queue, const char *tenant, const char *user, const UserChange *change);
