/* SPDX-License-Identifier: MIT */
#include "daemon/token/ecdsa-signature.h"

#include <stdbool.h>
#include <string.h>

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

/* The part that is left to read. */
typedef struct Cursor {
        const uint8_t *at;
        size_t left;
} Cursor;

static bool take_byte(Cursor *cursor, uint8_t *ret_byte) {
        if (cursor->left == 0)
                return false;
        *ret_byte = *cursor->at++;
        cursor->left--;
        return true;
}

/* X.690 section 10.1: the shortest form; no signature of ours is longer than one byte can say. */
static bool take_header(Cursor *cursor, uint8_t type, uint8_t *ret_size) {
        uint8_t byte, size;
        bool is_long;

        if (!take_byte(cursor, &byte) || byte != type || !take_byte(cursor, &size))
                return false;
        is_long = size == DER_LONG_ONE_BYTE;
        if ((is_long && !take_byte(cursor, &size)) || is_long != (size >= 0x80))
                return false;
        *ret_size = size;
        return size <= cursor->left;
}

/* Not negative, and without a leading zero except to keep it positive. */
static bool take_integer(Cursor *cursor, const EcdsaOrder *order, uint8_t *number) {
        const uint8_t *bytes;
        uint8_t size;

        if (!take_header(cursor, DER_INTEGER, &size) || size == 0)
                return false;
        bytes = cursor->at;
        cursor->at += size;
        cursor->left -= size;
        if ((bytes[0] & 0x80) || (size > 1 && bytes[0] == 0 && !(bytes[1] & 0x80)))
                return false;
        if (bytes[0] == 0) {
                bytes++;
                size--;
        }
        if (size > order->size)
                return false;
        memset(number, 0, order->size - size);
        memcpy(number + order->size - size, bytes, size);
        return true;
}

int ecdsa_signature_from_der(
        const EcdsaOrder *order, const uint8_t *der, size_t der_size, uint8_t *raw) {
        Cursor cursor = { der, der_size };
        uint8_t size;

        if (!take_header(&cursor, DER_SEQUENCE, &size) || size != cursor.left ||
                !take_integer(&cursor, order, raw) ||
                !take_integer(&cursor, order, raw + order->size) || cursor.left != 0)
                return ECDSA_SIGNATURE_E_INVALID;
        return 0;
}
