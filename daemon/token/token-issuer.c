/* SPDX-License-Identifier: MIT */
#include "daemon/token/token-issuer.h"

#include <errno.h>
#include <string.h>

#include "common/base64url.h"
#include "common/text.h"
#include "daemon/token/claims.h"
#include "daemon/token/claims-frame.h"
#include "daemon/token/jti.h"

static bool is_claim_text(const char *text) {
        size_t size = text ? strlen(text) : 0;

        return size > 0 && text_is_utf8(text, size) && !text_has_control(text, size);
}

static bool is_claim_text_or_null(const char *text) {
        return !text || is_claim_text(text);
}

static bool is_text_list(const char *const *items, size_t n_items) {
        for (size_t i = 0; i < n_items; i++)
                if (!is_claim_text(items[i]))
                        return false;
        return true;
}

/* Never sign a token that the verifier would refuse. */
static bool is_valid(const IssueRequest *request) {
        if (!is_claim_text(request->issuer) || !request->subject ||
                !text_is_user_name(request->subject, strlen(request->subject)))
                return false;
        if (!request->sid || !sid_is_valid(request->sid, strlen(request->sid)) ||
                request->generation > JTI_GENERATION_MAX)
                return false;
        if (request->expires_at_sec <= request->issued_at_sec ||
                request->expires_at_sec > CLAIMS_TIME_MAX ||
                (request->has_not_before && request->not_before_sec > CLAIMS_TIME_MAX))
                return false;
        if (request->n_audience == 0 || !is_text_list(request->audience, request->n_audience) ||
                !is_text_list(request->roles, request->n_roles))
                return false;
        return is_claim_text_or_null(request->platform) && is_claim_text_or_null(request->device) &&
               is_claim_text_or_null(request->source) && is_claim_text_or_null(request->tenant) &&
               is_claim_text_or_null(request->name);
}

static int start_draft(TokenDraft *draft, KeyBytes header, const char *payload) {
        size_t payload_size = BASE64URL_ENCODED_SIZE(strlen(payload));
        size_t signature_size = BASE64URL_ENCODED_SIZE(key_signing_size(draft->signing));
        char *text;
        int r;

        draft->signed_size = header.size + 1 + payload_size;
        r = secret_new(NULL, draft->signed_size + 1 + signature_size, &draft->token);
        if (r < 0)
                return r;
        text = mempcpy(draft->token->data, header.data, header.size);
        *text++ = '.';
        return base64url_encode((const uint8_t *)payload, strlen(payload), text, payload_size + 1)
                       ? -EIO
                       : 0;
}

/* The characters that later generations will add to a token. Everything else keeps its length: times have
 * ten digits until 2286. */
static size_t growth_of(const IssueRequest *request, size_t payload_size) {
        char now[JTI_SIZE_MAX + 1], last[JTI_SIZE_MAX + 1];

        jti_format(request->sid, request->generation, now);
        jti_format(request->sid, JTI_GENERATION_MAX, last);
        return BASE64URL_ENCODED_SIZE(payload_size + strlen(last) - strlen(now)) -
               BASE64URL_ENCODED_SIZE(payload_size);
}

int token_compose(const Keyring *keyring, const IssueRequest *request, TokenDraft *ret_draft) {
        _cleanup_(token_draft_clear) TokenDraft draft = { 0 };
        _cleanup_(freep) char *payload = NULL;
        Key *key = keyring_signing_key(keyring);
        int r;

        if (!key)
                return TOKEN_ISSUER_E_NO_KEY;
        if (!is_valid(request))
                return TOKEN_ISSUER_E_INVALID;
        r = claims_frame_compose(request->frame, request, &payload);
        if (r == 0)
                r = key_signing(key, &draft.signing);
        if (r == 0)
                r = start_draft(&draft, key_header(key), payload);
        if (r)
                return r == KEY_E_ALGORITHM ? -EIO : r;
        if (draft.token->size + growth_of(request, strlen(payload)) > request->max_size)
                return TOKEN_ISSUER_E_TOO_LARGE;
        *ret_draft = draft;
        draft = (TokenDraft){ 0 };
        return 0;
}

int token_draft_sign(TokenDraft *draft, Secret **ret_token) {
        uint8_t signature[KEY_SIGNATURE_MAX];
        size_t size = key_signing_size(draft->signing);
        char *text = draft->token->data;
        int r;

        r = key_signing_run(draft->signing, (KeyBytes){ text, draft->signed_size }, signature);
        if (r)
                return r;
        text[draft->signed_size] = '.';
        if (base64url_encode(signature, size, text + draft->signed_size + 1,
                    draft->token->size - draft->signed_size))
                r = -EIO;
        secret_wipe(signature, sizeof(signature));
        if (r == 0)
                *ret_token = TAKE_PTR(draft->token);
        return r;
}

void token_draft_clear(TokenDraft *draft) {
        secret_free(draft->token);
        key_signing_unref(draft->signing);
        *draft = (TokenDraft){ 0 };
}

int token_issue(const Keyring *keyring, const IssueRequest *request, Secret **ret_token) {
        _cleanup_(token_draft_clear) TokenDraft draft = { 0 };
        int r;

        r = token_compose(keyring, request, &draft);
        return r ? r : token_draft_sign(&draft, ret_token);
}
