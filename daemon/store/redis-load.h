#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A user's record in Redis, read as a state. A record that somebody has made by hand, larger than any that we
 * write, costs a connection once. After that a script reads it, which checks its size first: otherwise every
 * question for it, even the check of an open login, would cut the host off from all other records.
 */

#include <stddef.h>

#include "daemon/session/state-fields.h"
#include "daemon/store/redis-request.h"

/* The size of a whole state, and of the parser's memory for it. */
#define REDIS_LOAD_REPLY_MAX (2 * STATE_FIELDS_SIZE_MAX)

/**
 * redis_load_start() - see user_store_load()
 */
int redis_load_start(UserStore *base, StoreCall *call, const char *tenant, const char *user);

/**
 * redis_load_decode() - read the server's answer about a user
 * @request:    that it answers
 * @reply:      an array of names and values
 * @ret_state:  one reference, the caller's
 *
 * Return: 0; STORE_E_CORRUPT, which is reported; -ENOMEM.
 */
int redis_load_decode(RedisRequest *request, const redisReply *reply, UserState **ret_state);

/**
 * redis_load_keep() - remember a state that was asked for
 * @request:    that brought it
 * @state:      as it was stored when the server answered; one reference is handed over
 */
void redis_load_keep(const RedisRequest *request, UserState *state);

/**
 * redis_load_keep_own() - remember a state that we have stored
 * @request:    that stored it
 * @state:      as above
 */
void redis_load_keep_own(const RedisRequest *request, UserState *state);

/**
 * redis_load_note_outsized() - remember that a user's record was too large for an answer
 * @request:    that was about it
 */
void redis_load_note_outsized(RedisRequest *request);

/**
 * redis_load_is_outsized() - whether a user's record was too large when it was last read
 * @store:      where
 * @tenant:     the user's
 * @user:       whose
 */
bool redis_load_is_outsized(const RedisStore *store, const char *tenant, const char *user);

/**
 * redis_load_forget_outsized() - free what redis_load_note_outsized() has noted
 * @store:      whose
 */
void redis_load_forget_outsized(RedisStore *store);
