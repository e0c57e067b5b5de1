/* SPDX-License-Identifier: MIT */

#include "daemon/config/config.h"
#include "daemon/operation/clock-keeper.h"
#include "daemon/operation/code-redeem.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/user-queue.h"
#include "daemon/session/session-claims.h"
#include "daemon/session/user-state.h"
#include "daemon/store/user-store.h"
#include "daemon/token/claims.h"
#include "daemon/token/keyring-refresh.h"
#include "daemon/token/login-code.h"
#include "daemon/token/token-verifier.h"

static Reason check_claims(const CodeRedeem *redeem, uint64_t now_sec) {
        VerifyRequest question = {
                .now_sec = now_sec,
                .audience = redeem->context->config->audience,
                .user = redeem->user,
        };
        const VerifyRules *rules;
        ServiceRules service;
        Reason reason;

        config_service_of(redeem->context->config, redeem->service, &service);
        if (service.audience)
                question.audience = service.audience;
        rules = verify_rules_of(&redeem->context->rules, redeem->claims);
        if (!rules)
                return REASON_ISSUER_MISMATCH;
        reason = claims_check(redeem->claims, rules, &question);
        /* From here on they are a session's claims, and no reason to adopt one. */
        redeem->claims->origin = CLAIMS_OURS;
        return reason;
}

/* The token's claims as the session's record has them. */
static Reason read_claims(CodeRedeem *redeem, const UserState *state, const LoginCode *code) {
        const Session *session = user_state_find(state, code->sid);
        const Config *config = redeem->context->config;
        const SessionOwner owner = {
                .issuer = code->is_foreign ? STRING_OR_EMPTY(session->source) : config->issuer,
                .tenant = code->is_foreign ? NULL : config->tenant,
                .user = redeem->user,
        };
        Reason reason;

        reason = session_claims(session, owner, &redeem->claims);
        if (reason == REASON_OK && code->is_foreign)
                redeem->claims->origin = CLAIMS_FOREIGN;
        return reason;
}

/* The code is used up even if the login is refused, since it was shown to somebody. */
static Reason decide(UserState *state, uint64_t now_sec, bool *ret_changed, void *userdata) {
        CodeRedeem *redeem = userdata;
        const Config *config = redeem->context->config;
        Moment moment = clock_keeper_now(redeem->context->clock);
        const LoginCode *code;
        Reason reason;

        (void)now_sec;
        redeem->claims = claims_unref(redeem->claims);
        reason = user_state_check_code(
                state, redeem->mac, config->policy.refresh_grace_sec, &moment, &code);
        if (reason != REASON_OK)
                return reason;
        reason = read_claims(redeem, state, code);
        if (reason != REASON_OK)
                return reason;
        user_state_drop_code(state, redeem->mac);
        *ret_changed = true;
        return REASON_OK;
}

static void on_committed(Reason reason, const UserState *state, void *userdata) {
        CodeRedeem *redeem = userdata;

        (void)state;
        if (reason == REASON_OK)
                reason = check_claims(redeem, operation_now_sec());
        else
                redeem->claims = claims_unref(redeem->claims);
        redeem->done(redeem, reason, reason == REASON_OK ? redeem->claims : NULL);
}

/* While the key is being replaced, some hosts of a fleet make codes with the old one, some with the new one. */
static Reason find_code(CodeRedeem *redeem, const UserState *state) {
        const Context *context = redeem->context;
        const CodeOwner owner = { context->config->tenant, redeem->user };
        const Keyring *keyring = context->keyring;
        Moment moment = clock_keeper_now(context->clock);
        Reason reason = REASON_CODE_UNKNOWN;
        const LoginCode *code;

        if (keyring_refresh_size(keyring) == 0)
                return REASON_NO_REFRESH_KEY;
        for (size_t i = 0; i < keyring_refresh_size(keyring) && reason == REASON_CODE_UNKNOWN;
                i++) {
                if (code_mac(keyring_refresh_at(keyring, i), owner, redeem->code, redeem->mac))
                        return REASON_INTERNAL;
                reason = user_state_check_code(state, redeem->mac,
                        context->config->policy.refresh_grace_sec, &moment, &code);
        }
        return reason;
}

/* A wrong code is refused after a read: it must not queue among the user's changes. */
static void on_loaded(StoreCall *call, int r, UserState *state, void *userdata) {
        _cleanup_(user_state_unrefp) UserState *owned = state;
        CodeRedeem *redeem = userdata;
        Context *context = redeem->context;
        Reason reason = operation_reason_of_store(r);

        redeem->call = store_call_free(call);
        if (reason == REASON_OK)
                reason = redeem->limit->reason;
        if (reason == REASON_OK)
                reason = find_code(redeem, owned);
        if (reason == REASON_OK &&
                user_queue_change(context->queue, context->config->tenant, redeem->user,
                        &(UserChange){
                                .decide = decide, .done = on_committed, .userdata = redeem }) >= 0)
                return;
        redeem->done(redeem, reason == REASON_OK ? REASON_INTERNAL : reason, NULL);
}

Reason code_redeem_prepare(CodeRedeem *redeem, const char *code, size_t size) {
        int r = login_code_parse(code, size, &redeem->code);

        if (r)
                return r < 0 ? REASON_INTERNAL : REASON_CODE_UNKNOWN;
        return REASON_OK;
}

int code_redeem_start(CodeRedeem *redeem) {
        const Context *context = redeem->context;

        return user_store_load(context->store, (StoreName){ context->config->tenant, redeem->user },
                on_loaded, redeem, &redeem->call);
}

void code_redeem_clear(CodeRedeem *redeem) {
        redeem->claims = claims_unref(redeem->claims);
        redeem->call = store_call_free(redeem->call);
        redeem->code = secret_free(redeem->code);
}
