/* SPDX-License-Identifier: MIT */
#include "daemon/token/key-signing.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "daemon/token/key-digest.h"

/* OpenSSL's objects for a signature. Setting them up each time costs little, but changes reference counters that all
 * threads share: two threads that sign at once would take half as long again. */
typedef struct Context {
        struct Context *next; /* linked in KeySigning.idle */
        EVP_MD_CTX *digest;   /* of the message, or a copy of KeySigning.template; or */
        EVP_MAC_CTX *mac;
        EVP_PKEY_CTX *private; /* signs the digest; NULL: @digest signs the message */
} Context;

struct KeySigning {
        unsigned int n_ref; /* of one thread */
        EVP_PKEY *pkey;
        EVP_MD *md;           /* of ECDSA, the only one whose signature is quick; else */
        EVP_MD_CTX *template; /* of pairs; or */
        EVP_MAC_CTX *mac;
        EcdsaOrder order;
        size_t size;
        pthread_mutex_t mutex;
        Context *idle; /* by @mutex; as many as have ever been at work at once */
};

static Context *context_free(Context *context) {
        if (!context)
                return NULL;
        EVP_MD_CTX_free(context->digest);
        EVP_MAC_CTX_free(context->mac);
        EVP_PKEY_CTX_free(context->private);
        free(context);
        return NULL;
}
DEFINE_CLEANUP(Context, context_free)

static int set_up_ecdsa(const KeySigning *signing, Context *context) {
        context->private = EVP_PKEY_CTX_new_from_pkey(NULL, signing->pkey, NULL);
        if (!context->private)
                return -ENOMEM;
        return EVP_DigestInit_ex2(context->digest, signing->md, NULL) == 1 &&
                               EVP_PKEY_sign_init(context->private) == 1 &&
                               EVP_PKEY_CTX_set_signature_md(context->private, signing->md) == 1
                       ? 0
                       : -EIO;
}

static int context_new(const KeySigning *signing, Context **ret_context) {
        _cleanup_(context_freep) Context *context = calloc(1, sizeof(*context));
        int r = 0;

        if (!context)
                return -ENOMEM;
        if (signing->mac)
                context->mac = EVP_MAC_CTX_dup(signing->mac);
        else
                context->digest = EVP_MD_CTX_new();
        if (!context->mac && !context->digest)
                return -ENOMEM;
        if (signing->md)
                r = set_up_ecdsa(signing, context);
        if (r < 0)
                return r;
        *ret_context = TAKE_PTR(context);
        return 0;
}

static int take_context(KeySigning *signing, Context **ret_context) {
        Context *context;

        pthread_mutex_lock(&signing->mutex);
        context = signing->idle;
        if (context)
                signing->idle = context->next;
        pthread_mutex_unlock(&signing->mutex);
        *ret_context = context;
        return context ? 0 : context_new(signing, ret_context);
}

static void give_back(KeySigning *signing, Context *context) {
        pthread_mutex_lock(&signing->mutex);
        context->next = signing->idle;
        signing->idle = context;
        pthread_mutex_unlock(&signing->mutex);
}

static KeySigning *signing_new(size_t size) {
        KeySigning *signing = calloc(1, sizeof(*signing));

        if (!signing)
                return NULL;
        signing->n_ref = 1;
        signing->size = size;
        pthread_mutex_init(&signing->mutex, NULL);
        return signing;
}

int key_signing_of_pair(EVP_PKEY *pkey, const Algorithm *algorithm, const EcdsaOrder *order,
        KeySigning **ret_signing) {
        _cleanup_(key_signing_unrefp) KeySigning *signing =
                signing_new(order ? 2 * order->size : (size_t)EVP_PKEY_get_size(pkey));
        int r;

        if (!signing)
                return -ENOMEM;
        /* If it can be set up, the key is for the algorithm. */
        r = key_digest_new(pkey, algorithm, KEY_DIGEST_SIGN, &signing->template);
        if (r)
                return r;
        if (EVP_PKEY_up_ref(pkey) != 1)
                return -EIO;
        signing->pkey = pkey;
        if (order) {
                signing->order = *order;
                signing->md = EVP_MD_fetch(NULL, algorithm->digest, NULL);
                if (!signing->md)
                        return -ENOMEM;
        }
        *ret_signing = TAKE_PTR(signing);
        return 0;
}

