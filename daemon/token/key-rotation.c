/* SPDX-License-Identifier: MIT */
#include "daemon/token/key-rotation.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "daemon/token/jwk-generate.h"

/* One change of one directory, under its lock. */
typedef struct Change {
        const KeyDirectoryRules *rules;
        KeyPlace place;
        KeyState state;
        Keyring *keyring; /* before the change */
        KeyFault *fault;
} Change;

static void change_free(Change *change) {
        if (!change)
                return;
        key_place_close(&change->place);
        keyring_unref(change->keyring);
        free(change);
}
DEFINE_CLEANUP(Change, change_free)

static int fail(const Change *change, int error) {
        return key_fault_set(change->fault, change->rules->directory, error);
}

static Change *change_new(const KeyDirectoryRules *rules, KeyFault *fault) {
        Change *change = calloc(1, sizeof(*change));

        if (change)
                *change = (Change){ .rules = rules, .place = { .fd = -1 }, .fault = fault };
        else
                (void)key_fault_set(fault, rules->directory, -ENOMEM);
        return change;
}

static int change_begin(Change *change) {
        int r;

        r = key_place_open(change->rules->directory, &change->place);
        if (r)
                return fail(change, r);
        return key_state_load(
                change->rules->directory, change->place.uid, &change->state, change->fault);
}

static const char *signing_kid(const Change *change) {
        const Key *key = keyring_signing_key(change->keyring);

        return key ? key_kid(key) : NULL;
}

/* Before there is a second private key: otherwise a start between two steps would not know which one
 * signs. */
static int settle(Change *change) {
        const char *kid = signing_kid(change);
        int r;

        if (!kid || !strcmp(change->state.signing, kid))
                return 0;
        (void)snprintf(change->state.signing, sizeof(change->state.signing), "%s", kid);
        r = key_state_save(&change->place, &change->state);
        return r ? fail(change, r) : 0;
}

static int make_key(Change *change, const Algorithm *algorithm, char kid[KEY_KID_MAX + 1]) {
        _cleanup_(secret_freep) Secret *content = NULL;
        char name[KEY_PLACE_NAME_SIZE], thumbprint[KEY_THUMBPRINT_SIZE + 1];
        int r;

        if (keyring_size(change->keyring) == KEYRING_KEYS_MAX)
                return fail(change, KEY_E_FULL);
        r = settle(change);
        if (r)
                return r;
        r = jwk_generate(algorithm, thumbprint, &content);
        if (r == 0) {
                key_place_name(thumbprint, name);
                r = key_place_add(&change->place, name, content);
        }
        if (r)
                return fail(change, r);
        (void)snprintf(kid, KEY_KID_MAX + 1, "%s", thumbprint);
        return 0;
}

static int find_key(const Change *change, const char *wanted, char kid[KEY_KID_MAX + 1]) {
        size_t index = keyring_index(change->keyring, wanted);

        if (index == keyring_size(change->keyring) ||
                !key_may_sign(keyring_at(change->keyring, index)))
                return fail(change, KEY_E_SIGNING_KEY);
        (void)snprintf(kid, KEY_KID_MAX + 1, "%s", wanted);
        return 0;
}

/* A key that was removed by hand needs no row any more. */
static void forget_missing(Change *change) {
        for (size_t i = change->state.n_retiring; i-- > 0;) {
                const char *kid = change->state.retiring[i].kid;

                if (keyring_index(change->keyring, kid) == keyring_size(change->keyring) &&
                        change->state.retiring[i].until_sec > change->rules->now_sec)
                        key_state_forget(&change->state, kid);
        }
}

/* The last write makes the change; everything that could fail was tried before it. */
static int switch_to(Change *change, const char *kid, uint64_t overlap_sec, Keyring **ret_keyring) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        const char *old = signing_kid(change);
        int r = 0;

        forget_missing(change);
        if (old && strcmp(old, kid) != 0)
                r = key_state_retire(&change->state, old,
                        change->rules->now_sec + overlap_sec + KEY_ROTATION_SLACK_SEC);
        if (r)
                return fail(change, r);
        (void)snprintf(change->state.signing, sizeof(change->state.signing), "%s", kid);
        key_state_forget(&change->state, kid);
        r = key_directory_load_as(change->rules, &change->state, &keyring, change->fault);
        if (r)
                return r;
        r = key_state_save(&change->place, &change->state);
        if (r)
                return fail(change, r);
        *ret_keyring = TAKE_PTR(keyring);
        return 0;
}

int key_rotate(const KeyDirectoryRules *rules, const KeyRotation *rotation,
        char kid[KEY_KID_MAX + 1], Keyring **ret_keyring, KeyFault *fault) {
        _cleanup_(change_freep) Change *change = change_new(rules, fault);
        int r;

        if (!change)
                return -ENOMEM;
        if (rules->signing_kid && !rotation->stage)
                return fail(change, KEY_E_CONFIGURED);
        r = change_begin(change);
        if (r == 0)
                r = key_directory_load_as(rules, &change->state, &change->keyring, fault);
        if (r)
                return r;
        if (rotation->kid)
                r = find_key(change, rotation->kid, kid);
        else if (!signing_kid(change))
                r = fail(change, KEY_E_NONE);
        else
                r = make_key(change, rotation->algorithm, kid);
        if (r)
                return r;
        if (rotation->stage)
                return key_directory_load_as(rules, &change->state, ret_keyring, fault);
        return switch_to(change, kid, rotation->overlap_sec, ret_keyring);
}

static const KeyRetirement *find_due(const Change *change) {
        const char *signing = change->rules->signing_kid;

        for (size_t i = 0; i < change->state.n_retiring; i++) {
                const KeyRetirement *row = &change->state.retiring[i];

                if (row->until_sec != KEY_STATE_RETIRED &&
                        row->until_sec <= change->rules->now_sec &&
                        !(signing && !strcmp(signing, row->kid)))
                        return row;
        }
        return NULL;
}

/* The file first: if the note were removed first, a crash in between would let the key verify
 * for ever. */
static int remove_key(Change *change, const char *kid, bool *ret_removed) {
        size_t index = keyring_index(change->keyring, kid);
        const char *name = NULL;
        int r;

        if (index < keyring_size(change->keyring))
                name = key_directory_owns(
                        change->rules, change->keyring, keyring_at(change->keyring, index));
        *ret_removed = name || index == keyring_size(change->keyring);
        r = name ? key_place_remove(&change->place, name) : 0;
        if (r)
                return fail(change, r);
        key_state_forget(&change->state, kid);
        if (!*ret_removed)
                r = key_state_retire(&change->state, kid, KEY_STATE_RETIRED);
        if (r == 0)
                r = key_state_save(&change->place, &change->state);
        return r ? fail(change, r) : 0;
}

int key_retire(const KeyDirectoryRules *rules, char kid[KEY_KID_MAX + 1], bool *ret_removed,
        KeyFault *fault) {
        _cleanup_(change_freep) Change *change = change_new(rules, fault);
        const KeyRetirement *row;
        int r;

        *kid = '\0';
        if (!change)
                return -ENOMEM;
        r = change_begin(change);
        if (r)
                return r;
        row = find_due(change);
        if (!row)
                return KEY_E_NONE;
        (void)snprintf(kid, KEY_KID_MAX + 1, "%s", row->kid);
        r = key_directory_load_all(rules, &change->keyring, fault);
        return r ? r : remove_key(change, kid, ret_removed);
}
