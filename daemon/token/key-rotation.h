#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Changes of the key directory. Each is a sequence of steps. If it stops between two of them, the directory
 * can still be loaded, with one signing key and every key that is still needed:
 *
 *      say which key signs now → the new key's file → say that the new one signs and the old one retires
 *
 * They wait for the disk and make RSA keys, so they belong into a thread.
 */

#include "daemon/token/key-directory.h"

/* The old key may go on signing until the caller has the new ring. */
#define KEY_ROTATION_SLACK_SEC 5u

typedef struct KeyRotation {
        const Algorithm *algorithm; /* of a new key */
        const char *kid;            /* a key that is there; NULL: a new one is made */
        bool stage;                 /* the new key does not sign yet */
        uint64_t overlap_sec;       /* how long what the old key signed can be valid */
} KeyRotation;

/**
 * key_rotate() - make a key and let it sign, or let another one sign
 * @rules:      the directory, and the time
 * @rotation:   what to do
 * @kid:        receives the name of the key
 * @ret_keyring: the ring afterwards; one reference, owned by the caller
 * @fault:      says file and reason on failure
 *
 * Every file is read before the change, and again with the new state before that is written, so that the next
 * start finds a usable directory.
 * Return: 0; KEY_E_CONFIGURED; KEY_E_SIGNING_KEY there is no such key that can sign; KEY_E_NONE no key signs
 * here; KEY_E_FULL; KEY_E_BUSY; other KEY_E_*; negative errno.
 */
int key_rotate(const KeyDirectoryRules *rules, const KeyRotation *rotation,
        char kid[KEY_KID_MAX + 1], Keyring **ret_keyring, KeyFault *fault);

/**
 * key_retire() - remove a key whose time is over
 * @rules:      the directory, and the time
 * @kid:        receives the name of the key
 * @ret_removed: whether its file is gone: else it shares its file with others, or came as a credential
 * @fault:      says file and reason on failure
 *
 * Return: 0; KEY_E_NONE no key has to go, @kid is ""; other KEY_E_*; negative errno.
 */
int key_retire(const KeyDirectoryRules *rules, char kid[KEY_KID_MAX + 1], bool *ret_removed,
        KeyFault *fault);
