/* SPDX-License-Identifier: MIT */
#include "daemon/token/key-strength.h"

#include <errno.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "common/cleanup.h"
#include "daemon/token/key-digest.h"

#define RSA_EXPONENT_BITS_MAX 64
#define RSA_EXPONENT_MIN      65537u
#define GROUP_NAME_SIZE       64u
#define ED25519_KEY_SIZE      32u

DEFINE_CLEANUP(BIGNUM, BN_clear_free)
DEFINE_CLEANUP(BN_CTX, BN_CTX_free)

/* RFC 4055 section 3.1: such a key may be bound to a hash and a size of salt. */
static bool pss_key_allows(EVP_PKEY *pkey, const Algorithm *algorithm) {
        EVP_MD_CTX *context = NULL;
        int r = key_digest_new(pkey, algorithm, KEY_DIGEST_VERIFY, &context);

        EVP_MD_CTX_free(context);
        return r == 0;
}

bool key_fits_algorithm(EVP_PKEY *pkey, const Algorithm *algorithm) {
        char group[GROUP_NAME_SIZE];

        switch (algorithm->type) {
        case KEY_TYPE_OCT:
                return false;
        case KEY_TYPE_RSA:
                return EVP_PKEY_is_a(pkey, "RSA") ||
                       (algorithm->pss && EVP_PKEY_is_a(pkey, "RSA-PSS") &&
                               pss_key_allows(pkey, algorithm));
        case KEY_TYPE_EC:
                return EVP_PKEY_is_a(pkey, "EC") &&
                       EVP_PKEY_get_utf8_string_param(
                               pkey, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group), NULL) == 1 &&
                       strcmp(group, algorithm->group) == 0;
        case KEY_TYPE_OKP:
                return EVP_PKEY_is_a(pkey, algorithm->group);
        }
        return false;
}

/*
 * Nemec et al., "The Return of Coppersmith's Attack" (CVE-2017-15361): modulo each of these primes
 * the modulus of a vulnerable key is a power of 65537. By chance that happens to no other key.
 */
static bool is_roca(const BIGNUM *modulus) {
        static const unsigned primes[] = { 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53,
                59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139,
                149, 151, 157, 163, 167 };

        for (size_t i = 0; i < ARRAY_SIZE(primes); i++) {
                unsigned rest = (unsigned)BN_mod_word(modulus, primes[i]);
                unsigned power = 1;

                do
                        power = power * (65537u % primes[i]) % primes[i];
                while (power != rest && power != 1);
                if (power != rest)
                        return false;
        }
        return true;
}

static bool fits_any_algorithm(EVP_PKEY *pkey) {
        for (size_t i = 0; i < ALGORITHM_COUNT; i++)
                if (key_fits_algorithm(pkey, algorithm_at(i)))
                        return true;
        return false;
}

static int check_rsa(EVP_PKEY *pkey) {
        _cleanup_(BN_clear_freep) BIGNUM *modulus = NULL, *exponent = NULL;

        if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &modulus) != 1 ||
                EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1)
                return -EIO;
        if (BN_num_bits(modulus) < RSA_BITS_MIN || BN_num_bits(modulus) > RSA_BITS_MAX)
                return KEY_E_RSA_SIZE;
        if (!BN_is_odd(modulus))
                return KEY_E_MALFORMED;
        if (!BN_is_odd(exponent) || BN_num_bits(exponent) > RSA_EXPONENT_BITS_MAX ||
                BN_get_word(exponent) < RSA_EXPONENT_MIN)
                return KEY_E_RSA_EXPONENT;
        if (is_roca(modulus))
                return KEY_E_RSA_ROCA;
        return fits_any_algorithm(pkey) ? 0 : KEY_E_RSA_PSS;
}

