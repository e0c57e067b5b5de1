#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Refresh tokens: "atr1.SID.GENERATION.MAC". The MAC is HMAC-SHA-256 under a key for nothing else; it can
 * be derived again at any time, so no store holds any part of a refresh token.
 */

#include <stddef.h>
#include <stdint.h>

#include "common/secret.h"
#include "daemon/token/jti.h"
#include "daemon/token/keyring.h"
#include "daemon/token/refresh-mac.h"

#define REFRESH_TOKEN_PREFIX   "atr1."
#define REFRESH_TOKEN_MAC_SIZE REFRESH_MAC_SIZE
#define REFRESH_TOKEN_SIZE_MAX (sizeof(REFRESH_TOKEN_PREFIX) - 1 + JTI_SIZE_MAX + 1 + 43)

enum {
        REFRESH_TOKEN_E_MALFORMED = 1, /* not the one text that refresh_token_make() writes */
        REFRESH_TOKEN_E_MAC,           /* no key of the ring made it for this subject */
        REFRESH_TOKEN_E_NO_KEY,        /* the ring has no such key */
};

/* A token's claims about itself; none may be believed before refresh_token_check(). */
typedef struct RefreshToken {
        char sid[SID_SIZE + 1];
        uint64_t generation;
        uint8_t mac[REFRESH_TOKEN_MAC_SIZE];
} RefreshToken;

/* The data under the MAC. Borrowed for the call. */
typedef struct RefreshSubject {
        const char *tenant, *user, *sid;
        uint64_t generation;
} RefreshSubject;

/**
 * refresh_token_parse() - take a token apart
 * @text:       bytes
 * @size:       of @text; any
 * @ret_token:  untouched on failure
 *
 * A token has exactly one text: no leading zero, no padding, nothing after it.
 * Return: 0; REFRESH_TOKEN_E_MALFORMED.
 */
int refresh_token_parse(const char *text, size_t size, RefreshToken *ret_token);

/**
 * refresh_token_check() - whether one of the ring's keys made this token
 * @keyring:    its keys for refresh tokens
 * @token:      parsed
 * @tenant:     whose it should be
 * @user:       likewise
 *
 * MACs are compared in constant time. Return: 0; REFRESH_TOKEN_E_MAC; -ENOMEM; -EIO.
 */
int refresh_token_check(
        const Keyring *keyring, const RefreshToken *token, const char *tenant, const char *user);

/**
 * refresh_token_make() - write a token
 * @keyring:    its keys for refresh tokens
 * @kid:        which of them
 * @subject:    what it is for
 * @ret_token:  owned by the caller; the same text for the same subject and key
 *
 * Return: 0; REFRESH_TOKEN_E_NO_KEY; -ENOMEM; -EIO.
 */
int refresh_token_make(
        const Keyring *keyring, const char *kid, const RefreshSubject *subject, Secret **ret_token);
