/* SPDX-License-Identifier: MIT */
#include "daemon/token/key-digest.h"

#include <errno.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "common/cleanup.h"

DEFINE_CLEANUP(EVP_MD_CTX, EVP_MD_CTX_free)

/*
 * RFC 7518 section 3.5: MGF1 with the same hash, and salt of the hash's size. A key may be bound to
 * others: "openssl genpkey" binds MGF1 to SHA-1 by default. Without these settings OpenSSL would
 * follow the key.
 */
static int set_pss(EVP_PKEY_CTX *pctx, const char *digest) {
        if (EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) != 1 ||
                EVP_PKEY_CTX_set_rsa_mgf1_md_name(pctx, digest, NULL) != 1 ||
                EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) != 1)
                return KEY_E_ALGORITHM;
        return 0;
}

int key_digest_new(
        EVP_PKEY *pkey, const Algorithm *algorithm, KeyDigestUse use, EVP_MD_CTX **ret_context) {
        _cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
        EVP_PKEY_CTX *pctx = NULL; /* belongs to context */
        int r;

        if (!context)
                return -ENOMEM;
        if (use == KEY_DIGEST_SIGN)
                r = EVP_DigestSignInit_ex(
                        context, &pctx, algorithm->digest, NULL, NULL, pkey, NULL);
        else
                r = EVP_DigestVerifyInit_ex(
                        context, &pctx, algorithm->digest, NULL, NULL, pkey, NULL);
        r = r == 1 ? 0 : KEY_E_ALGORITHM;
        if (r == 0 && algorithm->pss)
                r = set_pss(pctx, algorithm->digest);
        ERR_clear_error();
        if (r)
                return r;
        *ret_context = TAKE_PTR(context);
        return 0;
}
