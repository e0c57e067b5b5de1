#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Published test data of others, run through daemon/token: Wycheproof (JOSE and the primitives
 * below it) and JSONTestSuite.
 */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "daemon/token/key-file.h"
#include "daemon/token/keyring.h"

/* What was seen so far; every vector is counted on one side. */
typedef struct VectorRun {
        const char *folder;
        unsigned n_right;
        unsigned n_wrong;
} VectorRun;

/* One test of a Wycheproof file. Borrowed for the call. */
typedef struct Vector {
        const char *file;
        const json_t *group;
        const json_t *test;
        int id;
        const char *result; /* valid, invalid or acceptable */
} Vector;

typedef void (*VectorVisit)(VectorRun *run, const Vector *vector);

/**
 * vectors_visit() - walk over the tests of a Wycheproof file
 * @run:        where to look, and what counts
 * @file:       name in the folder wycheproof/
 * @visit:      called for each test; ends in vectors_note()
 *
 * A file that is missing or empty counts as wrong.
 */
void vectors_visit(VectorRun *run, const char *file, VectorVisit visit);

/**
 * vectors_note() - count a vector, and say which one is wrong
 * @run:        counts
 * @vector:     which
 * @expected:   whether it had to be taken
 * @taken:      whether it was
 */
void vectors_note(VectorRun *run, const Vector *vector, bool expected, bool taken);

/**
 * vectors_ring() - a ring from the text of a key file
 * @text:       NULL gives no ring
 * @rules:      how to take it; any_place is needed
 *
 * Return: one reference; NULL when the key is refused.
 */
Keyring *vectors_ring(const char *text, const KeyFileRules *rules);

/**
 * vectors_jose() - JSON Web Signature, Key, Crypto and Encryption
 * @run:        counts
 */
void vectors_jose(VectorRun *run);

/**
 * vectors_primitive() - ECDSA, Ed25519, RSA and HMAC
 * @run:        counts
 */
void vectors_primitive(VectorRun *run);

/**
 * vectors_json() - JSONTestSuite, as claim sets of validly signed tokens
 * @run:        counts
 */
void vectors_json(VectorRun *run);
