/* SPDX-License-Identifier: MIT */
#include "common/text.h"
#include "daemon/token/issuer-list.h"

#include <errno.h>
#include <string.h>

#include "common/word-list.h"
#include "daemon/token/user-map.h"

/* The texts that the rules of an issuer refer to. */
typedef struct Entry {
        Issuer issuer;
        char *url, *jwks_path, *user_claim, *roles_claim;
        WordList audiences;
        UserMap *users;
        ClaimMapping mapping;
} Entry;

struct IssuerList {
        char *own_audience;
        size_t max_size;
        size_t n_entries;
        Entry *entries[ISSUER_LIST_MAX];
};

static Entry *entry_free(Entry *entry) {
        if (!entry)
                return NULL;
        keyring_unref(entry->issuer.keyring);
        word_list_clear(&entry->audiences);
        user_map_free(entry->users);
        free(entry->url);
        free(entry->jwks_path);
        free(entry->user_claim);
        free(entry->roles_claim);
        free(entry);
        return NULL;
}
DEFINE_CLEANUP(Entry, entry_free)

int issuer_list_new(const char *own_audience, size_t max_size, IssuerList **ret_list) {
        IssuerList *list = calloc(1, sizeof(*list));

        if (!list)
                return -ENOMEM;
        list->max_size = max_size;
        list->own_audience = strdup(own_audience);
        if (!list->own_audience) {
                issuer_list_free(list);
                return -ENOMEM;
        }
        *ret_list = list;
        return 0;
}

IssuerList *issuer_list_free(IssuerList *list) {
        if (!list)
                return NULL;
        for (size_t i = 0; i < list->n_entries; i++)
                entry_free(list->entries[i]);
        free(list->own_audience);
        free(list);
        return NULL;
}

int issuer_algorithms(const char *names, uint32_t *ret_mask) {
        uint32_t mask = 0;
        WordList words;
        int r;

        r = word_list_parse(names, &words);
        if (r < 0)
                return r;
        for (size_t i = 0; i < words.n_words && r == 0; i++) {
                const Algorithm *algorithm = algorithm_find(words.words[i]);

                if (algorithm)
                        mask |= UINT32_C(1) << algorithm_index(algorithm);
                else
                        r = ISSUER_LIST_E_ALGORITHM;
        }
        for (size_t i = 0; i < ALGORITHM_COUNT && words.n_words == 0; i++)
                if (algorithm_at(i)->type != KEY_TYPE_OCT)
                        mask |= UINT32_C(1) << i;
        word_list_clear(&words);
        if (r == 0)
                *ret_mask = mask;
        return r;
}

static bool has_secrets(uint32_t algorithms) {
        for (size_t i = 0; i < ALGORITHM_COUNT; i++)
                if (algorithms >> i & 1 && algorithm_at(i)->type == KEY_TYPE_OCT)
                        return true;
        return false;
}

static int copy_settings(Entry *entry, const IssuerSettings *settings) {
        int r;

        r = text_copy(settings->url, &entry->url);
        if (r == 0)
                r = text_copy(settings->jwks_path, &entry->jwks_path);
        if (r == 0)
                r = text_copy(
                        settings->user_claim ? settings->user_claim : "sub", &entry->user_claim);
        if (r == 0)
                r = text_copy(settings->roles_claim, &entry->roles_claim);
        if (r == 0)
                r = word_list_parse(settings->audience, &entry->audiences);
        if (r == 0)
                r = user_map_parse(settings->user_map, &entry->users);
        return r == USER_MAP_E_INVALID ? ISSUER_LIST_E_USER_MAP : r;
}

int issuer_list_add(IssuerList *list, const IssuerSettings *settings) {
        _cleanup_(entry_freep) Entry *entry = NULL;
        Issuer *issuer;
        int r;

        if (list->n_entries == ISSUER_LIST_MAX)
                return ISSUER_LIST_E_FULL;
        entry = calloc(1, sizeof(*entry));
        if (!entry)
                return -ENOMEM;
        issuer = &entry->issuer;
        r = issuer_algorithms(settings->algorithms, &issuer->jwks_rules.algorithms);
        if (r == 0)
                r = copy_settings(entry, settings);
        if (r)
                return r;
        issuer->url = entry->url;
        issuer->jwks_path = entry->jwks_path;
        issuer->jwks_rules.secrets = has_secrets(issuer->jwks_rules.algorithms);
        entry->mapping = (ClaimMapping){
                .user_claim = entry->user_claim,
                .users = entry->users,
                .roles_claim = entry->roles_claim,
                .jti_optional = !settings->require_jti,
        };
        issuer->rules = (VerifyRules){
                .issuer = entry->url,
                .leeway_sec = settings->leeway_sec,
                .max_lifetime_sec = settings->max_lifetime_sec,
                .max_size = list->max_size,
                .foreign = true,
                .mapping = &entry->mapping,
                .audiences = &entry->audiences,
                .own_audience = list->own_audience,
        };
        list->entries[list->n_entries++] = TAKE_PTR(entry);
        return 0;
}

void issuer_list_set_keys(IssuerList *list, size_t i, Keyring *keyring) {
        Issuer *issuer = &list->entries[i]->issuer;

        keyring_unref(issuer->keyring);
        issuer->keyring = keyring;
}

size_t issuer_list_size(const IssuerList *list) {
        return list ? list->n_entries : 0;
}

const Issuer *issuer_list_at(const IssuerList *list, size_t i) {
        return &list->entries[i]->issuer;
}

const Issuer *issuer_list_find(const IssuerList *list, const char *url) {
        for (size_t i = 0; i < issuer_list_size(list); i++)
                if (strcmp(list->entries[i]->url, url) == 0)
                        return &list->entries[i]->issuer;
        return NULL;
}
