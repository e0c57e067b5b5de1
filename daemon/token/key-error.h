#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Why a key is not taken: outcomes of reading JWK, PEM and key files, each with its English text.
 */

#include <stddef.h>

/* X(symbol, text) */
#define KEY_ERRORS(X)                                                                         \
        X(MALFORMED, "not a well-formed key")                                                 \
        X(TYPE, "the key type or curve is not supported")                                     \
        X(ALGORITHM, "\"alg\" is unknown or does not fit the key")                            \
        X(AMBIGUOUS, "the key names no \"alg\", and its type allows several")                 \
        X(SIGNATURE, "not this key's signature")                                              \
        X(USE, "\"use\" or \"key_ops\" does not allow signatures")                            \
        X(KID, "\"kid\" is empty, too long or has control characters")                        \
        X(KID_MISSING, "an HMAC key needs a \"kid\"")                                         \
        X(SHORT, "the HMAC key is shorter than its hash")                                     \
        X(RSA_SIZE, "the RSA key is not 2048 to 8192 bits long")                              \
        X(RSA_EXPONENT, "the RSA exponent is below 65537 or even, or has more than 64 bits")  \
        X(RSA_ROCA, "the RSA key was made by a broken generator (ROCA, CVE-2017-15361)")      \
        X(RSA_PSS, "the RSA-PSS key is bound to a hash, MGF1 hash or salt that no alg has")   \
        X(POINT, "the public key is not a point of its curve that can be used")               \
        X(PAIR, "the private key does not belong to the public key")                          \
        X(ENCRYPTED, "the key is encrypted; there is nobody to ask for its passphrase")       \
        X(SEVERAL, "the file must hold exactly one key")                                      \
        X(MIXED, "a set must not hold secret keys beside public ones")                        \
        X(DUPLICATE, "another key has the same \"kid\"")                                      \
        X(FULL, "more than 256 keys")                                                         \
        X(PUBLISHED, "its private half stands in a set that others can read")                 \
        X(NAMELESS, "a key that is not alone in its set needs a \"kid\"")                     \
        X(NONE, "no key in it can be used for signatures")                                    \
        X(FILE_TYPE, "not a regular file")                                                    \
        X(FILE_OWNER, "not owned by this user or root")                                       \
        X(FILE_MODE, "a private key needs mode 0600 or 0400, and others may write to none")   \
        X(FILE_SIZE, "the file is empty or larger than 64 KiB")                               \
        X(DIRECTORY, "the directory is not this user's or root's, or others may write to it") \
        X(SIGNING_KEY, "the signing key that is named is not there or has no private half")   \
        X(SEVERAL_SIGNING, "several private keys, and none is said to sign")                  \
        X(REFRESH_KEY, "the configured key for refresh tokens is not there")                  \
        X(SEVERAL_REFRESH, "several keys for refresh tokens, and none is configured")         \
        X(STATE, "not what authtoken wrote; remove it if only one private key is there")      \
        X(CONFIGURED, "SigningKey= in the configuration names the key that signs")            \
        X(BUSY, "somebody else is changing the keys right now")

enum {
        KEY_OK = 0,
#define X(symbol, text) KEY_E_##symbol,
        KEY_ERRORS(X)
#undef X
};

#define KEY_FAULT_SIZE 512u

/* Where and why: "/path/to/file: reason", cut at its size. Never holds key material. */
typedef struct KeyFault {
        char text[KEY_FAULT_SIZE];
} KeyFault;

/**
 * key_error_text() - explain an outcome
 * @error:      a KEY_E_* or a negative errno
 *
 * Return: static string, never NULL.
 */
const char *key_error_text(int error);

/**
 * key_fault_set() - say which file or key could not be used
 * @fault:      overwritten; NULL is fine
 * @where:      file or directory
 * @error:      a KEY_E_* or a negative errno
 *
 * Return: @error, so that a failing function can end with it.
 */
int key_fault_set(KeyFault *fault, const char *where, int error);
