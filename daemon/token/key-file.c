/* SPDX-License-Identifier: MIT */
#include "daemon/token/key-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>
#include <openssl/evp.h>

#include "common/cleanup.h"
#include "daemon/token/json-text.h"
#include "daemon/token/jwk.h"
#include "daemon/token/key-pem.h"
#include "daemon/token/key-strength.h"
#include "daemon/token/keyring-refresh.h"

/* The usable keys of one file. */
typedef struct KeyFile {
        const char *path;
        const KeyFileRules *rules;
        size_t n_jwks;
        Jwk *jwks[KEYRING_KEYS_MAX];
} KeyFile;

static void key_file_clear(KeyFile *file) {
        for (size_t i = 0; i < file->n_jwks; i++)
                jwk_free(file->jwks[i]);
        file->n_jwks = 0;
}

static const Algorithm *default_algorithm(const Jwk *jwk) {
        const Algorithm *only = NULL;

        if (jwk->secret)
                return NULL;
        if (EVP_PKEY_is_a(jwk->pkey, "RSA"))
                return algorithm_find("RS256");
        for (size_t i = 0; i < ALGORITHM_COUNT && !only; i++)
                if (key_fits_algorithm(jwk->pkey, algorithm_at(i)))
                        only = algorithm_at(i);
        return only;
}

/* One key has one algorithm (RFC 8725 section 3.1), unless the rules leave it open. */
static int choose_algorithm(
        const Jwk *jwk, const KeyFileRules *rules, const Algorithm **ret_algorithm) {
        if (jwk->algorithm && rules->algorithm && jwk->algorithm != rules->algorithm)
                return KEY_E_ALGORITHM;
        *ret_algorithm = jwk->algorithm ? jwk->algorithm : rules->algorithm;
        if (*ret_algorithm || rules->any_algorithm)
                return 0;
        *ret_algorithm = default_algorithm(jwk);
        if (*ret_algorithm)
                return 0;
        return jwk->secret ? KEY_E_AMBIGUOUS : KEY_E_TYPE;
}

static int choose_kid(const KeyFile *file, const Jwk *jwk, char thumbprint[KEY_THUMBPRINT_SIZE + 1],
        const char **ret_kid) {
        const KeyFileRules *rules = file->rules;
        bool is_single = file->n_jwks == 1;

        *ret_kid = NULL;
        if (rules->kid && !is_single)
                return KEY_E_SEVERAL;
        if (rules->any_kid && is_single)
                return 0;
        *ret_kid = rules->kid ? rules->kid : jwk->kid;
        if (*ret_kid)
                return 0;
        if (jwk->secret)
                return KEY_E_KID_MISSING;
        *ret_kid = thumbprint;
        return jwk_thumbprint(jwk->pkey, thumbprint);
}

/* Apart from the signature keys, where no verifier looks. */
static int take_refresh(const KeyFile *file, const Jwk *jwk, Keyring *keyring) {
        _cleanup_(key_freep) Key *key = NULL;
        KeySource source = {
                .kid = jwk->kid,
                .file = file->path,
                .algorithm = algorithm_find("HS256"),
                .secret = jwk->secret,
                .may_sign = true,
        };
        int r;

        if (!jwk->kid)
                return KEY_E_KID_MISSING;
        if (jwk->algorithm && jwk->algorithm != source.algorithm)
                return KEY_E_ALGORITHM;
        r = key_new(&source, &key);
        if (r == 0)
                r = keyring_add_refresh(keyring, key);
        if (r)
                return r;
        key = NULL; /* the ring's now */
        return 0;
}

static int take_jwk(const KeyFile *file, const Jwk *jwk, Keyring *keyring) {
        _cleanup_(key_freep) Key *key = NULL;
        char thumbprint[KEY_THUMBPRINT_SIZE + 1];
        KeySource source = {
                .file = file->path,
                .pkey = jwk->pkey,
                .secret = jwk->secret,
                .has_private = jwk->has_private,
                .may_sign = jwk->may_sign,
        };
        int r;

        if (jwk->is_refresh)
                return take_refresh(file, jwk, keyring);
        /* First: a bad key has neither an algorithm nor a thumbprint. */
        r = jwk->pkey ? key_strength_check(jwk->pkey) : 0;
        if (r == 0)
                r = choose_algorithm(jwk, file->rules, &source.algorithm);
        if (r == 0)
                r = choose_kid(file, jwk, thumbprint, &source.kid);
        if (r == 0)
                r = key_new(&source, &key);
        if (r == 0)
                r = keyring_add(keyring, key);
        if (r)
                return r;
        key = NULL; /* the ring's now */
        return 0;
}

