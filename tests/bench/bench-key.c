/* SPDX-License-Identifier: MIT */
#include "tests/bench/bench-key.h"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

struct BenchKey {
        EVP_PKEY *pkey;
        EVP_MD_CTX *sign_template, *verify_template, *scratch;
};

static void require(int holds, const char *what) {
        if (!holds)
                errx(EXIT_FAILURE, "OpenSSL: %s failed", what);
}

void bench_key_write(const char *path) {
        EVP_PKEY *pkey = EVP_EC_gen("P-256");
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

        if (!file)
                err(EXIT_FAILURE, "%s", path);
        require(pkey && PEM_write_PKCS8PrivateKey(file, pkey, NULL, NULL, 0, NULL, NULL) == 1,
                "writing a key");
        if (fclose(file) != 0)
                err(EXIT_FAILURE, "%s", path);
        EVP_PKEY_free(pkey);
}

BenchKey *bench_key_load(const char *path) {
        BenchKey *key = calloc(1, sizeof(*key));
        FILE *file = fopen(path, "re");

        if (!key || !file)
                err(EXIT_FAILURE, "%s", path);
        key->pkey = PEM_read_PrivateKey(file, NULL, NULL, NULL);
        require(key->pkey != NULL, "reading a key");
        (void)fclose(file);
        key->sign_template = EVP_MD_CTX_new();
        key->verify_template = EVP_MD_CTX_new();
        key->scratch = EVP_MD_CTX_new();
        require(key->sign_template && key->verify_template && key->scratch, "EVP_MD_CTX_new");
        require(EVP_DigestSignInit(key->sign_template, NULL, EVP_sha256(), NULL, key->pkey) == 1 &&
                        EVP_DigestVerifyInit(
                                key->verify_template, NULL, EVP_sha256(), NULL, key->pkey) == 1,
                "EVP_DigestVerifyInit");
        return key;
}

BenchKey *bench_key_free(BenchKey *key) {
        if (!key)
                return NULL;
        EVP_MD_CTX_free(key->scratch);
        EVP_MD_CTX_free(key->verify_template);
        EVP_MD_CTX_free(key->sign_template);
        EVP_PKEY_free(key->pkey);
        free(key);
        return NULL;
}

static uint8_t *sign_der(BenchKey *key, const char *text, size_t size, size_t *ret_size) {
        uint8_t *der;

        *ret_size = (size_t)EVP_PKEY_get_size(key->pkey);
        der = malloc(*ret_size);
        if (!der)
                err(EXIT_FAILURE, "malloc");
        require(EVP_MD_CTX_copy_ex(key->scratch, key->sign_template) == 1 &&
                        EVP_DigestSign(key->scratch, der, ret_size, (const uint8_t *)text, size) ==
                                1,
                "EVP_DigestSign");
        return der;
}

void bench_key_sign(
        BenchKey *key, const char *text, size_t size, uint8_t signature[BENCH_SIGNATURE_SIZE]) {
        const int half = BENCH_SIGNATURE_SIZE / 2;
        size_t der_size;
        uint8_t *der = sign_der(key, text, size, &der_size);
        const uint8_t *cursor = der;
        ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &cursor, (long)der_size);

        require(pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, half) == half &&
                        BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + half, half) == half,
                "ECDSA_SIG");
        ECDSA_SIG_free(pair);
        free(der);
}

void bench_key_prove(BenchKey *key, const char *text, BenchProof *ret_proof) {
        size_t size;

        ret_proof->text = strdup(text);
        if (!ret_proof->text)
                err(EXIT_FAILURE, "strdup");
        ret_proof->text_size = strlen(text);
        ret_proof->der = sign_der(key, text, ret_proof->text_size, &size);
        ret_proof->der_size = (int)size;
}

void bench_proof_clear(BenchProof *proof) {
        free(proof->text);
        free(proof->der);
        *proof = (BenchProof){ .text = NULL };
}

void bench_key_verify(BenchKey *key, const BenchProof *proof) {
        require(EVP_MD_CTX_copy_ex(key->scratch, key->verify_template) == 1 &&
                        EVP_DigestVerify(key->scratch, proof->der, (size_t)proof->der_size,
                                (const uint8_t *)proof->text, proof->text_size) == 1,
                "EVP_DigestVerify");
}

char *bench_key_public_pem(BenchKey *key) {
        BIO *memory = BIO_new(BIO_s_mem());
        char *data = NULL, *text = NULL;
        long size;

        require(memory && PEM_write_bio_PUBKEY(memory, key->pkey) == 1, "writing a public key");
        size = BIO_get_mem_data(memory, &data);
        text = strndup(data, (size_t)size);
        if (!text)
                err(EXIT_FAILURE, "strndup");
        BIO_free(memory);
        return text;
}
