/* SPDX-License-Identifier: MIT */
#include "daemon/token/key-signing.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>

struct KeySigning {
        EVP_MD_CTX *digest; /* or */
        EVP_MAC_CTX *mac;
        bool is_ecdsa;
        EcdsaOrder order;
        size_t size;
};

int key_signing_of_pair(const EVP_MD_CTX *template, const EcdsaOrder *order, size_t size,
        KeySigning **ret_signing) {
        _cleanup_(key_signing_freep) KeySigning *signing = calloc(1, sizeof(*signing));

        if (!signing)
                return -ENOMEM;
        signing->size = size;
        signing->is_ecdsa = order != NULL;
        if (order)
                signing->order = *order;
        signing->digest = EVP_MD_CTX_new();
        if (!signing->digest || EVP_MD_CTX_copy_ex(signing->digest, template) != 1)
                return -ENOMEM;
        /* It signs once: OpenSSL need not copy it first, to be able to go on with it. */
        EVP_MD_CTX_set_flags(signing->digest, EVP_MD_CTX_FLAG_FINALISE);
        *ret_signing = TAKE_PTR(signing);
        return 0;
}

int key_signing_of_secret(const EVP_MAC_CTX *template, KeySigning **ret_signing) {
        _cleanup_(key_signing_freep) KeySigning *signing = calloc(1, sizeof(*signing));

        if (!signing)
                return -ENOMEM;
        signing->mac = EVP_MAC_CTX_dup(template);
        if (!signing->mac)
                return -ENOMEM;
        signing->size = EVP_MAC_CTX_get_mac_size(signing->mac);
        *ret_signing = TAKE_PTR(signing);
        return 0;
}

size_t key_signing_size(const KeySigning *signing) {
        return signing->size;
}

static int run_mac(KeySigning *signing, KeyBytes message, uint8_t signature[KEY_SIGNATURE_MAX]) {
        size_t size;

        if (EVP_MAC_init(signing->mac, NULL, 0, NULL) != 1 ||
                EVP_MAC_update(signing->mac, message.data, message.size) != 1 ||
                EVP_MAC_final(signing->mac, signature, &size, KEY_SIGNATURE_MAX) != 1 ||
                size != signing->size)
                return -EIO;
        return 0;
}

static int run_digest(KeySigning *signing, KeyBytes message, uint8_t signature[KEY_SIGNATURE_MAX]) {
        uint8_t der[ECDSA_DER_MAX];
        uint8_t *output = signing->is_ecdsa ? der : signature;
        size_t size = signing->is_ecdsa ? sizeof(der) : KEY_SIGNATURE_MAX;

        if (EVP_DigestSign(signing->digest, output, &size, message.data, message.size) != 1)
                return -EIO;
        if (!signing->is_ecdsa)
                return size == signing->size ? 0 : -EIO;
        return ecdsa_signature_from_der(&signing->order, der, size, signature) ? -EIO : 0;
}

int key_signing_run(KeySigning *signing, KeyBytes message, uint8_t signature[KEY_SIGNATURE_MAX]) {
        int r;

        r = signing->mac ? run_mac(signing, message, signature)
                         : run_digest(signing, message, signature);
        /* OpenSSL keeps what it found in a queue of the thread. */
        if (r)
                ERR_clear_error();
        return r;
}

KeySigning *key_signing_free(KeySigning *signing) {
        if (!signing)
                return NULL;
        EVP_MD_CTX_free(signing->digest);
        EVP_MAC_CTX_free(signing->mac);
        free(signing);
        return NULL;
}
