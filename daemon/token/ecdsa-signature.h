#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * ECDSA signatures in their two forms: r and s of fixed size (RFC 7518 section 3.4) in tokens, a
 * DER sequence in OpenSSL.
 */

#include <stddef.h>
#include <stdint.h>

#define ECDSA_COORDINATE_MAX 66u                                   /* P-521 */
#define ECDSA_DER_MAX        (3u + 2 * (3 + ECDSA_COORDINATE_MAX)) /* headers and a leading zero each */

enum {
        ECDSA_SIGNATURE_E_INVALID = 1,
};

/* The curve's order, big-endian; it bounds r and s from above. */
typedef struct EcdsaOrder {
        uint8_t bytes[ECDSA_COORDINATE_MAX];
        size_t size;
} EcdsaOrder;

/**
 * ecdsa_signature_to_der() - convert a token's signature, checking its size and range
 * @order:      of the curve
 * @raw:        r and s
 * @raw_size:   any
 * @der:        receives the DER form
 * @ret_size:   bytes of @der
 *
 * Return: 0; ECDSA_SIGNATURE_E_INVALID not twice the order's size, or r or s not in 1 … order-1.
 */
int ecdsa_signature_to_der(const EcdsaOrder *order, const uint8_t *raw, size_t raw_size,
        uint8_t der[ECDSA_DER_MAX], size_t *ret_size);

/**
 * ecdsa_signature_from_der() - convert what OpenSSL signed
 * @order:      of the curve
 * @der:        DER form
 * @der_size:   of @der
 * @raw:        receives twice the order's size
 *
 * Return: 0; ECDSA_SIGNATURE_E_INVALID.
 */
int ecdsa_signature_from_der(
        const EcdsaOrder *order, const uint8_t *der, size_t der_size, uint8_t *raw);
