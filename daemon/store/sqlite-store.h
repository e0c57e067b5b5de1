#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The store of one host: a SQLite file whose only writer we are, so that a state once read is answered
 * from memory.
 *
 * Memory holds only states that are on the disk. A commit that is done changes memory before anybody is
 * told; a commit that failed removes the state from it. The thread that writes compares versions in the
 * database, so an outdated answer from memory only costs a conflict.
 */

#include "daemon/store/user-store.h"

/**
 * sqlite_store_new() - see user_store_new()
 */
int sqlite_store_new(const StoreConfig *config, sd_event *event, StoreNotice notice, void *userdata,
        UserStore **ret_store);
