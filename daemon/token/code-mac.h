#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The store's trace of a login code: an HMAC under a key for refresh tokens, so that somebody who reads
 * the store cannot try codes on it, and a host of the fleet with the same key finds it.
 */

#include "common/secret.h"
#include "daemon/token/key.h"

#define CODE_MAC_SIZE 22u /* 128 bits in base64url, the form of a session id */

/* Whose code it is. Borrowed for the call. */
typedef struct CodeOwner {
        const char *tenant, *user;
} CodeOwner;

/**
 * code_mac() - the name under which a code is stored
 * @key:        for refresh tokens
 * @owner:      a code is good for one user of one tenant
 * @canonical:  from login_code_parse()
 * @mac:        receives CODE_MAC_SIZE characters and NUL
 *
 * Return: 0; -ENOMEM; -EIO.
 */
int code_mac(Key *key, CodeOwner owner, const Secret *canonical, char mac[CODE_MAC_SIZE + 1]);
