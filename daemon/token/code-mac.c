/* SPDX-License-Identifier: MIT */
#include "daemon/token/code-mac.h"

#include <errno.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "common/base64url.h"

#define DIGEST_SIZE 32u
#define MAC_BYTES   16u
#define LABEL       "authtoken login code 1"

typedef struct MacKey {
        uint8_t bytes[DIGEST_SIZE];
} MacKey;

static int hmac(KeyBytes key, KeyBytes message, uint8_t digest[DIGEST_SIZE]) {
        size_t size = 0;

        if (!EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key.data, key.size, message.data,
                    message.size, digest, DIGEST_SIZE, &size))
                return -EIO;
        return size == DIGEST_SIZE ? 0 : -EIO;
}

static const char *private_parameter(const EVP_PKEY *pkey) {
        return EVP_PKEY_is_a(pkey, "RSA") ? OSSL_PKEY_PARAM_RSA_D : OSSL_PKEY_PARAM_PRIV_KEY;
}

static int private_number(const EVP_PKEY *pkey, Secret **ret_secret) {
        _cleanup_(secret_freep) Secret *secret = NULL;
        uint8_t bytes[KEY_SIGNATURE_MAX];
        BIGNUM *number = NULL;
        int size, r;

        if (EVP_PKEY_get_bn_param(pkey, private_parameter(pkey), &number) != 1)
                return -EIO;
        size = BN_num_bytes(number);
        r = (size_t)size <= sizeof(bytes) && BN_bn2bin(number, bytes) == size
                    ? secret_new(bytes, (size_t)size, &secret)
                    : -EIO;
        BN_clear_free(number);
        secret_wipe(bytes, sizeof(bytes));
        if (r == 0)
                *ret_secret = TAKE_PTR(secret);
        return r;
}

static int private_octets(const EVP_PKEY *pkey, Secret **ret_secret) {
        uint8_t bytes[DIGEST_SIZE];
        size_t size = sizeof(bytes);
        int r;

        if (!EVP_PKEY_is_a(pkey, "ED25519"))
                return private_number(pkey, ret_secret);
        if (EVP_PKEY_get_raw_private_key(pkey, bytes, &size) != 1)
                return -EIO;
        r = secret_new(bytes, size, ret_secret);
        secret_wipe(bytes, sizeof(bytes));
        return r;
}

/* A signing input is base64url, so that no token's signature is ever this. */
static int derive_from_secret(Key *key, MacKey *ret_key) {
        uint8_t signature[KEY_SIGNATURE_MAX];
        size_t size;
        int r;

        r = key_sign(key, (KeyBytes){ LABEL, strlen(LABEL) }, signature, &size);
        if (r == 0 && size < DIGEST_SIZE)
                r = -EIO;
        if (r == 0)
                memcpy(ret_key->bytes, signature, DIGEST_SIZE);
        secret_wipe(signature, sizeof(signature));
        return r > 0 ? -EIO : r;
}

/* HKDF's extraction (RFC 5869 §2.2), of what all hosts have that can mint tokens. */
static int derive(const Keyring *keyring, MacKey *ret_key) {
        _cleanup_(secret_freep) Secret *octets = NULL;
        Key *key = keyring_signing_key(keyring);
        int r;

        if (!key)
                return CODE_MAC_E_NO_KEY;
        if (!key_pkey(key))
                return derive_from_secret(key, ret_key);
        r = private_octets(key_pkey(key), &octets);
        if (r)
                return r;
        return hmac((KeyBytes){ LABEL, strlen(LABEL) }, (KeyBytes){ octets->data, octets->size },
                ret_key->bytes);
}

/* Neither name holds a NUL, so that no two owners and codes make one message. */
static int compose(CodeOwner owner, const Secret *canonical, Secret **ret_message) {
        _cleanup_(secret_freep) Secret *message = NULL;
        int r;

        r = secret_new(owner.tenant, strlen(owner.tenant) + 1, &message);
        if (r == 0)
                r = secret_append(message, owner.user, strlen(owner.user) + 1);
        if (r == 0)
                r = secret_append(message, canonical->data, canonical->size);
        if (r == 0)
                *ret_message = TAKE_PTR(message);
        return r;
}

int code_mac(const Keyring *keyring, CodeOwner owner, const Secret *canonical,
        char mac[CODE_MAC_SIZE + 1]) {
        _cleanup_(secret_freep) Secret *message = NULL;
        uint8_t digest[DIGEST_SIZE];
        MacKey key;
        int r;

        r = derive(keyring, &key);
        if (r == 0)
                r = compose(owner, canonical, &message);
        if (r == 0)
                r = hmac((KeyBytes){ key.bytes, sizeof(key.bytes) },
                        (KeyBytes){ message->data, message->size }, digest);
        if (r == 0 && base64url_encode(digest, MAC_BYTES, mac, CODE_MAC_SIZE + 1))
                r = -EIO;
        secret_wipe(&key, sizeof(key));
        return r;
}
