#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Somebody who does something to the SQLite store's files while it is open.
 */

#include "store-fixture.h"

typedef void (*Meddle)(const StoreFixture *fixture, const char *database, const char *log);

/**
 * meddle_setup() - a store, and a backup of before alice and bob were revoked
 * @state:      receives the fixture
 *
 * There are user0 to user39 with sessions 100 to 139, too. That alice's session 1 is revoked stands in the database, that
 * bob's session 2 is, in the log. The backup's name is the database's with "-backup" behind it.
 */
int meddle_setup(void **state);

/**
 * meddle_teardown() - remove it
 * @state:      of meddle_setup()
 */
int meddle_teardown(void **state);

/**
 * meddle_do() - do something to the files
 * @deed:       what
 * @fixture:    whose
 */
void meddle_do(Meddle deed, const StoreFixture *fixture);

/**
 * meddle_path() - a file beside the database
 * @fixture:    whose
 * @suffix:     of the name
 * @path:       receives it
 */
void meddle_path(const StoreFixture *fixture, const char *suffix, char path[128]);

/**
 * meddle_copy() - as cp(1) does: into the file that there is, or a new one
 * @from:       not empty
 * @to:         any
 */
void meddle_copy(const char *from, const char *to);

/**
 * meddle_change_byte() - write to a file in place
 * @path:       any
 * @offset:     in it
 */
void meddle_change_byte(const char *path, off_t offset);

/**
 * meddle_wait_for_a_tick() - whoever writes now does so after the tick of the clock that the last write has
 * @path:       that was written
 */
void meddle_wait_for_a_tick(const char *path);

/**
 * meddle_look_up() - what is stored of a session
 * @fixture:    with a store
 * @user:       of tenant "default"
 * @number:     of the session
 */
Reason meddle_look_up(StoreFixture *fixture, const char *user, unsigned int number);

/**
 * meddle_end_session() - revoke it
 * @fixture:    with a store
 * @user:       of tenant "default"
 * @number:     of the session, which is live
 *
 * Return: what the load, or the commit, got.
 */
int meddle_end_session(StoreFixture *fixture, const char *user, unsigned int number);
