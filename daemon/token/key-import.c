/* SPDX-License-Identifier: MIT */
#include "daemon/token/key-import.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "daemon/token/key-export.h"
#include "daemon/token/key-place.h"
#include "daemon/token/keyring-refresh.h"

/* One import, under the directory's lock. */
typedef struct Import {
        const KeyDirectoryRules *rules;
        const Keyring *keyring;
        KeyPlace place;
        KeyState state;
        Keyring *there;
        KeyImport result;
        KeyFault *fault;
} Import;

static void import_free(Import *import) {
        if (!import)
                return;
        key_place_close(&import->place);
        keyring_unref(import->there);
        free(import);
}
DEFINE_CLEANUP(Import, import_free)

static int fail(const Import *import, const char *where, int error) {
        return key_fault_set(import->fault, where ? where : import->rules->directory, error);
}

static bool is_same(const Key *a, const Key *b) {
        const Secret *left = key_secret(a), *right = key_secret(b);

        if (key_algorithm(a) != key_algorithm(b) || !left != !right ||
                (key_may_sign(b) && !key_may_sign(a)))
                return false;
        return left ? secret_equal(left->data, left->size, right->data, right->size)
                    : !strcmp(key_thumbprint(a), key_thumbprint(b));
}

static void collect(Import *import) {
        KeyImport *result = &import->result;

        for (size_t i = 0; i < keyring_size(import->keyring); i++)
                result->rows[result->n_keys++].key = keyring_at(import->keyring, i);
        for (size_t i = 0; i < keyring_refresh_size(import->keyring); i++) {
                result->rows[result->n_keys].key = keyring_refresh_at(import->keyring, i);
                result->rows[result->n_keys++].is_refresh = true;
        }
}

static const Key *find_there(const Import *import, const char *kid, bool is_refresh) {
        size_t index = keyring_index(import->there, kid);

        if (is_refresh)
                return keyring_find_refresh(import->there, kid);
        return index < keyring_size(import->there) ? keyring_at(import->there, index) : NULL;
}

static int compare_all(Import *import) {
        size_t n_signature = keyring_size(import->there);
        size_t n_refresh = keyring_refresh_size(import->there);

        for (size_t i = 0; i < import->result.n_keys; i++) {
                const Key *key = import->result.rows[i].key;
                bool is_refresh = import->result.rows[i].is_refresh;
                const Key *there = find_there(import, key_kid(key), is_refresh);

                if (there && !is_same(there, key))
                        return fail(import, key_file(there), KEY_E_DUPLICATE);
                import->result.rows[i].is_new = !there;
                *(is_refresh ? &n_refresh : &n_signature) += !there;
        }
        if (n_signature > KEYRING_KEYS_MAX)
                return fail(import, NULL, KEY_E_FULL);
        return n_refresh > 1 && n_refresh > keyring_refresh_size(import->there)
                       ? fail(import, NULL, KEY_E_SEVERAL_REFRESH)
                       : 0;
}

static size_t count_signers(const Import *import) {
        size_t n = 0;

        for (size_t i = 0; i < import->result.n_keys; i++)
                n += import->result.rows[i].is_new && !import->result.rows[i].is_refresh &&
                     key_may_sign(import->result.rows[i].key);
        return n;
}

/* Note the present signing key, so that it goes on signing beside a second private one. Without any, a
 * single imported key will sign. */
static int settle(Import *import) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        size_t n_signers = count_signers(import);
        const Key *signing = NULL;
        KeyFault ignored;
        int r;

        if (n_signers == 0)
                return 0;
        r = key_directory_load_as(import->rules, &import->state, &keyring, &ignored);
        /* If the configuration names one, it also chooses when there is one more. */
        if (r == KEY_E_SEVERAL_SIGNING)
                return 0;
        if (r == 0)
                signing = keyring_signing_key(keyring);
        if (!signing)
                return n_signers == 1 ? 0 : fail(import, NULL, KEY_E_SEVERAL_SIGNING);
        if (!strcmp(import->state.signing, key_kid(signing)))
                return 0;
        (void)snprintf(
                import->state.signing, sizeof(import->state.signing), "%s", key_kid(signing));
        r = key_state_save(&import->place, &import->state);
        return r ? fail(import, NULL, r) : 0;
}

static int write_key(Import *import, const Key *key, bool is_refresh) {
        _cleanup_(secret_freep) Secret *text = NULL;
        char name[KEY_PLACE_NAME_SIZE];
        int r;

        r = key_export(key, is_refresh, &text);
        if (r == 0) {
                key_place_name(key_kid(key), name);
                r = key_place_add(&import->place, name, text);
        }
        return r ? fail(import, NULL, r) : 0;
}

static int write_all(Import *import) {
        int r = 0;

        for (size_t i = 0; i < import->result.n_keys && r == 0; i++)
                if (import->result.rows[i].is_new)
                        r = write_key(import, import->result.rows[i].key,
                                import->result.rows[i].is_refresh);
        return r;
}

static int begin(Import *import) {
        const char *directory = import->rules->directory;
        int r;

        r = key_place_make(directory);
        if (r == 0)
                r = key_place_open(directory, &import->place);
        if (r)
                return fail(import, NULL, r);
        r = key_state_load(directory, import->place.uid, &import->state, import->fault);
        if (r == 0)
                r = key_directory_load_all(import->rules, &import->there, import->fault);
        return r;
}

int key_import(const KeyDirectoryRules *rules, const Keyring *keyring, KeyImport *ret_import,
        KeyFault *fault) {
        _cleanup_(import_freep) Import *import = calloc(1, sizeof(*import));
        int r;

        if (!import)
                return key_fault_set(fault, rules->directory, -ENOMEM);
        *import = (Import){
                .rules = rules,
                .keyring = keyring,
                .place = { .fd = -1 },
                .fault = fault,
        };
        collect(import);
        r = begin(import);
        if (r == 0)
                r = compare_all(import);
        if (r == 0)
                r = settle(import);
        if (r == 0)
                r = write_all(import);
        if (r == 0)
                *ret_import = import->result;
        return r;
}
