#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The 13 signature algorithms that are accepted (RFC 7518 section 3.1, RFC 8037), as one table.
 * Other algorithms do not exist here: "none" has no row.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ALGORITHM_COUNT 13u

typedef enum KeyType {
        KEY_TYPE_OCT,
        KEY_TYPE_RSA,
        KEY_TYPE_EC,
        KEY_TYPE_OKP,
} KeyType;

typedef struct Algorithm {
        const char *name; /* "alg" of RFC 7515 */
        KeyType type;
        bool pss;
        const char *digest;     /* OpenSSL's name; NULL for EdDSA */
        size_t digest_size;     /* also the least size of an HMAC key (RFC 7518 section 3.2) */
        const char *curve;      /* "crv" of RFC 7518 and 8037; NULL without one */
        const char *group;      /* OpenSSL's name of the curve */
        size_t coordinate_size; /* EC: bytes of r and of s */
} Algorithm;

/**
 * algorithm_find() - look an algorithm up by its case-sensitive name
 * @name:       NUL-terminated; NULL is unknown
 *
 * Return: static row, or NULL.
 */
const Algorithm *algorithm_find(const char *name);

/**
 * algorithm_at() - a row of the table
 * @index:      below ALGORITHM_COUNT
 */
const Algorithm *algorithm_at(size_t index);

/**
 * algorithm_index() - the place of a row in the table
 * @algorithm:  from algorithm_find() or algorithm_at()
 */
size_t algorithm_index(const Algorithm *algorithm);
