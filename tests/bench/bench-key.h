#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The daemon's ES256 key, in the hands of the benchmark: it makes tokens the daemon has never seen, and
 * it is the floor that a verification is compared with. Straight to OpenSSL, without a line of the daemon.
 */

#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

#define BENCH_SIGNATURE_SIZE 64u

typedef struct BenchKey BenchKey;

/* A signature as OpenSSL wants it, with what it signs. */
typedef struct BenchProof {
        char *text;
        size_t text_size;
        uint8_t *der;
        int der_size;
} BenchProof;

/**
 * bench_key_write() - make a key and write it as PKCS#8 PEM
 * @path:       must not exist; gets mode 0600
 */
void bench_key_write(const char *path);

/**
 * bench_key_load() - read a key that bench_key_write() made
 * @path:       file
 *
 * Return: owned by the caller.
 */
BenchKey *bench_key_load(const char *path);

/**
 * bench_key_free() - free a key
 * @key:        NULL is fine
 *
 * Return: NULL.
 */
BenchKey *bench_key_free(BenchKey *key);
DEFINE_CLEANUP(BenchKey, bench_key_free)

/**
 * bench_key_sign() - sign as JWS does (RFC 7518 section 3.4); twice is two different signatures
 * @key:        key
 * @text:       signed text
 * @size:       of @text
 * @signature:  receives r and s
 */
void bench_key_sign(
        BenchKey *key, const char *text, size_t size, uint8_t signature[BENCH_SIGNATURE_SIZE]);

/**
 * bench_key_prove() - a signed text in the form that is quickest to verify
 * @key:        key
 * @text:       NUL-terminated
 * @ret_proof:  owned by the caller, for bench_proof_clear()
 */
void bench_key_prove(BenchKey *key, const char *text, BenchProof *ret_proof);

/**
 * bench_proof_clear() - free what bench_key_prove() made
 * @proof:      of bench_key_prove()
 */
void bench_proof_clear(BenchProof *proof);

/**
 * bench_key_verify() - the floor: one verification, with everything prepared that can be
 * @key:        key
 * @proof:      must be valid
 */
void bench_key_verify(BenchKey *key, const BenchProof *proof);

/**
 * bench_key_public_pem() - the public key for libjwt
 * @key:        key
 *
 * Return: owned by the caller, malloc'ed.
 */
char *bench_key_public_pem(BenchKey *key);
