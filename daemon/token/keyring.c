/* SPDX-License-Identifier: MIT */
#include "daemon/token/keyring.h"

#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "daemon/token/json-text.h"
#include "daemon/token/jwk.h"
#include "daemon/token/keyring-refresh.h"

struct Keyring {
        unsigned n_ref;
        size_t n_keys;
        size_t n_refresh_keys;
        Key *signing_key; /* one of keys */
        bool is_new;
        uint64_t due_sec;
        Key *refresh_key; /* one of refresh_keys */
        Key *keys[KEYRING_KEYS_MAX];
        uint64_t end_sec[KEYRING_KEYS_MAX]; /* 0: the key does not retire */
        Key *refresh_keys[KEYRING_KEYS_MAX];
};

int keyring_new(Keyring **ret_keyring) {
        Keyring *keyring = calloc(1, sizeof(*keyring));

        if (!keyring)
                return -ENOMEM;
        keyring->n_ref = 1;
        *ret_keyring = keyring;
        return 0;
}

Keyring *keyring_ref(Keyring *keyring) {
        keyring->n_ref++;
        return keyring;
}

Keyring *keyring_unref(Keyring *keyring) {
        if (!keyring || --keyring->n_ref > 0)
                return NULL;
        for (size_t i = 0; i < keyring->n_keys; i++)
                key_free(keyring->keys[i]);
        for (size_t i = 0; i < keyring->n_refresh_keys; i++)
                key_free(keyring->refresh_keys[i]);
        free(keyring);
        return NULL;
}

static bool kid_equal(const char *a, const char *b) {
        return a && b ? strcmp(a, b) == 0 : a == b;
}

int keyring_add(Keyring *keyring, Key *key) {
        if (keyring->n_keys == KEYRING_KEYS_MAX)
                return KEY_E_FULL;
        for (size_t i = 0; i < keyring->n_keys; i++)
                if (kid_equal(key_kid(keyring->keys[i]), key_kid(key)))
                        return KEY_E_DUPLICATE;
        keyring->keys[keyring->n_keys++] = key;
        return 0;
}

int keyring_add_refresh(Keyring *keyring, Key *key) {
        if (keyring->n_refresh_keys == KEYRING_KEYS_MAX)
                return KEY_E_FULL;
        if (keyring_find_refresh(keyring, key_kid(key)))
                return KEY_E_DUPLICATE;
        keyring->refresh_keys[keyring->n_refresh_keys++] = key;
        return 0;
}

int keyring_choose_refresh_key(Keyring *keyring, const char *kid) {
        if (!kid && keyring->n_refresh_keys > 1)
                return KEY_E_SEVERAL_REFRESH;
        keyring->refresh_key = kid                       ? keyring_find_refresh(keyring, kid)
                               : keyring->n_refresh_keys ? keyring->refresh_keys[0]
                                                         : NULL;
        return kid && !keyring->refresh_key ? KEY_E_REFRESH_KEY : 0;
}

Key *keyring_refresh_key(const Keyring *keyring) {
        return keyring->refresh_key;
}

Key *keyring_find_refresh(const Keyring *keyring, const char *kid) {
        for (size_t i = 0; i < keyring->n_refresh_keys; i++)
                if (kid_equal(key_kid(keyring->refresh_keys[i]), kid))
                        return keyring->refresh_keys[i];
        return NULL;
}

size_t keyring_refresh_size(const Keyring *keyring) {
        return keyring->n_refresh_keys;
}

Key *keyring_refresh_at(const Keyring *keyring, size_t index) {
        return keyring->refresh_keys[index];
}

void keyring_remove(Keyring *keyring, size_t index) {
        if (keyring->signing_key == keyring->keys[index])
                keyring->signing_key = NULL;
        key_free(keyring->keys[index]);
        keyring->n_keys--;
        for (size_t i = index; i < keyring->n_keys; i++) {
                keyring->keys[i] = keyring->keys[i + 1];
                keyring->end_sec[i] = keyring->end_sec[i + 1];
        }
        keyring->end_sec[keyring->n_keys] = 0;
}

