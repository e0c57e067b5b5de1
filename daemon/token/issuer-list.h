#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The other issuers that are trusted: each with its own ring and its own rules. A key is trusted for its
 * issuer only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "daemon/token/jwks.h"
#include "daemon/token/verify-rules.h"

typedef struct IssuerList IssuerList;

#define ISSUER_LIST_MAX 64u

enum {
        ISSUER_LIST_E_ALGORITHM = 1, /* a name that algorithm_find() does not know */
        ISSUER_LIST_E_USER_MAP,
        ISSUER_LIST_E_FULL,
};

/* All borrowed for issuer_list_add() only. Lists are words with white space between them. */
typedef struct IssuerSettings {
        const char *url;         /* "iss", to the byte */
        const char *jwks_path;   /* file with its keys */
        const char *audience;    /* list: what it calls us */
        const char *algorithms;  /* list; NULL: every asymmetric one */
        const char *user_claim;  /* NULL: "sub" */
        const char *user_map;    /* list, see user-map.h; NULL: as it is */
        const char *roles_claim; /* NULL: its tokens give no roles */
        bool require_jti;
        uint64_t max_lifetime_sec, leeway_sec;
} IssuerSettings;

typedef struct Issuer {
        const char *url, *jwks_path;
        VerifyRules rules;    /* refers to texts in the list */
        JwksRules jwks_rules; /* "algorithms" holds for tokens, too */
        Keyring *keyring;     /* NULL: no keys yet, and no token is taken */
} Issuer;

/**
 * issuer_list_new() - an empty list
 * @own_audience: what tokens must name to be meant for this host; copied
 * @max_size:   longest token
 * @ret_list:   owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int issuer_list_new(const char *own_audience, size_t max_size, IssuerList **ret_list);

/**
 * issuer_list_free() - free a list with its rings
 * @list:       NULL is fine
 *
 * Return: NULL.
 */
IssuerList *issuer_list_free(IssuerList *list);
DEFINE_CLEANUP(IssuerList, issuer_list_free)

/**
 * issuer_list_add() - trust one more issuer
 * @list:       grows; not in use yet
 * @settings:   copied
 *
 * Return: 0; ISSUER_LIST_E_*; -ENOMEM.
 */
int issuer_list_add(IssuerList *list, const IssuerSettings *settings);

/**
 * issuer_list_set_keys() - give an issuer another ring
 * @list:       any
 * @i:          below issuer_list_size()
 * @keyring:    one reference, the list's from now on
 *
 * Results that were cached for the old ring must be dropped.
 */
void issuer_list_set_keys(IssuerList *list, size_t i, Keyring *keyring);

/**
 * issuer_list_size() - number of issuers
 * @list:       NULL: none
 */
size_t issuer_list_size(const IssuerList *list);

/**
 * issuer_list_at() - walk over the issuers, in the order they were added
 * @list:       any
 * @i:          below issuer_list_size()
 *
 * Return: borrowed.
 */
const Issuer *issuer_list_at(const IssuerList *list, size_t i);

/**
 * issuer_list_find() - the issuer with a name
 * @list:       NULL: none
 * @url:        "iss" of a token whose signature is valid
 *
 * Return: borrowed; NULL when it is not trusted.
 */
const Issuer *issuer_list_find(const IssuerList *list, const char *url);

/**
 * issuer_algorithms() - the algorithms that a list of names means
 * @names:      words; NULL or empty: every asymmetric one
 * @ret_mask:   bit i: algorithm_at(i)
 *
 * Return: 0; ISSUER_LIST_E_ALGORITHM; -ENOMEM.
 */
int issuer_algorithms(const char *names, uint32_t *ret_mask);
