/* SPDX-License-Identifier: MIT */
#include "daemon/token/claims.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "common/text.h"
#include "common/word-list.h"
#include "daemon/token/json-text.h"

/* Claims that are one text each, and their places. */
static const struct TextRow {
        const char *name;
        size_t offset;
        bool required;
} text_rows[] = {
        { "iss", offsetof(Claims, issuer), true },
        { "sub", offsetof(Claims, subject), true },
        { "jti", offsetof(Claims, jti), true },
        { "plat", offsetof(Claims, platform), false },
        { "did", offsetof(Claims, device), false },
        { "src", offsetof(Claims, source), false },
        { "tnt", offsetof(Claims, tenant), false },
        { "name", offsetof(Claims, name), false },
};

/* Claims that are seconds since the epoch. */
static const struct TimeRow {
        const char *name;
        size_t offset;
        bool required;
} time_rows[] = {
        { "exp", offsetof(Claims, expires_at_sec), true },
        { "iat", offsetof(Claims, issued_at_sec), true },
        { "nbf", offsetof(Claims, not_before_sec), false },
};

/* A claim set while it is copied into its block. */
typedef struct ClaimsSource {
        const json_t *object;
        const char *text;
        size_t size;
        const char *here; /* NULL: @text */
        char *data_json;  /* NULL: no "data" */
} ClaimsSource;

static bool is_claim_text(const json_t *value) {
        size_t size = json_string_length(value);

        return json_is_string(value) && size > 0 &&
               !text_has_control(json_string_value(value), size);
}

static Reason check_texts(const json_t *object) {
        for (size_t i = 0; i < ARRAY_SIZE(text_rows); i++) {
                const json_t *value = json_object_get(object, text_rows[i].name);

                if (!value && text_rows[i].required)
                        return REASON_CLAIM_MISSING;
                if (value && !is_claim_text(value))
                        return REASON_CLAIM_INVALID;
        }
        return REASON_OK;
}

/* RFC 7519 section 2 allows fractions in a NumericDate; no issuer of logins needs them. */
static Reason check_times(const json_t *object) {
        for (size_t i = 0; i < ARRAY_SIZE(time_rows); i++) {
                const json_t *value = json_object_get(object, time_rows[i].name);

                if (!value && time_rows[i].required)
                        return REASON_CLAIM_MISSING;
                if (!value)
                        continue;
                if (!json_is_integer(value) || json_integer_value(value) < 0 ||
                        (uint64_t)json_integer_value(value) > CLAIMS_TIME_MAX)
                        return REASON_CLAIM_INVALID;
        }
        return REASON_OK;
}

static bool is_text_list(const json_t *array) {
        const json_t *value;
        size_t i;

        if (!json_is_array(array))
                return false;
        json_array_foreach(array, i, value) if (!is_claim_text(value)) return false;
        return true;
}

static Reason check_lists(const json_t *object) {
        const json_t *audience = json_object_get(object, "aud");
        const json_t *roles = json_object_get(object, "roles");
        const json_t *data = json_object_get(object, "data");

        if (!audience)
                return REASON_CLAIM_MISSING;
        if (!is_claim_text(audience) && !(is_text_list(audience) && json_array_size(audience) > 0))
                return REASON_CLAIM_INVALID;
        if (roles && !is_text_list(roles))
                return REASON_CLAIM_INVALID;
        if (data && !json_is_object(data))
                return REASON_CLAIM_INVALID;
        return REASON_OK;
}

static Reason check_form(const json_t *object) {
        Reason reason;

        reason = check_texts(object);
        if (reason == REASON_OK)
                reason = check_times(object);
        if (reason == REASON_OK)
                reason = check_lists(object);
        return reason;
}

/* "aud" may be one text instead of a list (RFC 7519 section 4.1.3). */
static size_t list_size(const json_t *list) {
        if (!list)
                return 0;
        return json_is_array(list) ? json_array_size(list) : 1;
}

static const json_t *list_at(const json_t *list, size_t i) {
        return json_is_array(list) ? json_array_get(list, i) : list;
}