/* Nobody expects a secret in a set of public keys, so it may have been published. */
static bool is_mixed(const KeyFile *file) {
        for (size_t i = 1; i < file->n_jwks; i++)
                if (!file->jwks[i]->secret != !file->jwks[0]->secret)
                        return true;
        return false;
}

static int take_all(const KeyFile *file, Keyring *keyring) {
        int r = 0;

        if (file->n_jwks == 0)
                return KEY_E_NONE;
        if (is_mixed(file))
                return KEY_E_MIXED;
        for (size_t i = 0; i < file->n_jwks && r == 0; i++)
                r = take_jwk(file, file->jwks[i], keyring);
        return r;
}

/* Whether a member of a set fits the rules' algorithm. */
static bool is_wanted(const Jwk *jwk, const Algorithm *algorithm) {
        if (!algorithm)
                return true;
        if (jwk->algorithm)
                return jwk->algorithm == algorithm;
        if (jwk->secret)
                return algorithm->type == KEY_TYPE_OCT;
        return key_fits_algorithm(jwk->pkey, algorithm);
}

/* Unless the rules ask for them, keys for refresh tokens count as not for signatures. */
static int parse_key(const KeyFile *file, const json_t *object, Jwk **ret_jwk) {
        _cleanup_(jwk_freep) Jwk *jwk = NULL;
        int r;

        r = jwk_parse(object, &jwk);
        if (r)
                return r;
        if (jwk->is_refresh && !file->rules->refresh)
                return KEY_E_USE;
        *ret_jwk = TAKE_PTR(jwk);
        return 0;
}

static int read_member(KeyFile *file, const json_t *member) {
        _cleanup_(jwk_freep) Jwk *jwk = NULL;
        int r;

        if (!json_is_object(member))
                return KEY_E_MALFORMED;
        r = parse_key(file, member, &jwk);
        if (r == KEY_E_USE || r == KEY_E_TYPE || r == KEY_E_ALGORITHM)
                return 0;
        if (r)
                return r;
        if (!is_wanted(jwk, file->rules->algorithm))
                return 0;
        if (file->n_jwks == KEYRING_KEYS_MAX)
                return KEY_E_FULL;
        file->jwks[file->n_jwks++] = TAKE_PTR(jwk);
        return 0;
}

static int read_set(KeyFile *file, const json_t *array) {
        const json_t *member;
        size_t i;
        int r;

        if (!json_is_array(array))
                return KEY_E_MALFORMED;
        json_array_foreach(array, i, member) {
                r = read_member(file, member);
                if (r)
                        return r;
        }
        return 0;
}

static int read_json(KeyFile *file, const Secret *content) {
        json_t *object;
        int r;

        if (json_text_parse(content->data, content->size, &object))
                return KEY_E_MALFORMED;
        if (json_object_get(object, "keys")) {
                r = read_set(file, json_object_get(object, "keys"));
        } else {
                /* An algorithm named for this one key takes precedence over its file. */
                if (file->rules->algorithm)
                        (void)json_object_del(object, "alg");
                r = parse_key(file, object, &file->jwks[0]);
                file->n_jwks = r == 0;
        }
        json_decref(object);
        return r;
}

static int read_pem(KeyFile *file, const Secret *content) {
        EVP_PKEY *pkey;
        bool is_private;
        Jwk *jwk;
        int r;

        r = key_pem_read(content, &is_private, &pkey);
        if (r)
                return r;
        jwk = malloc(sizeof(*jwk));
        if (!jwk) {
                EVP_PKEY_free(pkey);
                return -ENOMEM;
        }
        *jwk = (Jwk){ .pkey = pkey, .has_private = is_private, .may_sign = is_private };
        file->jwks[file->n_jwks++] = jwk;
        return 0;
}

