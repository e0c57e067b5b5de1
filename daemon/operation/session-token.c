/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config/config.h"
#include "daemon/keys/signer.h"
#include "daemon/operation/context.h"
#include "daemon/operation/session-token.h"
#include "daemon/session/session.h"
#include "daemon/token/claims.h"
#include "daemon/token/json-strings.h"
#include "daemon/token/keyring.h"
#include "daemon/token/token-issuer.h"

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

/* Leave the default tenant out: without other tenants, tokens need not carry a name. */
static const char *tenant_claim(const char *tenant) {
        return strcmp(tenant, CLAIMS_DEFAULT_TENANT) != 0 ? tenant : NULL;
}

static Reason compose_access(
        Context *context, const char *user, const Session *session, SessionToken *token) {
        _cleanup_(json_strings_clear) JsonStrings audience = { 0 }, roles = { 0 };
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
                .frame = signer_frame(context->signer),
        };

        if (json_strings_read(session->audience_json, &audience) < 0 ||
                json_strings_read(session->roles_json, &roles) < 0)
                return REASON_INTERNAL;
        request.audience = audience.items;
        request.n_audience = audience.n_items;
        request.roles = roles.items;
        request.n_roles = roles.n_items;
        return reason_of_issuer(token_compose(context->keyring, &request, &token->draft));
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

Reason session_token_compose(
        Context *context, const char *user, const Session *session, SessionToken *token) {
        const Key *key = keyring_signing_key(context->keyring);
        Reason reason;

        reason = compose_access(context, user, session, token);
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

static void on_signed(int r, Secret *access, void *userdata) {
        SessionToken *token = userdata;

        token->job = NULL;
        token->access = access;
        token->waiter.done(r < 0 ? REASON_INTERNAL : REASON_OK, token->waiter.userdata);
}

Reason session_token_sign(Context *context, SessionToken *token, SessionTokenWaiter waiter) {
        token->waiter = waiter;
        return signer_start(context->signer, &token->draft, on_signed, token, &token->job) < 0
                       ? REASON_INTERNAL
                       : REASON_OK;
}

Reason session_token_check_refresh(
        const Context *context, const RefreshToken *token, const char *user) {
        switch (refresh_token_check(context->keyring, token, context->config->tenant, user)) {
        case 0:
                return REASON_OK;
        case REFRESH_TOKEN_E_MAC:
                return REASON_SIGNATURE_INVALID;
        default:
                return REASON_INTERNAL;
        }
}

void session_token_clear(SessionToken *token) {
        sign_job_free(token->job);
        token_draft_clear(&token->draft);
        secret_free(token->access);
        secret_free(token->refresh);
        *token = (SessionToken){ 0 };
}
