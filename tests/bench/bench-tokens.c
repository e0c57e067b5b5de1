/* SPDX-License-Identifier: MIT */
#include "tests/bench/bench-tokens.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "common/base64url.h"
#include "tests/bench/bench-crowd.h"

#define TOKEN_FILE_MAX 16384u

/* Header and payload of each token in a file: what its signature signs. */
static size_t read_signed_texts(const char *path, char **texts, size_t n_max) {
        char line[TOKEN_FILE_MAX];
        FILE *file = fopen(path, "re");
        size_t n = 0;

        if (!file)
                err(EXIT_FAILURE, "%s", path);
        for (; n < n_max && fgets(line, sizeof(line), file); n++) {
                char *dot = strrchr(line, '.');

                if (!dot || strchr(line, '.') == dot)
                        errx(EXIT_FAILURE, "%s: not a token", path);
                texts[n] = strndup(line, (size_t)(dot - line));
                if (!texts[n])
                        err(EXIT_FAILURE, "strndup");
        }
        (void)fclose(file);
        if (n == 0)
                errx(EXIT_FAILURE, "%s: no token", path);
        return n;
}

static char *join(const char *header, size_t header_size, const char *payload) {
        char *text;

        if (asprintf(&text, "%.*s.%s", (int)header_size, header, payload) < 0)
                errx(EXIT_FAILURE, "asprintf");
        return text;
}

static json_t *claims_of(const char *live) {
        const char *dot = strchr(live, '.');
        uint8_t payload[TOKEN_FILE_MAX];
        json_t *claims;
        size_t size;

        if (base64url_decode(dot + 1, strlen(dot + 1), payload, sizeof(payload), &size) != 0)
                errx(EXIT_FAILURE, "the token's payload is not base64url");
        claims = json_loadb((const char *)payload, size, 0, NULL);
        if (!claims)
                errx(EXIT_FAILURE, "the token's payload is not JSON");
        return claims;
}

/* Under the header of @live. */
static char *join_claims(const char *live, const json_t *claims) {
        char encoded[TOKEN_FILE_MAX], *text = json_dumps(claims, JSON_COMPACT);

        if (!text || base64url_encode(
                             (const uint8_t *)text, strlen(text), encoded, sizeof(encoded)) != 0)
                errx(EXIT_FAILURE, "cannot encode claims");
        free(text);
        return join(live, (size_t)(strchr(live, '.') - live), encoded);
}

static char *make_expired(const char *live) {
        json_t *claims = claims_of(live);
        char *expired;

        json_object_set_new(claims, "iat", json_integer(1600000000));
        json_object_set_new(claims, "exp", json_integer(1600000600));
        expired = join_claims(live, claims);
        json_decref(claims);
        return expired;
}

static char *make_plain(const char *live) {
        static const char header[] = "{\"alg\":\"ES256\",\"typ\":\"JWT\"}";
        char encoded[BASE64URL_ENCODED_SIZE(sizeof(header)) + 1];

        if (base64url_encode((const uint8_t *)header, strlen(header), encoded, sizeof(encoded)) !=
                0)
                errx(EXIT_FAILURE, "cannot encode a header");
        return join(encoded, strlen(encoded), strchr(live, '.') + 1);
}

void bench_mint_open(const char *key_path, const char *live_path, const char *revoked_path,
        BenchMint *ret_mint) {
        ret_mint->key = bench_key_load(key_path);
        ret_mint->n_live = read_signed_texts(live_path, ret_mint->live, BENCH_SESSIONS_MAX);
        (void)read_signed_texts(revoked_path, &ret_mint->revoked, 1);
        ret_mint->expired = make_expired(ret_mint->live[0]);
        ret_mint->plain = make_plain(ret_mint->live[0]);
}

void bench_mint_clear(BenchMint *mint) {
        bench_key_free(mint->key);
        for (size_t i = 0; i < mint->n_live; i++)
                free(mint->live[i]);
        free(mint->expired);
        free(mint->revoked);
        free(mint->plain);
        *mint = (BenchMint){ .key = NULL };
}

static char *sign(BenchKey *key, const char *signed_text) {
        uint8_t signature[BENCH_SIGNATURE_SIZE];
        char encoded[BASE64URL_ENCODED_SIZE(BENCH_SIGNATURE_SIZE) + 1], *token;

        bench_key_sign(key, signed_text, strlen(signed_text), signature);
        if (base64url_encode(signature, sizeof(signature), encoded, sizeof(encoded)) != 0)
                errx(EXIT_FAILURE, "cannot encode a signature");
        if (asprintf(&token, "%s.%s", signed_text, encoded) < 0)
                errx(EXIT_FAILURE, "asprintf");
        return token;
}