static int check_ec(EVP_PKEY *pkey) {
        char encoding[GROUP_NAME_SIZE];
        EVP_PKEY_CTX *context;
        int r;

        /* With explicit parameters a key could have a curve of its own that only looks like
         * P-256. */
        if (EVP_PKEY_get_utf8_string_param(
                    pkey, OSSL_PKEY_PARAM_EC_ENCODING, encoding, sizeof(encoding), NULL) != 1 ||
                strcmp(encoding, OSSL_PKEY_EC_ENCODING_GROUP) != 0)
                return KEY_E_TYPE;
        context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
        if (!context)
                return -ENOMEM;
        r = EVP_PKEY_public_check(context);
        EVP_PKEY_CTX_free(context);
        return r == 1 ? 0 : KEY_E_POINT;
}

/* y of the points of order 1, 2, 4 and 8, as in RFC 8032 section 5.1.2 without the sign of x. */
static int check_ed25519(EVP_PKEY *pkey) {
        static const uint8_t order_8[2][ED25519_KEY_SIZE] = {
                { 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2,
                        0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1,
                        0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
                { 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d,
                        0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e,
                        0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
        };
        uint8_t y[ED25519_KEY_SIZE];
        size_t size = sizeof(y);
        bool middle_zero = true, middle_ones = true;

        if (EVP_PKEY_get_raw_public_key(pkey, y, &size) != 1 || size != sizeof(y))
                return -EIO;
        y[ED25519_KEY_SIZE - 1] &= 0x7f;
        for (size_t i = 1; i < ED25519_KEY_SIZE - 1; i++) {
                middle_zero = middle_zero && y[i] == 0;
                middle_ones = middle_ones && y[i] == 0xff;
        }
        /* 0 and 1; p - 1, and p and p + 1 as encodings of 0 and 1 that are not reduced */
        if (middle_zero && y[0] <= 1 && y[ED25519_KEY_SIZE - 1] == 0)
                return KEY_E_POINT;
        if (middle_ones && y[0] >= 0xec && y[ED25519_KEY_SIZE - 1] == 0x7f)
                return KEY_E_POINT;
        for (size_t i = 0; i < ARRAY_SIZE(order_8); i++)
                if (memcmp(y, order_8[i], sizeof(y)) == 0)
                        return KEY_E_POINT;
        return 0;
}

int key_strength_check(EVP_PKEY *pkey) {
        int r;

        if (EVP_PKEY_is_a(pkey, "RSA") || EVP_PKEY_is_a(pkey, "RSA-PSS"))
                r = check_rsa(pkey);
        else if (EVP_PKEY_is_a(pkey, "EC"))
                r = check_ec(pkey);
        else if (EVP_PKEY_is_a(pkey, "ED25519"))
                r = check_ed25519(pkey);
        else
                r = KEY_E_TYPE;
        ERR_clear_error();
        return r;
}

/* RFC 8017 section 3.2: e * d is 1 modulo each prime less one. */
static bool is_inverse(const BIGNUM *product, BIGNUM *prime, BN_CTX *context) {
        _cleanup_(BN_clear_freep) BIGNUM *rest = BN_secure_new();

        return rest && BN_sub_word(prime, 1) == 1 && BN_mod(rest, product, prime, context) == 1 &&
               BN_is_one(rest);
}

int key_private_check(EVP_PKEY *pkey) {
        static const char *const names[] = { OSSL_PKEY_PARAM_RSA_FACTOR1,
                OSSL_PKEY_PARAM_RSA_FACTOR2 };
        _cleanup_(BN_clear_freep) BIGNUM *e = NULL, *d = NULL, *product = BN_secure_new();
        _cleanup_(BN_CTX_freep) BN_CTX *context = BN_CTX_secure_new();

        if (!EVP_PKEY_is_a(pkey, "RSA") && !EVP_PKEY_is_a(pkey, "RSA-PSS"))
                return 0;
        if (!product || !context)
                return -ENOMEM;
        if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) != 1 ||
                EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_D, &d) != 1 ||
                BN_mul(product, e, d, context) != 1)
                return -EIO;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                _cleanup_(BN_clear_freep) BIGNUM *prime = NULL;

                /* d may be alone: then signatures are made with it, and a wrong one would fail. */
                if (EVP_PKEY_get_bn_param(pkey, names[i], &prime) == 1 &&
                        !is_inverse(product, prime, context))
                        return KEY_E_PAIR;
        }
        return 0;
}