static size_t list_text_size(const json_t *list) {
        size_t size = 0;

        for (size_t i = 0; i < list_size(list); i++)
                size += json_string_length(list_at(list, i)) + 1;
        return size;
}

static size_t block_size(const ClaimsSource *source) {
        const json_t *audience = json_object_get(source->object, "aud");
        const json_t *roles = json_object_get(source->object, "roles");
        size_t size = sizeof(Claims) + source->size + 1;

        size += (list_size(audience) + list_size(roles)) * sizeof(char *);
        size += list_text_size(audience) + list_text_size(roles);
        for (size_t i = 0; i < ARRAY_SIZE(text_rows); i++) {
                const json_t *value = json_object_get(source->object, text_rows[i].name);

                if (value)
                        size += json_string_length(value) + 1;
        }
        if (source->data_json)
                size += strlen(source->data_json) + 1;
        if (source->here)
                size += strlen(source->here) + 1;
        return size;
}

/* Copies text behind the cursor, which block_size() made room for. */
static const char *put_text(char **cursor, const char *text, size_t size) {
        char *copy = *cursor;

        memcpy(copy, text, size);
        copy[size] = '\0';
        *cursor += size + 1;
        return copy;
}

static void put_list(char **cursor, const json_t *list, const char **items) {
        for (size_t i = 0; i < list_size(list); i++) {
                const json_t *value = list_at(list, i);

                items[i] = put_text(cursor, json_string_value(value), json_string_length(value));
        }
}

static Claims *claims_build(const ClaimsSource *source) {
        const json_t *audience = json_object_get(source->object, "aud");
        const json_t *roles = json_object_get(source->object, "roles");
        size_t size = block_size(source);
        Claims *claims = calloc(1, size);
        const char **lists;
        char *cursor;

        if (!claims)
                return NULL;
        claims->size = size;
        claims->n_ref = 1;
        claims->n_audience = list_size(audience);
        claims->n_roles = list_size(roles);
        lists = (const char **)(claims + 1);
        claims->audience = lists;
        claims->roles = lists + claims->n_audience;
        cursor = (char *)(lists + claims->n_audience + claims->n_roles);
        put_list(&cursor, audience, lists);
        put_list(&cursor, roles, lists + claims->n_audience);
        for (size_t i = 0; i < ARRAY_SIZE(text_rows); i++) {
                const json_t *value = json_object_get(source->object, text_rows[i].name);
                const char **field = (const char **)((char *)claims + text_rows[i].offset);

                if (value)
                        *field = put_text(
                                &cursor, json_string_value(value), json_string_length(value));
        }
        for (size_t i = 0; i < ARRAY_SIZE(time_rows); i++) {
                const json_t *value = json_object_get(source->object, time_rows[i].name);

                *(uint64_t *)((char *)claims + time_rows[i].offset) =
                        (uint64_t)json_integer_value(value);
        }
        claims->has_not_before = json_object_get(source->object, "nbf") != NULL;
        if (source->data_json)
                claims->data_json = put_text(&cursor, source->data_json, strlen(source->data_json));
        claims->json = put_text(&cursor, source->text, source->size);
        claims->here_json =
                source->here ? put_text(&cursor, source->here, strlen(source->here)) : claims->json;
        return claims;
}

Reason claims_from_object(const json_t *object, const char *text, size_t size, const char *here,
        Claims **ret_claims) {
        ClaimsSource source = { .object = object, .text = text, .size = size, .here = here };
        const json_t *data = json_object_get(object, "data");
        Reason reason;

        reason = check_form(object);
        if (reason == REASON_OK && data) {
                source.data_json = json_dumps(data, JSON_COMPACT);
                if (!source.data_json)
                        reason = REASON_INTERNAL;
        }
        if (reason == REASON_OK) {
                *ret_claims = claims_build(&source);
                if (!*ret_claims)
                        reason = REASON_INTERNAL;
        }
        free(source.data_json);
        return reason;
}