void keyring_set_end(Keyring *keyring, size_t index, uint64_t end_sec) {
        keyring->end_sec[index] = end_sec;
}

uint64_t keyring_end_sec(const Keyring *keyring, size_t index) {
        return keyring->end_sec[index];
}

void keyring_set_due(Keyring *keyring, uint64_t due_sec) {
        keyring->due_sec = due_sec;
}

uint64_t keyring_due_sec(const Keyring *keyring) {
        return keyring->due_sec;
}

void keyring_set_new(Keyring *keyring) {
        keyring->is_new = true;
}

bool keyring_is_new(const Keyring *keyring) {
        return keyring->is_new;
}

static bool may_be_chosen(const Keyring *keyring, size_t index, const char *kid) {
        const Key *key = keyring->keys[index];

        if (!key_may_sign(key))
                return false;
        return kid ? kid_equal(key_kid(key), kid) : keyring->end_sec[index] == 0;
}

int keyring_choose_signing_key(Keyring *keyring, const char *kid) {
        Key *chosen = NULL;

        for (size_t i = 0; i < keyring->n_keys; i++) {
                if (!may_be_chosen(keyring, i, kid))
                        continue;
                if (chosen)
                        return KEY_E_SEVERAL_SIGNING;
                chosen = keyring->keys[i];
        }
        if (kid && !chosen)
                return KEY_E_SIGNING_KEY;
        keyring->signing_key = chosen;
        return 0;
}

Key *keyring_signing_key(const Keyring *keyring) {
        return keyring->signing_key;
}

Key *keyring_find(const Keyring *keyring, const char *kid) {
        Key *any = NULL;

        for (size_t i = 0; i < keyring->n_keys; i++) {
                const char *name = key_kid(keyring->keys[i]);

                if (!name)
                        any = keyring->keys[i];
                else if (kid_equal(name, kid))
                        return keyring->keys[i];
        }
        return any;
}

size_t keyring_index(const Keyring *keyring, const char *kid) {
        size_t i = 0;

        while (i < keyring->n_keys && !kid_equal(key_kid(keyring->keys[i]), kid))
                i++;
        return i;
}

static bool has_header(const Key *key, KeyBytes header) {
        KeyBytes own = key_header(key);

        return own.data && own.size == header.size && memcmp(own.data, header.data, own.size) == 0;
}

Key *keyring_find_header(const Keyring *keyring, KeyBytes header) {
        if (keyring->signing_key && has_header(keyring->signing_key, header))
                return keyring->signing_key;
        for (size_t i = 0; i < keyring->n_keys; i++)
                if (has_header(keyring->keys[i], header))
                        return keyring->keys[i];
        return NULL;
}

size_t keyring_size(const Keyring *keyring) {
        return keyring->n_keys;
}

Key *keyring_at(const Keyring *keyring, size_t index) {
        return keyring->keys[index];
}

static int append_public(json_t *array, const Key *key) {
        const Algorithm *algorithm = key_algorithm(key);
        json_t *object;
        int r;

        if (!key_pkey(key))
                return 0;
        r = jwk_export_public(key_pkey(key), &object);
        if (r)
                return r > 0 ? -EIO : r;
        r = json_text_set(object, "kid", key_kid(key));
        if (r == 0)
                r = json_text_set(object, "alg", algorithm ? algorithm->name : NULL);
        if (r == 0)
                r = json_text_set(object, "use", "sig");
        if (r) {
                json_decref(object);
                return r;
        }
        return json_array_append_new(array, object) ? -ENOMEM : 0;
}

int keyring_jwks(const Keyring *keyring, char **ret_json) {
        json_t *array = json_array();
        json_t *set = NULL;
        int r = array ? 0 : -ENOMEM;

        for (size_t i = 0; i < keyring->n_keys && r == 0; i++)
                r = append_public(array, keyring->keys[i]);
        if (r == 0)
                set = json_pack("{s:O}", "keys", array);
        json_decref(array);
        if (r)
                return r;
        *ret_json = set ? json_dumps(set, JSON_COMPACT) : NULL;
        json_decref(set);
        return *ret_json ? 0 : -ENOMEM;
}
