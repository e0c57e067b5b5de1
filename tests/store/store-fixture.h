#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A store in a directory of its own, and calls that wait for their completion.
 */

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"
#include "daemon/store/store-commit.h"
#include "redis-server.h"

#define FIXTURE_NOTICES 16384u
#define FIXTURE_LOADED  64u

typedef struct StoreFixture {
        char directory[64];
        char path[96], address[128];
        StoreConfig config;
        sd_event *event;
        UserStore *store;
        RedisServer server;                /* STORE_REDIS only */
        char notices[FIXTURE_NOTICES];     /* a line each */
        UserState *loaded[FIXTURE_LOADED]; /* as they were loaded last, to commit changes of */
        unsigned int n_loaded;
        StoreGuard guard; /* of the next commits */
} StoreFixture;

/**
 * store_fixture_new() - a directory, a running server if one is needed, and an open store
 * @type:       of store
 * @ret_fixture: owned by the caller
 */
void store_fixture_new(StoreType type, StoreFixture **ret_fixture);

/**
 * store_fixture_free() - end and remove all of it
 * @fixture:    NULL is fine
 */
void store_fixture_free(StoreFixture *fixture);

/**
 * store_fixture_open() - open the store
 * @fixture:    without a store
 *
 * Return: what user_store_new() said.
 */
int store_fixture_open(StoreFixture *fixture);

/**
 * store_fixture_reopen() - close the store and open it again
 * @fixture:    with a store
 */
void store_fixture_reopen(StoreFixture *fixture);

/**
 * store_fixture_run() - run the loop until something is so; fails the test after some seconds
 * @fixture:    any
 * @flag:       what to wait for
 */
void store_fixture_run(StoreFixture *fixture, const bool *flag);

/**
 * store_fixture_turn() - run the loop for at most some time
 * @fixture:    any
 * @usec:       relative
 */
void store_fixture_turn(StoreFixture *fixture, uint64_t usec);

/**
 * store_fixture_wait_online() - run the loop until the store has, or has lost, its connection
 * @fixture:    any
 * @online:     which
 */
void store_fixture_wait_online(StoreFixture *fixture, bool online);

/**
 * store_fixture_told() - whether a notice with this text was given
 * @fixture:    any
 * @text:       part of a line
 */
bool store_fixture_told(const StoreFixture *fixture, const char *text);

/**
 * fixture_load() - load and wait
 * @fixture:    any
 * @user:       of tenant "default"
 * @ret_state:  owned by the caller; NULL on failure
 *
 * Return: what the completion got.
 */
int fixture_load(StoreFixture *fixture, const char *user, UserState **ret_state);

/**
 * fixture_own() - a loaded state to change and commit
 * @fixture:    remembers how it was loaded
 * @state:      a reference of the caller's; replaced by a copy
 */
void fixture_own(StoreFixture *fixture, UserState **state);

/**
 * fixture_start_commit() - as user_store_commit()
 * @fixture:    any
 * @state:      new, or changed since fixture_own()
 * @done:       called when the state is durable
 * @userdata:   for @done
 * @ret_call:   as there
 */
int fixture_start_commit(StoreFixture *fixture, const UserState *state, StoreCommitDone done,
        void *userdata, StoreCall **ret_call);

/**
 * fixture_commit() - commit and wait
 * @fixture:    any
 * @state:      new, or changed since it was loaded
 *
 * Return: what the completion got, or the starter said.
 */
int fixture_commit(StoreFixture *fixture, const UserState *state);

/**
 * fixture_find() - find and wait
 * @fixture:    any
 * @sid:        any text
 * @user:       receives the name
 *
 * Return: what the completion got.
 */
int fixture_find(StoreFixture *fixture, const char *sid, char user[64]);

/**
 * fixture_list() - read all pages and wait
 * @fixture:    any
 * @tenant:     whose
 * @names:      receives the names in order, each with a comma behind it; then "lost", if some are
 * @size:       of @names
 *
 * Return: what the completion got.
 */
int fixture_list(StoreFixture *fixture, const char *tenant, char *names, size_t size);

/**
 * fixture_now_sec() - the wall clock: Redis lets keys go by it
 */
uint64_t fixture_now_sec(void);

/**
 * fixture_session() - a session that lives for a day
 * @number:     makes the sid
 */
Session *fixture_session(unsigned int number);

/**
 * fixture_sid() - the sid of fixture_session(), in a static buffer
 * @number:     which
 */
const char *fixture_sid(unsigned int number);

/**
 * fixture_owner() - what that sid tells of its user, in a static buffer
 * @number:     which
 */
const char *fixture_owner(unsigned int number);

/**
 * fixture_name_session() - give @session an id as hosts do that share a key for refresh tokens
 */
void fixture_name_session(Session *session, const char *user);

/**
 * fixture_store_user() - make a user with one session, in the store
 * @fixture:    any
 * @user:       new
 * @number:     of the session
 */
void fixture_store_user(StoreFixture *fixture, const char *user, unsigned int number);