char *bench_token_make(const BenchMint *mint, size_t i) {
        return sign(mint->key, mint->live[i % mint->n_live]);
}

char *bench_token_make_plain(const BenchMint *mint) {
        return sign(mint->key, mint->plain);
}

static void make_bad(const BenchMint *mint, size_t kind, BenchToken *token) {
        char *digit;

        switch (kind % 3) {
        case 0:
                token->text = bench_token_make(mint, kind);
                digit = strrchr(token->text, '.') + 1;
                *digit = *digit == 'A' ? 'B' : 'A';
                token->expected = IPC_STATUS_DENIED;
                break;
        case 1:
                token->text = sign(mint->key, mint->expired);
                token->expected = IPC_STATUS_EXPIRED;
                break;
        case 2:
                token->text = sign(mint->key, mint->revoked);
                token->expected = IPC_STATUS_DENIED;
                break;
        }
}

static void make_packet(BenchToken *token, size_t id) {
        const IpcMessage request = {
                .type = IPC_VALIDATE,
                .id = (uint32_t)id,
                .token = { .data = token->text, .size = token->size },
        };
        uint8_t packet[IPC_MESSAGE_MAX];

        if (ipc_message_encode(&request, packet, sizeof(packet), &token->packet_size) != 0)
                errx(EXIT_FAILURE, "cannot encode a request");
        token->packet = malloc(token->packet_size);
        if (!token->packet)
                err(EXIT_FAILURE, "malloc");
        memcpy(token->packet, packet, token->packet_size);
}

static BenchPool *make_pool(size_t n_tokens) {
        BenchPool *pool = calloc(1, sizeof(*pool));

        if (!pool)
                err(EXIT_FAILURE, "calloc");
        pool->tokens = calloc(n_tokens, sizeof(*pool->tokens));
        if (!pool->tokens)
                err(EXIT_FAILURE, "calloc");
        pool->n_tokens = n_tokens;
        return pool;
}

static void pack(BenchPool *pool) {
        for (size_t i = 0; i < pool->n_tokens; i++) {
                pool->tokens[i].size = strlen(pool->tokens[i].text);
                make_packet(&pool->tokens[i], i);
        }
}

BenchPool *bench_pool_new(const BenchMint *mint, size_t n_tokens, size_t bad_every) {
        BenchPool *pool = make_pool(n_tokens);

        for (size_t i = 0; i < n_tokens; i++)
                if (bad_every > 0 && i % bad_every == bad_every - 1)
                        make_bad(mint, i / bad_every, &pool->tokens[i]);
                else
                        pool->tokens[i].text = bench_token_make(mint, i);
        pack(pool);
        return pool;
}

static char *make_of_crowd(const BenchMint *mint, json_t *claims, uint64_t number) {
        char name[CROWD_NAME_SIZE], sid[SID_SIZE + 1], jti[SID_SIZE + 3], *signed_text, *token;

        crowd_name(number, name);
        crowd_sid(number, sid);
        snprintf(jti, sizeof(jti), "%s.1", sid);
        json_object_set_new(claims, "sub", json_string(name));
        json_object_set_new(claims, "jti", json_string(jti));
        signed_text = join_claims(mint->live[0], claims);
        token = sign(mint->key, signed_text);
        free(signed_text);
        return token;
}

BenchPool *bench_pool_of_crowd(const BenchMint *mint, size_t n_tokens, uint64_t n_sessions) {
        static uint64_t seed = 1; /* xorshift: other sessions each time */
        BenchPool *pool = make_pool(n_tokens);
        json_t *claims = claims_of(mint->live[0]);

        for (size_t i = 0; i < n_tokens; i++) {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                pool->tokens[i].text = make_of_crowd(mint, claims, seed % n_sessions);
        }
        json_decref(claims);
        pack(pool);
        return pool;
}

BenchPool *bench_pool_free(BenchPool *pool) {
        if (!pool)
                return NULL;
        for (size_t i = 0; i < pool->n_tokens; i++) {
                free(pool->tokens[i].text);
                free(pool->tokens[i].packet);
        }
        free(pool->tokens);
        free(pool);
        return NULL;
}
