#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Makes access tokens: the claim set is composed by libjwt, header and signature are ours.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/secret.h"
#include "daemon/token/keyring.h"

typedef struct ClaimsFrame ClaimsFrame;

/* Everything that goes into a token. All borrowed for the call. */
typedef struct IssueRequest {
        const char *issuer;
        const char *subject; /* a login name */
        const char *sid;
        uint64_t generation;
        const char *const *audience;
        size_t n_audience; /* at least 1 */
        uint64_t issued_at_sec;
        uint64_t expires_at_sec; /* after issued_at_sec */
        uint64_t not_before_sec;
        bool has_not_before;
        const char *const *roles; /* this and the following: not written when NULL or empty */
        size_t n_roles;
        const char *platform;
        const char *device;
        const char *source;
        const char *tenant;
        const char *name;
        const char *data_json; /* a JSON object */
        size_t max_size;       /* of the whole token, in all of its generations */
        ClaimsFrame *frame;    /* of earlier tokens; NULL: none is kept */
} IssueRequest;

enum {
        TOKEN_ISSUER_E_NO_KEY = 1, /* this host holds no key to sign with */
        TOKEN_ISSUER_E_INVALID,    /* a claim that verification would refuse */
        TOKEN_ISSUER_E_TOO_LARGE,  /* the token would be above max_size */
};

/* A token that lacks its signature. */
typedef struct TokenDraft {
        Secret *token;      /* with room for the signature */
        size_t signed_size; /* the size of the signed part */
        KeySigning *signing;
} TokenDraft;

/**
 * token_compose() - make a token up to its signature
 * @keyring:    its signing key is to sign
 * @request:    the claims
 * @ret_draft:  to be cleared by the caller; untouched on failure
 *
 * Return: 0; TOKEN_ISSUER_E_*; -ENOMEM; -EIO.
 */
int token_compose(const Keyring *keyring, const IssueRequest *request, TokenDraft *ret_draft);

/**
 * token_draft_sign() - make the signature, in any thread; once
 * @draft:      of no other thread meanwhile
 * @ret_token:  owned by the caller
 *
 * Return: 0; -ENOMEM; -EIO.
 */
int token_draft_sign(TokenDraft *draft, Secret **ret_token);

/**
 * token_draft_clear() - wipe and free what a draft owns
 * @draft:      zeroed afterwards
 */
void token_draft_clear(TokenDraft *draft);

/**
 * token_issue() - make and sign a token, at once
 * @keyring:    its signing key signs
 * @request:    the claims
 * @ret_token:  owned by the caller
 *
 * token_verify() accepts the token with the same issuer, audience, size and time.
 * Return: 0; TOKEN_ISSUER_E_*; -ENOMEM; -EIO.
 */
int token_issue(const Keyring *keyring, const IssueRequest *request, Secret **ret_token);
