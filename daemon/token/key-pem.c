/* SPDX-License-Identifier: MIT */
#include "daemon/token/key-pem.h"

#include <errno.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "daemon/token/key-error.h"

#define PEM_BEGIN "-----BEGIN "

/* Without it, OpenSSL would ask for a passphrase on the terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *userdata) {
        bool *asked = userdata;

        (void)writing;
        if (size > 0)
                buffer[0] = '\0';
        *asked = true;
        return -1;
}

static size_t count_pem_blocks(const char *text) {
        size_t n = 0;

        for (text = strstr(text, PEM_BEGIN); text; text = strstr(text + 1, PEM_BEGIN))
                if (strncmp(text, PEM_BEGIN "EC PARAMETERS", strlen(PEM_BEGIN "EC PARAMETERS")) !=
                        0)
                        n++;
        return n;
}

/* Whether one structure fills the bytes; OpenSSL would ignore anything after it. */
static bool is_whole(const unsigned char *bytes, long size) {
        const unsigned char *content = bytes;
        int tag, class;
        long content_size;
        int form = ASN1_get_object(&content, &content_size, &tag, &class, size);

        return form == V_ASN1_CONSTRUCTED && content - bytes + content_size == size;
}

static bool are_blocks_whole(const Secret *text) {
        BIO *bio = BIO_new_mem_buf(text->data, (int)text->size);
        char *name, *header;
        unsigned char *bytes;
        bool whole = bio != NULL;
        long size;

        while (whole && PEM_read_bio(bio, &name, &header, &bytes, &size) == 1) {
                whole = strcmp(name, PEM_STRING_ECPARAMETERS) == 0 || is_whole(bytes, size);
                OPENSSL_free(name);
                OPENSSL_free(header);
                OPENSSL_clear_free(bytes, (size_t)size);
        }
        BIO_free(bio);
        ERR_clear_error();
        return whole;
}

/* Reads the one block of a PEM text. */
static int read_pem_block(const Secret *content, bool is_private, EVP_PKEY **ret_pkey) {
        BIO *bio = BIO_new_mem_buf(content->data, (int)content->size);
        bool asked = false;

        if (!bio)
                return -ENOMEM;
        *ret_pkey = is_private ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked)
                               : PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, &asked);
        BIO_free(bio);
        ERR_clear_error();
        if (*ret_pkey && are_blocks_whole(content))
                return 0;
        EVP_PKEY_free(*ret_pkey);
        *ret_pkey = NULL;
        return asked ? KEY_E_ENCRYPTED : KEY_E_MALFORMED;
}

int key_pem_read(const Secret *content, bool *ret_is_private, EVP_PKEY **ret_pkey) {
        bool is_private = strstr(content->data, "PRIVATE KEY-----") != NULL;
        EVP_PKEY *pkey = NULL;
        int r;

        if (count_pem_blocks(content->data) > 1)
                return KEY_E_SEVERAL;
        r = read_pem_block(content, is_private, &pkey);
        if (r)
                return r;
        *ret_is_private = is_private;
        *ret_pkey = pkey;
        return 0;
}
