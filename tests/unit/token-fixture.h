#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Keys and hand-made tokens for the tests of daemon/token.
 */

#include <stddef.h>
#include <stdint.h>

#include "common/secret.h"
#include "daemon/token/key-file.h"
#include "daemon/token/keyring.h"
#include "daemon/token/token-issuer.h"
#include "daemon/token/verify-rules.h"

#define FIXTURE_NOW      UINT64_C(1800000000)
#define FIXTURE_ISSUER   "https://auth.example.org"
#define FIXTURE_AUDIENCE "https://host.example.org"
#define FIXTURE_SID      "AAECAwQFBgcICQoLDA0ODw"

/* Claims of a good token: what hostile ones are made from. */
#define FIXTURE_REQUIRED                                                                     \
        "\"iss\":\"" FIXTURE_ISSUER "\",\"aud\":\"" FIXTURE_AUDIENCE "\",\"sub\":\"alice\"," \
        "\"jti\":\"" FIXTURE_SID ".1\""
#define FIXTURE_TIMES   "\"iat\":1800000000,\"exp\":1800000900"
#define FIXTURE_PAYLOAD "{" FIXTURE_REQUIRED "," FIXTURE_TIMES "}"

/**
 * fixture_jwk() - a private key that is made once a run
 * @algorithm:  name
 *
 * Return: text of the JWK; static.
 */
const char *fixture_jwk(const char *algorithm);

/**
 * fixture_ring_from() - a ring with the keys of a file's text
 * @text:       JWK, JWK Set or PEM
 *
 * The one private key in it, if any, signs. Fails the test when the text is not taken.
 * Return: one reference.
 */
Keyring *fixture_ring_from(const char *text);

/**
 * fixture_load() - try to take a file's text
 * @text:       JWK, JWK Set or PEM
 * @rules:      how; NULL: without a look at the file's place
 *
 * Return: what key_file_load() says.
 */
int fixture_load(const char *text, const KeyFileRules *rules);

/**
 * fixture_ring() - a ring with one private key
 * @algorithm:  name
 *
 * Return: one reference.
 */
Keyring *fixture_ring(const char *algorithm);

/**
 * fixture_refresh_key() - a key for refresh tokens
 * @kid:        its id
 * @first:      the first byte of its secret; the others are the same in all
 *
 * Return: owned by the caller.
 */
Key *fixture_refresh_key(const char *kid, char first);

/**
 * fixture_token() - put a token together and sign it, whatever it says
 * @key:        signs
 * @header:     JSON text of the protected header
 * @payload:    bytes
 * @size:       of @payload
 *
 * Return: owned by the caller.
 */
Secret *fixture_token(Key *key, const char *header, const char *payload, size_t size);

/**
 * fixture_encode() - base64url
 * @data:       bytes
 * @size:       of @data
 *
 * Return: malloc'ed text.
 */
char *fixture_encode(const void *data, size_t size);

/**
 * fixture_issue_request() - a request that is granted
 *
 * Return: all required claims and nothing else.
 */
IssueRequest fixture_issue_request(void);

/**
 * fixture_rules() - rules that tokens of fixture_issue_request() satisfy
 */
VerifyRules fixture_rules(void);

/**
 * fixture_verify_request() - a question to which the answer is yes
 * @token:      borrowed
 */
VerifyRequest fixture_verify_request(const Secret *token);
