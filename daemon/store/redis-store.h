#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The store of a fleet: one Redis server that all hosts share. Reads are plain, pipelined HGETALLs; the only write
 * is the script of redis-commit.h. Memory answers only while the server tells us of every change by others
 * (redis-watch.h), and never for a login.
 */

#include "daemon/store/user-store.h"

/**
 * redis_store_new() - see user_store_new()
 */
int redis_store_new(const StoreConfig *config, sd_event *event, StoreNotice notice, void *userdata,
        UserStore **ret_store);
