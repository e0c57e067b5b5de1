/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config/config.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/clock-keeper.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/touch.h"
#include "daemon/policy/binding.h"
#include "daemon/session/session-check.h"
#include "daemon/session/user-state.h"
#include "daemon/store/user-store.h"
#include "daemon/token/token-cache.h"
#include "daemon/verb/login-verbs.h"

typedef struct Validate {
        Operation op;
        Claims *claims;
        pid_t pid;
        uid_t uid;
        StoreCall *call;
} Validate;

static void validate_free(Operation *op) {
        Validate *validate = (Validate *)op;

        claims_unref(validate->claims);
        store_call_free(validate->call);
        free(validate);
}

static Reason check_token(Context *context, const LoginRequest *request, Claims **ret_claims) {
        const VerifyRequest question = {
                .token = request->token,
                .token_size = request->token_size,
                .now_sec = operation_now_sec(),
                .audience = request->audience ? request->audience : context->config->audience,
        };

        return token_cache_verify(
                context->cache, context->keyring, &context->rules, &question, ret_claims);
}

static Reason check_state(const Context *context, const Claims *claims, const UserState *state) {
        const Session *session = user_state_find(state, claims->sid);
        Moment moment = clock_keeper_now(context->clock);
        Reason reason;

        reason = user_state_check_token(state,
                &(TokenFacts){ claims->sid, claims->generation, claims->issued_at_sec },
                context->config->policy.refresh_grace_sec, &moment);
        /* The asking service is on this device, so check the device. Only the service knows the
         * user's address. */
        if (reason == REASON_OK && binding_device_mode(session) == BIND_DENY &&
                binding_check_device(session, context->device_id) == BINDING_DIFFERS)
                reason = REASON_DEVICE_MISMATCH;
        return reason;
}

/* A question changes nothing, except for a session with an idle time: then every use counts. */
static void note_use(Context *context, const Claims *claims, const UserState *state) {
        const Session *session = user_state_find(state, claims->sid);

        if (session && session->idle_sec)
                touch_session(context, claims->subject, session);
}

static void tell_journal(
        Context *context, const LoginRequest *request, const Claims *claims, Reason reason) {
        /* Validation is a question, not a login: only what was refused is worth a line. */
        if (reason == REASON_OK) {
                audit_count(context, AUDIT_VALIDATE);
                return;
        }
        audit(context, &(AuditRecord){
                               .event = AUDIT_VALIDATE,
                               .reason = reason,
                               .user = claims ? claims->subject : NULL,
                               .sid = claims ? claims->sid : NULL,
                               .pid = request->pid,
                               .uid = request->uid,
                       });
}

static OperationResult result_of(Reason reason, const Claims *claims) {
        if (reason != REASON_OK)
                return (OperationResult){ .reason = reason };
        return (OperationResult){
                .reason = REASON_OK,
                .claims = claims,
                .claims_json = claims->here_json,
                .sid = claims->sid,
                .user = claims->subject,
                .jti = claims->jti,
                .expires_at_sec = claims->expires_at_sec,
        };
}

bool validate_now(
        Context *context, const LoginRequest *request, OperationDone done, void *userdata) {
        _cleanup_(claims_unrefp) Claims *claims = NULL;
        const UserState *state;
        OperationResult result;
        Reason reason;

        reason = check_token(context, request, &claims);
        if (reason == REASON_OK) {
                if (user_store_peek(
                            context->store, context->config->tenant, claims->subject, &state))
                        return false;
                reason = check_state(context, claims, state);
                if (reason == REASON_OK)
                        note_use(context, claims, state);
        }
        tell_journal(context, request, claims, reason);
        result = result_of(reason, claims);
        done(NULL, &result, userdata);
        return true;
}

static void on_loaded(StoreCall *call, int r, UserState *state, void *userdata) {
        _cleanup_(user_state_unrefp) UserState *owned = state;
        Validate *validate = userdata;
        OperationResult result;
        Reason reason;

        validate->call = store_call_free(call);
        reason = operation_reason_of_store(r);
        if (reason == REASON_OK)
                reason = check_state(validate->op.context, validate->claims, owned);
        if (reason == REASON_OK)
                note_use(validate->op.context, validate->claims, owned);
        tell_journal(validate->op.context,
                &(LoginRequest){ .pid = validate->pid, .uid = validate->uid }, validate->claims,
                reason);
        result = result_of(reason, validate->claims);
        operation_finish(&validate->op, &result);
}

int validate_start(Context *context, const LoginRequest *request, OperationDone done,
        void *userdata, Operation **ret_op) {
        Validate *validate = calloc(1, sizeof(*validate));
        Reason reason;
        int r;

        if (!validate)
                return -ENOMEM;
        validate->pid = request->pid;
        validate->uid = request->uid;
        operation_init(&validate->op, context, (OperationWaiter){ done, userdata }, validate_free);
        reason = check_token(context, request, &validate->claims);
        if (reason == REASON_OK) {
                r = user_store_load(context->store,
                        (StoreName){ context->config->tenant, validate->claims->subject },
                        on_loaded, validate, &validate->call);
        } else {
                tell_journal(context, request, NULL, reason);
                r = operation_finish_later(&validate->op, reason);
        }
        return operation_started(&validate->op, r, ret_op);
}
