/* SPDX-License-Identifier: MIT */
#include "daemon/token/jws.h"

#include <string.h>

#include "common/base64url.h"
#include "daemon/token/json-text.h"

#define JWS_PARTS 3u

static bool split(const char *token, size_t size, KeyBytes parts[JWS_PARTS]) {
        const char *start = token, *end = token + size;

        for (size_t i = 0; i < JWS_PARTS; i++) {
                const char *dot = memchr(start, '.', (size_t)(end - start));
                bool is_last = i == JWS_PARTS - 1;

                if (is_last != !dot)
                        return false;
                if (is_last)
                        dot = end;
                parts[i] = (KeyBytes){ start, (size_t)(dot - start) };
                start = dot + 1;
        }
        return parts[0].size > 0 && parts[2].size > 0;
}

/* Decodes a part to the end of the block. */
static bool decode(KeyBytes part, Secret *block, size_t *used, KeyBytes *ret_bytes) {
        uint8_t *bytes = (uint8_t *)block->data + *used;
        size_t size;

        if (base64url_decode(part.data, part.size, bytes, block->size - *used, &size))
                return false;
        *used += size;
        *ret_bytes = (KeyBytes){ bytes, size };
        return true;
}

Reason jws_parse(const char *token, size_t size, Jws *ret_jws) {
        _cleanup_(secret_freep) Secret *block = NULL;
        KeyBytes parts[JWS_PARTS];
        Jws jws = { 0 };
        size_t used = 0;

        if (!split(token, size, parts))
                return REASON_TOKEN_MALFORMED;
        if (secret_new(token, size, &block))
                return REASON_INTERNAL;
        if (!decode(parts[0], block, &used, &jws.header) ||
                !decode(parts[1], block, &used, &jws.payload) ||
                !decode(parts[2], block, &used, &jws.signature))
                return REASON_TOKEN_MALFORMED;
        jws.header_text = parts[0];
        jws.signed_text = (KeyBytes){ token, parts[0].size + 1 + parts[1].size };
        jws.block = TAKE_PTR(block);
        *ret_jws = jws;
        return REASON_OK;
}

void jws_clear(Jws *jws) {
        secret_free(jws->block);
        *jws = (Jws){ 0 };
}

/* A member that may be absent but must be text when it is there. */
static bool optional_text(const json_t *object, const char *name, const char **ret_text) {
        const json_t *member = json_object_get(object, name);

        *ret_text = json_string_value(member);
        return !member || *ret_text;
}

static Reason header_read(json_t *object, JwsHeader *header) {
        const char *algorithm;

        if (json_object_get(object, "crit") || json_object_get(object, "b64"))
                return REASON_HEADER_CRITICAL;
        algorithm = json_string_value(json_object_get(object, "alg"));
        if (!algorithm || !optional_text(object, "kid", &header->kid) ||
                !optional_text(object, "typ", &header->type))
                return REASON_HEADER_MALFORMED;
        header->algorithm = algorithm_find(algorithm);
        return header->algorithm ? REASON_OK : REASON_ALGORITHM_REFUSED;
}

Reason jws_header_parse(const Jws *jws, JwsHeader *ret_header) {
        JwsHeader header = { 0 };
        Reason reason;

        if (json_text_parse(jws->header.data, jws->header.size, &header.object))
                return REASON_HEADER_MALFORMED;
        reason = header_read(header.object, &header);
        if (reason != REASON_OK)
                json_decref(header.object);
        else
                *ret_header = header;
        return reason;
}

void jws_header_clear(JwsHeader *header) {
        json_decref(header->object);
        *header = (JwsHeader){ 0 };
}
