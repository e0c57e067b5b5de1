#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The store of one host: a SQLite file whose only writer we are, so that a state once read is answered
 * from memory.
 *
 * Memory holds only what is on the disk: a commit changes it when the commit is done, before anybody is
 * told; and a commit that failed removes the state from it. The comparison of versions is made in the
 * database, by the thread that writes, so an answer from memory that has just grown old costs a
 * conflict and no more.
 */

#include "daemon/store/user-store.h"

/**
 * sqlite_store_new() - see user_store_new()
 */
int sqlite_store_new(const StoreConfig *config, sd_event *event, StoreNotice notice, void *userdata,
        UserStore **ret_store);
