#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What the store keeps of a login code: an HMAC under a key of the ring, so that whoever reads the store
 * cannot try codes on it, and a host of the fleet with the same keys finds it.
 */

#include "common/secret.h"
#include "daemon/token/keyring.h"

#define CODE_MAC_SIZE 22u /* 128 bits in base64url, the form of a session id */

/* Whose code it is. Borrowed for the call. */
typedef struct CodeOwner {
        const char *tenant, *user;
} CodeOwner;

enum {
        CODE_MAC_E_NO_KEY = 1, /* this host holds public keys only */
};

/**
 * code_mac() - the name under which a code is stored
 * @keyring:    has the key
 * @owner:      a code is good for one user of one tenant
 * @canonical:  from login_code_parse()
 * @mac:        receives CODE_MAC_SIZE characters and NUL
 *
 * Return: 0; CODE_MAC_E_NO_KEY; -ENOMEM; -EIO.
 */
int code_mac(const Keyring *keyring, CodeOwner owner, const Secret *canonical,
        char mac[CODE_MAC_SIZE + 1]);
