#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Which key signs, and until when the earlier ones are needed: one small file beside the keys, replaced
 * as a whole. Without the file the only private key signs and none retires.
 */

#include <stdint.h>

#include "common/secret.h"
#include "daemon/token/key-error.h"
#include "daemon/token/key-place.h"
#include "daemon/token/key.h"

#define KEY_STATE_FILE         ".signing"
#define KEY_STATE_RETIRING_MAX 128u

/* until_sec of a key that has retired, but whose file the daemon cannot remove. */
#define KEY_STATE_RETIRED UINT64_C(0)

typedef struct KeyRetirement {
        char kid[KEY_KID_MAX + 1];
        uint64_t until_sec; /* it verifies before this time */
} KeyRetirement;

typedef struct KeyState {
        char signing[KEY_KID_MAX + 1]; /* "": not said */
        size_t n_retiring;
        KeyRetirement retiring[KEY_STATE_RETIRING_MAX];
} KeyState;

/**
 * key_state_parse() - read the text of the file
 * @text:       bytes
 * @size:       of @text
 * @ret_state:  untouched on failure
 *
 * Return: 0; KEY_E_STATE.
 */
int key_state_parse(const char *text, size_t size, KeyState *ret_state);

/**
 * key_state_format() - the text of the file
 * @state:      borrowed
 * @ret_text:   owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int key_state_format(const KeyState *state, Secret **ret_text);

/**
 * key_state_load() - read the file, if there is one
 * @directory:  path of the key directory
 * @owner:      who may own it beside root and this user; 0: nobody
 * @ret_state:  empty when there is no file
 * @fault:      says file and reason on failure; NULL is fine
 *
 * Return: 0; KEY_E_*; negative errno.
 */
int key_state_load(const char *directory, uid_t owner, KeyState *ret_state, KeyFault *fault);

/**
 * key_state_save() - replace the file
 * @place:      of the keys
 * @state:      borrowed
 *
 * Return: 0; negative errno: the file has the old state or this one.
 */
int key_state_save(const KeyPlace *place, const KeyState *state);

/**
 * key_state_find() - when a key retires
 * @state:      borrowed
 * @kid:        name
 *
 * Return: borrowed; NULL: it does not.
 */
const KeyRetirement *key_state_find(const KeyState *state, const char *kid);

/**
 * key_state_retire() - say until when a key is needed
 * @state:      changed
 * @kid:        name
 * @until_sec:  a later time that is noted already stays
 *
 * Return: 0; KEY_E_FULL.
 */
int key_state_retire(KeyState *state, const char *kid, uint64_t until_sec);

/**
 * key_state_forget() - a key does not retire, or is gone
 * @state:      changed
 * @kid:        name
 */
void key_state_forget(KeyState *state, const char *kid);