int key_signing_of_secret(const EVP_MAC_CTX *template, KeySigning **ret_signing) {
        _cleanup_(key_signing_unrefp) KeySigning *signing =
                signing_new(EVP_MAC_CTX_get_mac_size((EVP_MAC_CTX *)template));

        if (!signing)
                return -ENOMEM;
        signing->mac = EVP_MAC_CTX_dup(template);
        if (!signing->mac)
                return -ENOMEM;
        *ret_signing = TAKE_PTR(signing);
        return 0;
}

KeySigning *key_signing_ref(KeySigning *signing) {
        signing->n_ref++;
        return signing;
}

KeySigning *key_signing_unref(KeySigning *signing) {
        if (!signing || --signing->n_ref > 0)
                return NULL;
        while (signing->idle) {
                Context *context = signing->idle;

                signing->idle = context->next;
                context_free(context);
        }
        EVP_MD_CTX_free(signing->template);
        EVP_MAC_CTX_free(signing->mac);
        EVP_MD_free(signing->md);
        EVP_PKEY_free(signing->pkey);
        pthread_mutex_destroy(&signing->mutex);
        free(signing);
        return NULL;
}

size_t key_signing_size(const KeySigning *signing) {
        return signing->size;
}

static int run_mac(EVP_MAC_CTX *mac, KeyBytes message, uint8_t signature[KEY_SIGNATURE_MAX],
        size_t *ret_size) {
        return EVP_MAC_init(mac, NULL, 0, NULL) == 1 &&
                               EVP_MAC_update(mac, message.data, message.size) == 1 &&
                               EVP_MAC_final(mac, signature, ret_size, KEY_SIGNATURE_MAX) == 1
                       ? 0
                       : -EIO;
}

/* RFC 7518 section 3.4 */
static int run_ecdsa(const KeySigning *signing, Context *context, KeyBytes message,
        uint8_t signature[KEY_SIGNATURE_MAX]) {
        uint8_t digest[EVP_MAX_MD_SIZE], der[ECDSA_DER_MAX];
        size_t der_size = sizeof(der);
        unsigned int digest_size;

        if (EVP_DigestInit_ex2(context->digest, NULL, NULL) != 1 ||
                EVP_DigestUpdate(context->digest, message.data, message.size) != 1 ||
                EVP_DigestFinal_ex(context->digest, digest, &digest_size) != 1 ||
                EVP_PKEY_sign(context->private, der, &der_size, digest, digest_size) != 1)
                return -EIO;
        return ecdsa_signature_from_der(&signing->order, der, der_size, signature) ? -EIO : 0;
}

static int run_template(const KeySigning *signing, EVP_MD_CTX *context, KeyBytes message,
        uint8_t signature[KEY_SIGNATURE_MAX], size_t *ret_size) {
        *ret_size = KEY_SIGNATURE_MAX;
        if (EVP_MD_CTX_copy_ex(context, signing->template) != 1)
                return -ENOMEM;
        /* It signs once, so OpenSSL need not copy it first to keep it usable. */
        EVP_MD_CTX_set_flags(context, EVP_MD_CTX_FLAG_FINALISE);
        return EVP_DigestSign(context, signature, ret_size, message.data, message.size) == 1 ? 0
                                                                                             : -EIO;
}

int key_signing_run(KeySigning *signing, KeyBytes message, uint8_t signature[KEY_SIGNATURE_MAX]) {
        size_t size = signing->size;
        Context *context;
        int r;

        r = take_context(signing, &context);
        if (r == 0) {
                if (context->mac)
                        r = run_mac(context->mac, message, signature, &size);
                else if (context->private)
                        r = run_ecdsa(signing, context, message, signature);
                else
                        r = run_template(signing, context->digest, message, signature, &size);
                give_back(signing, context);
        }
        if (r == 0 && size != signing->size)
                r = -EIO;
        /* OpenSSL keeps its errors in a queue of the thread. */
        if (r)
                ERR_clear_error();
        return r;
}