static int read_keys(KeyFile *file, const Secret *content) {
        size_t blank = strspn(content->data, " \t\r\n");

        if (content->data[blank] == '{')
                return read_json(file, content);
        /* The PEM reader takes C strings: text after a NUL would be ignored. */
        if (strlen(content->data) != content->size)
                return KEY_E_MALFORMED;
        return read_pem(file, content);
}

static bool has_private(const KeyFile *file) {
        for (size_t i = 0; i < file->n_jwks; i++)
                if (file->jwks[i]->has_private)
                        return true;
        return false;
}

static int check_place(const struct stat *st, const KeyFileRules *rules) {
        if (rules->any_place)
                return 0;
        if (!S_ISREG(st->st_mode))
                return KEY_E_FILE_TYPE;
        if (st->st_uid != geteuid() && st->st_uid != 0 &&
                (rules->owner == 0 || st->st_uid != rules->owner))
                return KEY_E_FILE_OWNER;
        return 0;
}

static int check_mode(const struct stat *st, const KeyFile *file) {
        mode_t mode = st->st_mode & 07777;

        if (file->rules->any_place || file->rules->any_mode)
                return 0;
        if (has_private(file))
                return mode == 0600 || mode == 0400 ? 0 : KEY_E_FILE_MODE;
        return mode & (S_IWGRP | S_IWOTH) ? KEY_E_FILE_MODE : 0;
}

int key_file_read_open(int fd, Secret *content) {
        char buffer[4096];
        ssize_t n = 1;
        int r = 0;

        while (r == 0 && n != 0) {
                n = read(fd, buffer, sizeof(buffer));
                if (n > 0)
                        r = secret_append(content, buffer, (size_t)n);
                else if (n < 0 && errno != EINTR)
                        r = -errno;
                if (content->size > KEY_FILE_SIZE_MAX)
                        r = KEY_E_FILE_SIZE;
        }
        secret_wipe(buffer, sizeof(buffer));
        if (r == 0 && content->size == 0)
                return KEY_E_FILE_SIZE;
        return r;
}

static int read_opened(int fd, const KeyFileRules *rules, struct stat *st, Secret *content) {
        int r;

        if (fstat(fd, st) < 0)
                return -errno;
        r = check_place(st, rules);
        if (r)
                return r;
        return key_file_read_open(fd, content);
}

static int read_file(
        const char *path, const KeyFileRules *rules, struct stat *st, Secret *content) {
        /* O_NONBLOCK: opening a FIFO must not wait for its writer. */
        int flags = rules->any_place ? O_RDONLY | O_CLOEXEC
                                     : O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
        int fd = open(path, flags);
        int r;

        if (fd < 0)
                return errno == ELOOP ? KEY_E_FILE_TYPE : -errno;
        r = read_opened(fd, rules, st, content);
        close(fd);
        return r;
}

int key_file_read(const char *path, const KeyFileRules *rules, Secret **ret_content) {
        _cleanup_(secret_freep) Secret *content = NULL;
        struct stat st = { 0 };
        int r;

        r = secret_new(NULL, 0, &content);
        if (r == 0)
                r = read_file(path, rules, &st, content);
        if (r == 0 && !rules->any_place && (st.st_mode & (S_IWGRP | S_IWOTH)))
                r = KEY_E_FILE_MODE;
        if (r == 0)
                *ret_content = TAKE_PTR(content);
        return r;
}

int key_file_load(Keyring *keyring, const char *path, const KeyFileRules *rules, KeyFault *fault) {
        _cleanup_(secret_freep) Secret *content = NULL;
        KeyFile file = { .path = path, .rules = rules };
        struct stat st = { 0 };
        int r;

        r = secret_new(NULL, 0, &content);
        if (r == 0)
                r = read_file(path, rules, &st, content);
        if (r == 0)
                r = read_keys(&file, content);
        if (r == 0)
                r = check_mode(&st, &file);
        if (r == 0)
                r = take_all(&file, keyring);
        key_file_clear(&file);
        return r ? key_fault_set(fault, path, r) : 0;
}

int key_file_parse(
        Keyring *keyring, const Secret *content, const KeyFileRules *rules, KeyFault *fault) {
        KeyFile file = { .rules = rules };
        int r;

        r = read_keys(&file, content);
        if (r == 0)
                r = take_all(&file, keyring);
        key_file_clear(&file);
        return r ? key_fault_set(fault, "key", r) : 0;
}
