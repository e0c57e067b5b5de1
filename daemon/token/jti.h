#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Session ids and token ids: a token's "jti" is SID.GENERATION.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SID_SIZE           22u /* 128 bits in base64url, without a dash in front */
#define SID_OWNER_SIZE     10u /* leading characters that identify the user */
#define JTI_GENERATION_MAX (UINT64_C(1) << 53)
#define JTI_DIGITS_MAX     16u
#define JTI_SIZE_MAX       (SID_SIZE + 1u + JTI_DIGITS_MAX)

typedef struct Key Key;

enum {
        JTI_E_INVALID = 1,
};

/**
 * sid_generate() - an id that is all random
 * @sid:        receives SID_SIZE characters and NUL
 *
 * For one thread, in a process that does not fork and go on. Return: 0; negative errno.
 */
int sid_generate(char sid[SID_SIZE + 1]);

/**
 * sid_generate_for() - a new session id
 * @key:        for refresh tokens; NULL: it is all random
 * @tenant:     whose
 * @user:       whose
 * @sid:        receives SID_SIZE characters and NUL
 *
 * With one key all ids of a user begin with the same SID_OWNER_SIZE characters, 60 bits of an HMAC over the names, so
 * that a store has to remember the user only once; the other 68 bits are random. Return: as sid_generate(); -ENOMEM.
 */
int sid_generate_for(Key *key, const char *tenant, const char *user, char sid[SID_SIZE + 1]);

/**
 * sid_is_valid() - whether text has the one form that a session id can have
 * @text:       bytes
 * @size:       of @text
 */
bool sid_is_valid(const char *text, size_t size);

/**
 * jti_parse() - take a token id apart
 * @text:       bytes
 * @size:       of @text
 * @sid:        receives SID_SIZE characters and NUL; untouched on failure
 * @ret_generation: 0 … JTI_GENERATION_MAX; untouched on failure
 *
 * Only the text that jti_format() writes is accepted: no leading zero, no sign.
 * Return: 0; JTI_E_INVALID.
 */
int jti_parse(const char *text, size_t size, char sid[SID_SIZE + 1], uint64_t *ret_generation);

/**
 * jti_format() - put a token id together
 * @sid:        a valid session id
 * @generation: 0 … JTI_GENERATION_MAX
 * @jti:        receives at most JTI_SIZE_MAX characters and NUL
 */
void jti_format(const char *sid, uint64_t generation, char jti[JTI_SIZE_MAX + 1]);