Reason claims_parse(const char *text, size_t size, const VerifyRules *rules, Claims **ret_claims) {
        _cleanup_(claims_unrefp) Claims *claims = NULL;
        json_t *object;
        Reason reason;

        if (json_text_parse(text, size, &object))
                return REASON_CLAIMS_MALFORMED;
        reason = claims_from_object(object, text, size, NULL, &claims);
        json_decref(object);
        if (reason != REASON_OK)
                return reason;
        if (jti_parse(claims->jti, strlen(claims->jti), claims->sid, &claims->generation) &&
                !rules->foreign)
                return REASON_CLAIM_INVALID;
        *ret_claims = TAKE_PTR(claims);
        return REASON_OK;
}

static bool has_audience(const Claims *claims, const char *audience) {
        for (size_t i = 0; i < claims->n_audience; i++)
                if (strcmp(claims->audience[i], audience) == 0)
                        return true;
        return false;
}

/* An issuer's name for us stands for our own audience, and for nothing else. */
static Reason check_audience(
        const Claims *claims, const VerifyRules *rules, const VerifyRequest *request) {
        bool stands_for = false;

        for (size_t i = 0; rules->audiences && i < rules->audiences->n_words && !stands_for; i++)
                stands_for = has_audience(claims, rules->audiences->words[i]);
        if (rules->audiences && !stands_for)
                return REASON_AUDIENCE_MISMATCH;
        if (!request->audience || has_audience(claims, request->audience))
                return REASON_OK;
        if (stands_for && rules->own_audience &&
                strcmp(request->audience, rules->own_audience) == 0)
                return REASON_OK;
        return REASON_AUDIENCE_MISMATCH;
}

/* All sums stay far below 2^64: times are at most 2^53. */
static Reason check_clock(const Claims *claims, const VerifyRules *rules, uint64_t now_sec) {
        uint64_t latest_sec = now_sec + rules->leeway_sec;

        if (rules->ignore_time)
                return REASON_OK;
        if (now_sec >= claims->expires_at_sec + rules->leeway_sec)
                return REASON_TOKEN_EXPIRED;
        if (claims->issued_at_sec > latest_sec)
                return REASON_TOKEN_NOT_YET;
        if (claims->has_not_before && claims->not_before_sec > latest_sec)
                return REASON_TOKEN_NOT_YET;
        if (claims->expires_at_sec <= claims->issued_at_sec)
                return REASON_CLAIM_INVALID;
        if (claims->expires_at_sec - claims->issued_at_sec > rules->max_lifetime_sec)
                return REASON_LIFETIME_EXCEEDED;
        return REASON_OK;
}

static Reason check_user(
        const Claims *claims, const VerifyRules *rules, const VerifyRequest *request) {
        /* Another issuer's subject has to be a login name only if it is used as one. */
        if ((request->user || !rules->foreign) &&
                !text_is_user_name(claims->subject, strlen(claims->subject)))
                return REASON_USER_INVALID;
        if (request->user && strcmp(claims->subject, request->user) != 0)
                return REASON_USER_MISMATCH;
        return REASON_OK;
}

Reason claims_check(const Claims *claims, const VerifyRules *rules, const VerifyRequest *request) {
        Reason reason;

        if (rules->issuer && strcmp(claims->issuer, rules->issuer) != 0)
                return REASON_ISSUER_MISMATCH;
        /* Another issuer knows nothing of our tenants. */
        if (rules->tenant && !rules->foreign &&
                strcmp(claims->tenant ? claims->tenant : CLAIMS_DEFAULT_TENANT, rules->tenant) != 0)
                return REASON_TENANT_MISMATCH;
        reason = check_audience(claims, rules, request);
        if (reason != REASON_OK)
                return reason;
        reason = check_clock(claims, rules, request->now_sec);
        if (reason == REASON_OK)
                reason = check_user(claims, rules, request);
        return reason;
}

Claims *claims_ref(Claims *claims) {
        claims->n_ref++;
        return claims;
}

Claims *claims_unref(Claims *claims) {
        if (claims && --claims->n_ref == 0)
                free(claims);
        return NULL;
}
