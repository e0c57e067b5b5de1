#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Files with keys: a JWK, a JWK Set, or one PEM key (PKCS#8, SEC 1, PKCS#1 or SPKI).
 */

#include <stdbool.h>
#include <sys/types.h>

#include "common/secret.h"
#include "daemon/token/algorithm.h"
#include "daemon/token/key-error.h"
#include "daemon/token/keyring.h"

#define KEY_FILE_SIZE_MAX 65536u

/* How a file is taken. All false or NULL is the strictest: what the daemon's directory needs. */
typedef struct KeyFileRules {
        bool any_place;     /* neither owner nor mode nor kind of file is checked */
        bool any_mode;      /* only the mode is not checked: the service manager set it */
        bool any_kid;       /* a key that stands alone in its file answers to any kid */
        bool refresh;       /* keys for refresh tokens are taken, too */
        bool any_algorithm; /* a key without "alg" is taken for each that its type allows */
        uid_t owner;        /* may own the file, too, beside this user and root; 0: nobody else */
        const char *kid;    /* instead of the key's own; the file must hold one key */

        /* For a single key, whatever it says itself, and for members of a set that name none;
         * members that name another are skipped. */
        const Algorithm *algorithm;
} KeyFileRules;

/**
 * key_file_read() - the bytes of a file that only its owner can change
 * @path:       file
 * @rules:      who may own it, and whether that matters
 * @ret_content: owned by the caller
 *
 * Return: 0; KEY_E_FILE_*; negative errno.
 */
int key_file_read(const char *path, const KeyFileRules *rules, Secret **ret_content);

/**
 * key_file_read_open() - the bytes of an open file of any kind
 * @fd:         read to its end
 * @content:    empty; receives them
 *
 * Return: 0; KEY_E_FILE_SIZE it is empty, or too large; negative errno.
 */
int key_file_read_open(int fd, Secret *content);

/**
 * key_file_load() - read a file and add its keys to a ring
 * @keyring:    not in use yet; undefined content after a failure: drop it
 * @path:       file
 * @rules:      how to take it
 * @fault:      says file and reason on failure; NULL is fine
 *
 * Keys of a set that are not for signatures, not for the rules' algorithm, or of an unknown type are skipped (RFC
 * 7517 section 5). A weak or malformed key, or a second one with the same name, makes the whole file fail. An RSA
 * key that names no "alg" is for RS256, and an RSA-PSS key for the first of PS256, PS384 and PS512 that its
 * parameters allow, unless @rules say otherwise.
 * Return: 0; KEY_E_*; negative errno.
 */
int key_file_load(Keyring *keyring, const char *path, const KeyFileRules *rules, KeyFault *fault);

/**
 * key_file_parse() - the same with the text of a file
 * @keyring:    not in use yet; undefined content after a failure: drop it
 * @content:    borrowed
 * @rules:      how to take it; its origin is not checked
 * @fault:      says the reason on failure; NULL is fine
 *
 * Return: as key_file_load().
 */
int key_file_parse(
        Keyring *keyring, const Secret *content, const KeyFileRules *rules, KeyFault *fault);
