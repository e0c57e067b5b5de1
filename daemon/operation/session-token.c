/* SPDX-License-Identifier: MIT */

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config.h"
#include "daemon/operation/context.h"
#include "daemon/operation/session-token.h"
#include "daemon/session/session.h"
#include "daemon/token/claims.h"
#include "daemon/token/keyring.h"
#include "daemon/token/refresh-token.h"
#include "daemon/token/token-issuer.h"

/* A JSON array of strings, as an array of C strings that lasts as long as @json. */
typedef struct TextArray {
        json_t *json;
        const char **items;
        size_t n_items;
} TextArray;

static void text_array_clear(TextArray *array) {
        free(array->items);
        json_decref(array->json);
}

static Reason text_array_read(const char *text, TextArray *array) {
        if (!text)
                return REASON_OK;
        array->json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        array->items = calloc(json_array_size(array->json) + 1, sizeof(char *));
        if (!array->json || !array->items)
                return REASON_INTERNAL;
        for (size_t i = 0; i < json_array_size(array->json); i++)
                array->items[array->n_items++] = json_string_value(json_array_get(array->json, i));
        return REASON_OK;
}

static Reason reason_of_issuer(int r) {
        switch (r) {
        case 0:
                return REASON_OK;
        case TOKEN_ISSUER_E_NO_KEY:
                return REASON_NO_SIGNING_KEY;
        case TOKEN_ISSUER_E_INVALID:
                return REASON_CLAIM_INVALID;
        case TOKEN_ISSUER_E_TOO_LARGE:
                return REASON_TOKEN_TOO_LARGE;
        default:
                return REASON_INTERNAL;
        }
}

/* Who has only one need not carry its name in each token. */
static const char *tenant_claim(const char *tenant) {
        return strcmp(tenant, CLAIMS_DEFAULT_TENANT) != 0 ? tenant : NULL;
}

static Reason sign_access(
        Context *context, const char *user, const Session *session, SessionToken *token) {
        _cleanup_(text_array_clear) TextArray audience = { 0 }, roles = { 0 };
        IssueRequest request = {
                .issuer = context->config->issuer,
                .subject = user,
                .sid = session->sid,
                .generation = session->generation,
                .issued_at_sec = session->issued_at_sec,
                .expires_at_sec = session->token_end_sec,
                .not_before_sec = session->not_before_sec,
                .has_not_before = session->not_before_sec != 0,
                .platform = session->platform,
                .device = session->device,
                .source = session->source,
                .name = session->name,
                .tenant = tenant_claim(context->config->tenant),
                .data_json = session->data_json,
                .max_size = context->config->max_size,
        };
        Reason reason;

        reason = text_array_read(session->audience_json, &audience);
        if (reason == REASON_OK)
                reason = text_array_read(session->roles_json, &roles);
        if (reason != REASON_OK)
                return reason;
        request.audience = audience.items;
        request.n_audience = audience.n_items;
        request.roles = roles.items;
        request.n_roles = roles.n_items;
        return reason_of_issuer(token_issue(context->keyring, &request, &token->access));
}

static Reason make_refresh(
        Context *context, const char *user, const Session *session, SessionToken *token) {
        const RefreshSubject subject = {
                .tenant = context->config->tenant,
                .user = user,
                .sid = session->sid,
                .generation = session->generation,
        };

        if (!session->refresh_kid)
                return REASON_OK;
        switch (refresh_token_make(
                context->keyring, session->refresh_kid, &subject, &token->refresh)) {
        case 0:
                return REASON_OK;
        case REFRESH_TOKEN_E_NO_KEY:
                return REASON_NO_REFRESH_KEY;
        default:
                return REASON_INTERNAL;
        }
}

Reason session_token_sign(
        Context *context, const char *user, const Session *session, SessionToken *token) {
        const Key *key = keyring_signing_key(context->keyring);
        Reason reason;

        reason = sign_access(context, user, session, token);
        if (reason == REASON_OK)
                reason = make_refresh(context, user, session, token);
        if (reason != REASON_OK)
                return reason;
        jti_format(session->sid, session->generation, token->jti);
        snprintf(token->kid, sizeof(token->kid), "%s", key ? STRING_OR_EMPTY(key_kid(key)) : "");
        token->expires_at_sec = session->token_end_sec;
        token->session_end_sec = session->expires_at_sec;
        return REASON_OK;
}

void session_token_clear(SessionToken *token) {
        secret_free(token->access);
        secret_free(token->refresh);
        *token = (SessionToken){ 0 };
}
