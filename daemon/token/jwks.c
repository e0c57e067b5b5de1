/* SPDX-License-Identifier: MIT */
#include "daemon/token/jwks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "daemon/token/json-text.h"
#include "daemon/token/jwk.h"
#include "daemon/token/key-strength.h"

#define KID_SHOWN_MAX 32u

static bool is_allowed(const JwksRules *rules, const Algorithm *algorithm) {
        return rules->algorithms >> algorithm_index(algorithm) & 1;
}

/* Whether at least one algorithm of the rules is this key's. */
static bool has_algorithm(const JwksRules *rules, const Jwk *jwk) {
        if (jwk->algorithm)
                return is_allowed(rules, jwk->algorithm);
        for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
                const Algorithm *algorithm = algorithm_at(i);

                if (!is_allowed(rules, algorithm))
                        continue;
                if (jwk->secret ? algorithm->type == KEY_TYPE_OCT
                                : key_fits_algorithm(jwk->pkey, algorithm))
                        return true;
        }
        return false;
}

static int judge(const JwksRules *rules, const Jwk *jwk, bool is_alone) {
        int r;

        if (jwk->secret && !rules->secrets)
                return KEY_E_TYPE;
        /* A published private half is no secret any more. */
        if (jwk->pkey && jwk->has_private)
                return KEY_E_PUBLISHED;
        r = jwk->pkey ? key_strength_check(jwk->pkey) : 0;
        if (r)
                return r;
        if (!has_algorithm(rules, jwk))
                return KEY_E_ALGORITHM;
        return jwk->kid || is_alone ? 0 : KEY_E_NAMELESS;
}

static int add_member(
        Keyring *keyring, const json_t *member, const JwksRules *rules, bool is_alone) {
        _cleanup_(jwk_freep) Jwk *jwk = NULL;
        _cleanup_(key_freep) Key *key = NULL;
        int r;

        if (!json_is_object(member))
                return KEY_E_MALFORMED;
        r = jwk_parse(member, &jwk);
        if (r == 0)
                r = judge(rules, jwk, is_alone);
        if (r == 0)
                r = key_new(&(KeySource){ .kid = jwk->kid,
                                    .algorithm = jwk->algorithm,
                                    .pkey = jwk->pkey,
                                    .secret = jwk->secret },
                        &key);
        if (r == 0)
                r = keyring_add(keyring, key);
        if (r == 0)
                key = NULL; /* the ring's now */
        return r;
}

static void leave_out(JwksReport *report, const json_t *member, size_t i, int r) {
        const char *kid = json_string_value(json_object_get(member, "kid"));
        size_t size = kid ? strnlen(kid, KID_SHOWN_MAX) : 0;
        char where[64];

        if (report->n_left_out++ > 0)
                return;
        /* Do not cut within a character: the journal would not show the line at all. */
        while (size > 0 && (kid[size] & 0xc0) == 0x80)
                size--;
        /* The name comes from outside: keep its control characters out of the journal. */
        if (kid && !text_has_control(kid, strlen(kid)))
                snprintf(where, sizeof(where), "key %zu (%.*s)", i + 1, (int)size, kid);
        else
                snprintf(where, sizeof(where), "key %zu", i + 1);
        key_fault_set(&report->first, where, r);
}

static int add_members(
        Keyring *keyring, const json_t *array, const JwksRules *rules, JwksReport *report) {
        bool is_alone = json_array_size(array) == 1;
        const json_t *member;
        size_t i;

        json_array_foreach(array, i, member) {
                int r = add_member(keyring, member, rules, is_alone);

                if (r < 0 || r == KEY_E_FULL)
                        return r;
                if (r)
                        leave_out(report, member, i, r);
        }
        report->n_keys = keyring_size(keyring);
        return report->n_keys ? 0 : KEY_E_NONE;
}

int jwks_parse(const char *text, size_t size, const JwksRules *rules, Keyring **ret_keyring,
        JwksReport *report) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        const json_t *array;
        json_t *object;
        int r;

        *report = (JwksReport){ 0 };
        r = keyring_new(&keyring);
        if (r < 0)
                return r;
        if (json_text_parse(text, size, &object))
                return KEY_E_MALFORMED;
        array = json_object_get(object, "keys");
        r = json_is_array(array) ? add_members(keyring, array, rules, report) : KEY_E_MALFORMED;
        json_decref(object);
        if (r == 0)
                *ret_keyring = TAKE_PTR(keyring);
        return r;
}

static int read_opened(int fd, struct stat *ret_st, Secret *content) {
        char buffer[4096];
        ssize_t n = 1;
        int r = 0;

        if (fstat(fd, ret_st) < 0)
                return -errno;
        if (!S_ISREG(ret_st->st_mode))
                return KEY_E_FILE_TYPE;
        if (ret_st->st_mode & S_IWOTH)
                return KEY_E_FILE_MODE;
        while (r == 0 && n > 0 && content->size <= JWKS_SIZE_MAX) {
                n = read(fd, buffer, sizeof(buffer));
                r = n < 0 ? -errno : secret_append(content, buffer, (size_t)n);
        }
        secret_wipe(buffer, sizeof(buffer));
        if (r < 0)
                return r;
        return content->size == 0 || content->size > JWKS_SIZE_MAX ? KEY_E_FILE_SIZE : 0;
}

int jwks_load(const char *path, const JwksRules *rules, Keyring **ret_keyring, JwksReport *report) {
        _cleanup_(secret_freep) Secret *content = NULL;
        JwksRules own = *rules;
        struct stat st = { 0 };
        int fd, r;

        *report = (JwksReport){ 0 };
        r = secret_new(NULL, 0, &content);
        if (r < 0)
                return r;
        /* O_NONBLOCK: opening a FIFO must not wait for its writer. */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        r = fd < 0 ? -errno : read_opened(fd, &st, content);
        if (fd >= 0)
                close(fd);
        own.secrets = rules->secrets && !(st.st_mode & (S_IRWXO | S_IWGRP));
        if (r == 0)
                r = jwks_parse(content->data, content->size, &own, ret_keyring, report);
        /* The text about the left-out member says more than "nothing can be used". */
        if (r == KEY_E_NONE && *report->first.text)
                return r;
        return r ? key_fault_set(&report->first, path, r) : 0;
}

Key *jwks_find(const Keyring *keyring, const char *kid) {
        if (!kid)
                return keyring_size(keyring) == 1 ? keyring_at(keyring, 0) : NULL;
        for (size_t i = 0; i < keyring_size(keyring); i++) {
                const char *name = key_kid(keyring_at(keyring, i));

                if (name && strcmp(name, kid) == 0)
                        return keyring_at(keyring, i);
        }
        return NULL;
}
