#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Where users' states live: SQLite on one host, Redis for a fleet, behind one interface.
 *
 * Every call is asynchronous on the caller's sd-event loop. A completion is called exactly once, never
 * before its starter returned, and not at all once its StoreCall was freed. Nothing here blocks the loop.
 * A StoreCall is the caller's until its completion runs; the store frees it after that (freeing it inside
 * is fine, too). No completion or notice may free the store.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "common/cleanup.h"
#include "daemon/session/moment.h"
#include "daemon/store/store-config.h"

typedef struct UserState UserState;
typedef struct UserStore UserStore;
typedef struct StoreCall StoreCall;

#define STORE_MESSAGE_MAX 256u

enum {
        STORE_E_CONFLICT = 1, /* somebody changed the state since it was loaded */
        STORE_E_OFFLINE,      /* no connection, or it broke: the outcome is unknown */
        STORE_E_TIMEOUT,      /* no answer in time: the outcome is unknown */
        STORE_E_REFUSED,      /* the store answered with an error: nothing was done */
        STORE_E_CORRUPT,      /* what is stored is not a state */
        STORE_E_NOT_FOUND,    /* user_store_find_sid(): no such session;
                               * user_store_peek(): not known without asking */
        STORE_E_UNREPLICATED, /* it was done, but fewer replicas have it than are wanted */
        STORE_E_MARK,         /* the mark is not as the commit wants it: nothing was done */
};

typedef struct StoreHealth {
        bool online;
        bool durable;   /* acknowledged commits survive a crash of the store */
        bool forgetful; /* it may evict some records when its memory is short */
        bool watching;  /* changes by others are announced at once; SQLite: there are no others */
        uint64_t n_commits, n_conflicts, n_errors;
        uint64_t latency_usec;                      /* of the last command */
        unsigned int n_replicas, n_replicas_wanted; /* of a Redis whose replicas are waited for */
        char message
                [STORE_MESSAGE_MAX]; /* why it is offline or not durable; empty if all is well */
} StoreHealth;

/* Of a user or a session. Borrowed for the call of a function only. */
typedef struct StoreName {
        const char *tenant, *name;
} StoreName;

/* @r: 0 or STORE_E_* or negative errno. */
typedef void (*StoreLoadDone)(StoreCall *call, int r, UserState *state, void *userdata);
/* @state: what is stored instead, to be decided on; after STORE_E_CONFLICT only, and not always even then. */
typedef void (*StoreCommitDone)(StoreCall *call, int r, UserState *state, void *userdata);
typedef void (*StoreFindDone)(StoreCall *call, int r, const char *user, void *userdata);
/* Lines for an administrator: connection lost and found, error replies.
 * @priority: syslog priority. */
typedef void (*StoreNotice)(int priority, const char *message, void *userdata);

/**
 * user_store_new() - open or connect
 * @config:     borrowed
 * @event:      referenced
 * @notice:     may be NULL
 * @userdata:   for @notice
 * @ret_store:  owned by the caller
 *
 * SQLite opens, locks and checks its file here (the one moment when blocking is fine); Redis only starts
 * to connect, and keeps at it with back-off. Return: 0; STORE_E_REFUSED bad address, locked or unusable
 * file (@notice said why); negative errno.
 */
int user_store_new(const StoreConfig *config, sd_event *event, StoreNotice notice, void *userdata,
        UserStore **ret_store);

/**
 * user_store_free() - end all calls without completing them, then close
 * @store:      NULL is fine
 *
 * Commits that were handed to SQLite are finished before it returns. Return: NULL.
 */
UserStore *user_store_free(UserStore *store);
DEFINE_CLEANUP(UserStore, user_store_free)

/**
 * user_store_load() - read a user's state
 * @store:      connected or not
 * @user:       whose
 * @done:       gets a reference to the state, which may be shared: user_state_own() before changing
 *              it; the empty state if nothing is stored
 * @userdata:   for @done
 * @ret_call:   owned by the caller until @done is called; freeing it silences @done
 *
 * Return: 0 started; -ENOMEM; -EINVAL a name that cannot be.
 */
int user_store_load(
        UserStore *store, StoreName user, StoreLoadDone done, void *userdata, StoreCall **ret_call);

/**
 * user_store_peek() - read a state without waiting, from memory
 * @store:      any
 * @tenant:     whose
 * @user:       whose
 * @ret_state:  borrowed; valid until control returns to the loop
 *
 * Answers only while memory is known to equal the store, for a state that was loaded before: with SQLite, whose only
 * writer we are, and with Redis as long as it tells us of every change (store-watch.h). Return: 0; STORE_E_NOT_FOUND:
 * use user_store_load().
 */
int user_store_peek(
        UserStore *store, const char *tenant, const char *user, const UserState **ret_state);

/**
 * user_store_find_sid() - which user a session belongs to
 * @store:      connected or not
 * @sid:        of the session
 * @done:       gets the user's name, borrowed; a hint, to be confirmed by loading that user
 * @userdata:   for @done
 * @ret_call:   as for user_store_load()
 *
 * Return: 0 started; -ENOMEM.
 */
int user_store_find_sid(
        UserStore *store, StoreName sid, StoreFindDone done, void *userdata, StoreCall **ret_call);

/**
 * store_call_free() - forget a call; its completion will not be called
 * @call:       NULL is fine. A commit that was sent still takes place.
 *
 * Return: NULL.
 */
StoreCall *store_call_free(StoreCall *call);
DEFINE_CLEANUP(StoreCall, store_call_free)

/**
 * user_store_expire() - delete states whose end has passed
 * @store:      any; Redis does it by itself
 * @moment:     the caller's clocks; nothing is deleted before it may be forgotten
 */
void user_store_expire(UserStore *store, const Moment *moment);

/**
 * user_store_set_password() - log in with another password from now on
 * @store:      connections stay open; if the server refuses the password, a notice says so
 * @password:   copied
 *
 * Return: 0; -ENOMEM.
 */
int user_store_set_password(UserStore *store, const char *password);

/**
 * user_store_health() - what `status` tells
 * @store:      any
 * @ret_health: filled
 */
void user_store_health(const UserStore *store, StoreHealth *ret_health);
