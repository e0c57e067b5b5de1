#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What is made with a key for refresh tokens: HMAC-SHA-256 over a purpose and some texts. The purpose comes first, so
 * no MAC for one purpose is ever one for another.
 */

#include <stddef.h>
#include <stdint.h>

#include "daemon/token/key.h"

#define REFRESH_MAC_SIZE 32u

typedef enum RefreshMacPurpose {
        REFRESH_MAC_TOKEN, /* a refresh token */
        REFRESH_MAC_CODE,  /* the store's trace of a login code */
        REFRESH_MAC_OWNER, /* the common beginning of a user's session ids */
} RefreshMacPurpose;

/**
 * refresh_mac() - make a MAC
 * @key:        for refresh tokens
 * @purpose:    of the MAC
 * @texts:      covered by the MAC, in this order; the copy of them is wiped
 * @n_texts:    of them
 * @mac:        receives the MAC; a secret, for the caller to wipe
 *
 * Return: 0; -ENOMEM; -EIO.
 */
int refresh_mac(Key *key, RefreshMacPurpose purpose, const char *const *texts, size_t n_texts,
        uint8_t mac[REFRESH_MAC_SIZE]);
