#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Tokens whose signature and form were found valid under one keyring, by the SHA-256 of the whole
 * token. Only a digest is kept, never a token. Every hit checks the claims against the rules and
 * the request again, so an entry only proves the signature.
 *
 * When the keyring or the rules are swapped, the cache must be cleared or replaced.
 */

#include <stddef.h>
#include <stdint.h>

#include "authtoken/reason.h"
#include "common/cleanup.h"
#include "daemon/token/claims.h"
#include "daemon/token/keyring.h"
#include "daemon/token/verify-rules.h"

typedef struct TokenCache TokenCache;

#define TOKEN_CACHE_ENTRIES_DEFAULT 8192u
#define TOKEN_CACHE_BYTES_DEFAULT   (4u * 1024 * 1024)

/**
 * token_cache_new() - an empty cache
 * @max_entries: 1 … 2^24; the least recently used go first
 * @max_bytes:  bound of claims and entries together
 * @ret_cache:  owned by the caller
 *
 * Memory is taken as it fills, not before.
 * Return: 0; -EINVAL; -ENOMEM; -EIO no SHA-256.
 */
int token_cache_new(size_t max_entries, size_t max_bytes, TokenCache **ret_cache);

/**
 * token_cache_free() - drop all entries and free
 * @cache:      NULL is fine
 *
 * Return: NULL.
 */
TokenCache *token_cache_free(TokenCache *cache);
DEFINE_CLEANUP(TokenCache, token_cache_free)

/**
 * token_cache_verify() - token_verify(), without the work when the token was seen before
 * @cache:      NULL: nothing is remembered
 * @keyring:    the one that all entries were verified with
 * @rules:      likewise; with signature_only nothing is remembered
 * @request:    may differ at every call
 * @ret_claims: one reference, owned by the caller; untouched unless the answer is REASON_OK
 *
 * An entry is dropped when its "exp" has passed, and does not come back if the clock steps back.
 * Return: as token_verify().
 */
Reason token_cache_verify(TokenCache *cache, const Keyring *keyring, const VerifyRules *rules,
        const VerifyRequest *request, Claims **ret_claims);

/**
 * token_cache_drop_session() - forget every token of a session
 * @cache:      NULL is fine
 * @sid:        session id
 */
void token_cache_drop_session(TokenCache *cache, const char *sid);

/**
 * token_cache_clear() - forget everything
 * @cache:      NULL is fine
 */
void token_cache_clear(TokenCache *cache);

/**
 * token_cache_count() - entries held
 * @cache:      cache
 */
size_t token_cache_count(const TokenCache *cache);

/**
 * token_cache_bytes() - bytes that the entries and their claims take
 * @cache:      cache
 */
size_t token_cache_bytes(const TokenCache *cache);
