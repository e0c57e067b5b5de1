#pragma once
/* SPDX-License-Identifier: MIT */

#include "daemon/store/user-store.h"

typedef struct Config Config;

/**
 * store_source_open() - the store that the configuration describes
 * @config:     borrowed
 * @event:      referenced
 * @notice:     gets what an administrator should read, also why this fails
 * @userdata:   for @notice
 * @ret_store:  owned by the caller
 *
 * Return: 0; STORE_E_REFUSED; negative errno.
 */
int store_source_open(const Config *config, sd_event *event, StoreNotice notice, void *userdata,
        UserStore **ret_store);

/**
 * store_source_reread() - read the password again
 * @config:     the new one, which names the same store
 * @store:      logs in with it from now on
 * @message:    receives the reason if there is something to say
 * @size:       of @message, which may be left empty
 *
 * Return: 0; negative errno, and nothing has changed.
 */
int store_source_reread(const Config *config, UserStore *store, char *message, size_t size);
