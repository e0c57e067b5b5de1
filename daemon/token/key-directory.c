/* SPDX-License-Identifier: MIT */
#include "daemon/token/key-directory.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "daemon/token/jwk-generate.h"
#include "daemon/token/key-file.h"
#include "daemon/token/keyring-refresh.h"

#define PATH_SIZE 4096u

static void dirent_list_free(struct dirent **list, int n) {
        for (int i = 0; i < n; i++)
                free(list[i]);
        free(list);
}

static int is_not_hidden(const struct dirent *entry) {
        return entry->d_name[0] != '.';
}

static int check_directory(const KeyDirectoryRules *rules, uid_t *ret_owner) {
        struct stat st;

        if (stat(rules->directory, &st) < 0)
                return -errno;
        if (!S_ISDIR(st.st_mode))
                return -ENOTDIR;
        if ((!rules->any_owner && st.st_uid != geteuid() && st.st_uid != 0) ||
                (st.st_mode & (S_IWGRP | S_IWOTH)))
                return KEY_E_DIRECTORY;
        *ret_owner = rules->any_owner ? st.st_uid : 0;
        return 0;
}

static int load_named(
        Keyring *keyring, const KeyDirectoryRules *rules, const char *name, KeyFault *fault) {
        KeyFileRules strict = { .refresh = true };
        char path[PATH_SIZE];
        int n = snprintf(path, sizeof(path), "%s/%s", rules->directory, name);
        int r;

        if (n < 0 || (size_t)n >= sizeof(path))
                return key_fault_set(fault, rules->directory, -ENAMETOOLONG);
        r = check_directory(rules, &strict.owner);
        if (r)
                return key_fault_set(fault, rules->directory, r);
        return key_file_load(keyring, path, &strict, fault);
}

static int load_files(Keyring *keyring, const KeyDirectoryRules *rules, KeyFault *fault) {
        struct dirent **list = NULL;
        int n, r = 0;

        /* Sorted, so that lists and messages do not depend on the file system. */
        n = scandir(rules->directory, &list, is_not_hidden, alphasort);
        if (n < 0)
                return key_fault_set(fault, rules->directory, -errno);
        for (int i = 0; i < n && r == 0; i++)
                r = load_named(keyring, rules, list[i]->d_name, fault);
        dirent_list_free(list, n);
        return r;
}

static int load_credential(Keyring *keyring, const char *path, KeyFault *fault) {
        static const KeyFileRules rules = { .any_mode = true, .refresh = true };
        int r;

        if (!path)
                return 0;
        r = key_file_load(keyring, path, &rules, fault);
        return r == -ENOENT ? 0 : r;
}

int key_directory_load_all(const KeyDirectoryRules *rules, Keyring **ret_keyring, KeyFault *fault) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        uid_t owner;
        int r;

        r = keyring_new(&keyring);
        if (r == 0)
                r = check_directory(rules, &owner);
        if (r)
                return key_fault_set(fault, rules->directory, r);
        r = load_credential(keyring, rules->credential, fault);
        if (r == 0)
                r = load_credential(keyring, rules->refresh_credential, fault);
        if (r == 0)
                r = load_files(keyring, rules, fault);
        if (r == 0)
                *ret_keyring = TAKE_PTR(keyring);
        return r;
}

const char *key_directory_owns(
        const KeyDirectoryRules *rules, const Keyring *keyring, const Key *key) {
        const char *file = STRING_OR_EMPTY(key_file(key));
        size_t size = strlen(rules->directory), n = 0;

        for (size_t i = 0; i < keyring_size(keyring); i++)
                n += !strcmp(STRING_OR_EMPTY(key_file(keyring_at(keyring, i))), file);
        for (size_t i = 0; i < keyring_refresh_size(keyring); i++)
                n += !strcmp(STRING_OR_EMPTY(key_file(keyring_refresh_at(keyring, i))), file);
        if (n != 1 || strncmp(file, rules->directory, size) != 0 || file[size] != '/')
                return NULL;
        return strchr(file + size + 1, '/') ? NULL : file + size + 1;
}

/* A key whose file cannot be removed still leaves the ring in time. */
static void note_due(Keyring *keyring, const KeyRetirement *row) {
        uint64_t due_sec = keyring_due_sec(keyring);

        if (row->until_sec != KEY_STATE_RETIRED && (due_sec == 0 || row->until_sec < due_sec))
                keyring_set_due(keyring, row->until_sec);
}

static void apply_ends(Keyring *keyring, const KeyState *state) {
        for (size_t i = 0; i < state->n_retiring; i++) {
                const KeyRetirement *row = &state->retiring[i];
                size_t index = keyring_index(keyring, row->kid);

                if (index < keyring_size(keyring))
                        keyring_set_end(keyring, index, row->until_sec ? row->until_sec : 1);
                note_due(keyring, row);
        }
}

static void drop_retired(Keyring *keyring, uint64_t now_sec) {
        for (size_t i = keyring_size(keyring); i-- > 0;) {
                uint64_t end_sec = keyring_end_sec(keyring, i);

                if (keyring_at(keyring, i) == keyring_signing_key(keyring))
                        keyring_set_end(keyring, i, 0);
                else if (end_sec && end_sec <= now_sec)
                        keyring_remove(keyring, i);
        }
}

