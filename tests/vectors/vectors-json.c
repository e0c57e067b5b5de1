/* SPDX-License-Identifier: MIT */
#include "vectors.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "common/base64url.h"
#include "common/cleanup.h"
#include "daemon/token/token-verifier.h"

#define SUITE "jsontestsuite/test_parsing"
#define JWK                                                 \
        "{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"k\"," \
        "\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}"

static int append_encoded(Secret *token, const void *data, size_t size) {
        _cleanup_(freep) char *text = malloc(BASE64URL_ENCODED_SIZE(size) + 1);

        if (!text || base64url_encode(data, size, text, BASE64URL_ENCODED_SIZE(size) + 1))
                return -1;
        return secret_append(token, text, strlen(text));
}

/* A token that is good in all but its payload. */
static int make_token(Key *key, KeyBytes payload, Secret **ret_token) {
        _cleanup_(secret_freep) Secret *token = NULL;
        KeyBytes header = key_header(key);
        uint8_t signature[KEY_SIGNATURE_MAX];
        size_t size;

        if (secret_new(header.data, header.size, &token) || secret_append(token, ".", 1) ||
                append_encoded(token, payload.data, payload.size) ||
                key_sign(key, (KeyBytes){ token->data, token->size }, signature, &size) ||
                secret_append(token, ".", 1) || append_encoded(token, signature, size))
                return -1;
        *ret_token = TAKE_PTR(token);
        return 0;
}

static Reason verify_payload(const Keyring *keyring, KeyBytes payload) {
        VerifyRules rules = { .max_size = SIZE_MAX, .foreign = true };
        _cleanup_(secret_freep) Secret *token = NULL;
        _cleanup_(claims_unrefp) Claims *claims = NULL;
        VerifyRequest request = { .now_sec = 1 };

        if (make_token(keyring_at(keyring, 0), payload, &token))
                return REASON_INTERNAL;
        request.token = token->data;
        request.token_size = token->size;
        return token_verify(keyring, &rules, &request, &claims);
}

/*
 * n_ must not be read as JSON. y_ and i_ may be, but none is a claim set. An empty file is an empty
 * payload, which is refused before it would be JSON.
 */
static bool is_right(const char *name, Reason reason) {
        if (reason == REASON_CLAIMS_MALFORMED || reason == REASON_TOKEN_MALFORMED)
                return true;
        return reason == REASON_CLAIM_MISSING && name[0] != 'n';
}

static void check_file(VectorRun *run, const Keyring *keyring, const char *name) {
        static char content[1 << 20];
        _cleanup_(freep) char *path = NULL;
        FILE *file = NULL;
        Reason reason = REASON_INTERNAL;
        size_t size;

        if (asprintf(&path, "%s/" SUITE "/%s", run->folder, name) > 0)
                file = fopen(path, "re");
        if (file) {
                size = fread(content, 1, sizeof(content), file);
                if (size < sizeof(content))
                        reason = verify_payload(keyring, (KeyBytes){ content, size });
                fclose(file);
        }
        if (is_right(name, reason)) {
                run->n_right++;
        } else {
                run->n_wrong++;
                printf("WRONG %s: %s\n", name, reason_code(reason));
        }
}

void vectors_json(VectorRun *run) {
        static const KeyFileRules rules = { .any_place = true };
        _cleanup_(keyring_unrefp) Keyring *keyring = vectors_ring(JWK, &rules);
        _cleanup_(freep) char *path = NULL;
        DIR *directory = NULL;
        struct dirent *entry;
        unsigned n = 0;

        if (keyring && asprintf(&path, "%s/" SUITE, run->folder) > 0)
                directory = opendir(path);
        while (directory && (entry = readdir(directory))) {
                if (entry->d_name[0] == '.')
                        continue;
                check_file(run, keyring, entry->d_name);
                n++;
        }
        if (directory)
                closedir(directory);
        if (n == 0) {
                puts("WRONG " SUITE ": no vectors in it");
                run->n_wrong++;
        }
}
