/* SPDX-License-Identifier: MIT */
#include "daemon/token/ecdsa-signature.h"

#include <stdbool.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>

#define DER_SEQUENCE      0x30u
#define DER_INTEGER       0x02u
#define DER_LONG_ONE_BYTE 0x81u

/* Signatures are public: no constant time is needed here. */
static bool is_in_range(const EcdsaOrder *order, const uint8_t *number) {
        bool is_zero = true;

        for (size_t i = 0; i < order->size; i++)
                if (number[i]) {
                        is_zero = false;
                        break;
                }
        return !is_zero && memcmp(number, order->bytes, order->size) < 0;
}

/* Writes the shortest DER INTEGER; the number is not zero. */
static size_t put_integer(uint8_t *der, const uint8_t *number, size_t size) {
        size_t used = 0;

        while (*number == 0) {
                number++;
                size--;
        }
        der[used++] = DER_INTEGER;
        if (*number & 0x80) {
                der[used++] = (uint8_t)(size + 1);
                der[used++] = 0; /* or it would read as negative */
        } else {
                der[used++] = (uint8_t)size;
        }
        memcpy(der + used, number, size);
        return used + size;
}

int ecdsa_signature_to_der(const EcdsaOrder *order, const uint8_t *raw, size_t raw_size,
        uint8_t der[ECDSA_DER_MAX], size_t *ret_size) {
        uint8_t integers[ECDSA_DER_MAX];
        size_t size = 0, used = 0;

        if (raw_size != 2 * order->size)
                return ECDSA_SIGNATURE_E_INVALID;
        if (!is_in_range(order, raw) || !is_in_range(order, raw + order->size))
                return ECDSA_SIGNATURE_E_INVALID;
        size += put_integer(integers, raw, order->size);
        size += put_integer(integers + size, raw + order->size, order->size);
        der[used++] = DER_SEQUENCE;
        if (size >= 0x80)
                der[used++] = DER_LONG_ONE_BYTE;
        der[used++] = (uint8_t)size;
        memcpy(der + used, integers, size);
        *ret_size = used + size;
        return 0;
}

int ecdsa_signature_from_der(
        const EcdsaOrder *order, const uint8_t *der, size_t der_size, uint8_t *raw) {
        const unsigned char *cursor = der;
        ECDSA_SIG *signature;
        int size = (int)order->size;
        bool fits;

        signature = d2i_ECDSA_SIG(NULL, &cursor, (long)der_size);
        if (!signature) {
                ERR_clear_error();
                return ECDSA_SIGNATURE_E_INVALID;
        }
        fits = BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, size) == size &&
               BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + size, size) == size;
        ECDSA_SIG_free(signature);
        return fits ? 0 : ECDSA_SIGNATURE_E_INVALID;
}