static bool has_private(const Keyring *keyring, const char *kid) {
        size_t index = keyring_index(keyring, kid);

        return index < keyring_size(keyring) && key_may_sign(keyring_at(keyring, index));
}

/* The key from the credential: it takes precedence over the key that the first start made. NULL: there is none,
 * or there are several. */
static const char *credential_kid(const Keyring *keyring, const KeyDirectoryRules *rules) {
        const char *kid = NULL;

        for (size_t i = 0; rules->credential && i < keyring_size(keyring); i++) {
                const Key *key = keyring_at(keyring, i);

                if (!key_may_sign(key) ||
                        strcmp(STRING_OR_EMPTY(key_file(key)), rules->credential) != 0)
                        continue;
                if (kid)
                        return NULL;
                kid = key_kid(key);
        }
        return kid;
}

/* The key that the configuration names must exist. The key that the state names may have been removed
 * by hand; then the rule for a directory without a state holds. */
static int choose(Keyring *keyring, const KeyDirectoryRules *rules, const KeyState *state) {
        const char *kid = rules->signing_kid;
        int r;

        if (keyring_size(keyring) == 0)
                return KEY_E_NONE;
        apply_ends(keyring, state);
        if (!kid && has_private(keyring, state->signing))
                kid = state->signing;
        if (!kid)
                kid = credential_kid(keyring, rules);
        r = keyring_choose_signing_key(keyring, kid);
        if (r)
                return r;
        drop_retired(keyring, rules->now_sec);
        return keyring_choose_refresh_key(keyring, rules->refresh_kid);
}

int key_directory_load_as(const KeyDirectoryRules *rules, const KeyState *state,
        Keyring **ret_keyring, KeyFault *fault) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        int r;

        r = key_directory_load_all(rules, &keyring, fault);
        if (r)
                return r;
        r = choose(keyring, rules, state);
        if (r)
                return key_fault_set(fault, rules->directory, r);
        *ret_keyring = TAKE_PTR(keyring);
        return 0;
}

/* @algorithm: NULL for a key for refresh tokens */
static int write_new(const KeyDirectoryRules *rules, const Algorithm *algorithm,
        char name[KEY_PLACE_NAME_SIZE]) {
        _cleanup_(key_place_closep) KeyPlace place = { .fd = -1 };
        _cleanup_(secret_freep) Secret *content = NULL;
        char kid[KEY_THUMBPRINT_SIZE + 1];
        int r;

        r = key_place_open(rules->directory, &place);
        if (r == 0)
                r = algorithm ? jwk_generate(algorithm, kid, &content)
                              : jwk_generate_refresh(kid, &content);
        if (r)
                return r;
        key_place_name(kid, name);
        return key_place_add(&place, name, content);
}

static int generate(const KeyDirectoryRules *rules, Keyring *keyring, KeyFault *fault) {
        char name[KEY_PLACE_NAME_SIZE];
        int r;

        r = write_new(rules, rules->generate, name);
        if (r)
                return key_fault_set(fault, rules->directory, r);
        keyring_set_new(keyring);
        return load_named(keyring, rules, name, fault);
}

/* Only a host that signs needs a key for refresh tokens. */
static int generate_refresh(const KeyDirectoryRules *rules, Keyring *keyring, KeyFault *fault) {
        char name[KEY_PLACE_NAME_SIZE];
        int r;

        if (!rules->generate_refresh || !keyring_signing_key(keyring) ||
                keyring_refresh_size(keyring) > 0)
                return 0;
        r = write_new(rules, NULL, name);
        /* The administrator owns the directory and the keys: then tokens can be issued, but not
         * refreshed. */
        if (r == -EACCES || r == -EPERM || r == -EROFS || r == KEY_E_DIRECTORY)
                return 0;
        if (r)
                return key_fault_set(fault, rules->directory, r);
        r = load_named(keyring, rules, name, fault);
        return r ? r : keyring_choose_refresh_key(keyring, NULL);
}

static int load_or_generate(
        const KeyDirectoryRules *rules, Keyring **ret_keyring, KeyFault *fault) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        int r;

        if (rules->generate && mkdir(rules->directory, 0700) < 0 && errno != EEXIST)
                return key_fault_set(fault, rules->directory, -errno);
        r = key_directory_load_all(rules, &keyring, fault);
        if (r == 0 && keyring_size(keyring) == 0 && rules->generate)
                r = generate(rules, keyring, fault);
        if (r == 0)
                *ret_keyring = TAKE_PTR(keyring);
        return r;
}

int key_directory_load(const KeyDirectoryRules *rules, Keyring **ret_keyring, KeyFault *fault) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        _cleanup_(freep) KeyState *state = calloc(1, sizeof(*state));
        uid_t owner = 0;
        int r;

        if (!state)
                return key_fault_set(fault, rules->directory, -ENOMEM);
        r = load_or_generate(rules, &keyring, fault);
        if (r == 0)
                r = check_directory(rules, &owner);
        if (r == 0)
                r = key_state_load(rules->directory, owner, state, fault);
        if (r)
                return r;
        r = choose(keyring, rules, state);
        if (r)
                return key_fault_set(fault, rules->directory, r);
        r = generate_refresh(rules, keyring, fault);
        if (r)
                return r;
        *ret_keyring = TAKE_PTR(keyring);
        return 0;
}
