/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config/config.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/clock-keeper.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/user-queue.h"
#include "daemon/session/session-check.h"
#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"
#include "daemon/token/code-mac.h"
#include "daemon/token/keyring-refresh.h"
#include "daemon/token/login-code.h"
#include "daemon/token/token-cache.h"
#include "daemon/verb/create-code.h"

typedef struct CreateCode {
        Operation op;
        Claims *claims;
        Secret *code;
        LoginCode record;
        uid_t uid;
} CreateCode;

static void create_code_free(Operation *op) {
        CreateCode *create = (CreateCode *)op;

        claims_unref(create->claims);
        secret_free(create->code);
        free(create);
}

static void tell_journal(CreateCode *create, Reason reason) {
        const Claims *claims = create->claims;

        audit(create->op.context, &(AuditRecord){
                                          .event = AUDIT_CODE_CREATED,
                                          .reason = reason,
                                          .user = claims ? claims->subject : NULL,
                                          .sid = claims ? claims->sid : NULL,
                                          .uid = create->uid,
                                  });
}

static Reason decide(UserState *state, uint64_t now_sec, bool *ret_changed, void *userdata) {
        const CreateCode *create = userdata;
        const LoginCode *record = &create->record;
        Moment moment = clock_keeper_now(create->op.context->clock);
        Reason reason;

        (void)now_sec;
        user_state_prune(state, &moment);
        reason = user_state_check_token(state,
                &(TokenFacts){ record->sid, record->generation, record->issued_at_sec },
                create->op.context->config->policy.refresh_grace_sec, &moment);
        if (reason != REASON_OK)
                return reason;
        if (user_state_add_code(state, record) < 0)
                return REASON_INTERNAL;
        *ret_changed = true;
        return REASON_OK;
}

static void on_committed(Reason reason, const UserState *state, void *userdata) {
        CreateCode *create = userdata;

        (void)state;
        tell_journal(create, reason);
        if (reason != REASON_OK) {
                operation_finish_reason(&create->op, reason);
                return;
        }
        operation_finish(&create->op, &(OperationResult){
                                              .reason = REASON_OK,
                                              .token = create->code,
                                              .user = create->claims->subject,
                                              .sid = create->record.sid,
                                              .expires_at_sec = create->record.end_sec,
                                      });
}

/* Whether the token is for this host is asked where the code is used. */
static Reason check_token(CreateCode *create, const CodeOrder *order) {
        const Context *context = create->op.context;
        const VerifyRequest question = {
                .token = order->token->data,
                .token_size = order->token->size,
                .now_sec = operation_now_sec(),
                .user = order->user,
        };

        return token_cache_verify(
                context->cache, context->keyring, &context->rules, &question, &create->claims);
}

static Reason draw(CreateCode *create, bool is_long) {
        const Context *context = create->op.context;
        _cleanup_(secret_freep) Secret *canonical = NULL;
        Key *key = keyring_refresh_key(context->keyring);
        int r;

        if (!key)
                return REASON_NO_REFRESH_KEY;
        r = login_code_generate(is_long ? LOGIN_CODE_LONG : LOGIN_CODE_TYPED, &create->code);
        if (r == 0)
                r = login_code_parse(create->code->data, create->code->size, &canonical);
        if (r == 0)
                r = code_mac(key, (CodeOwner){ context->config->tenant, create->claims->subject },
                        canonical, create->record.mac);
        return r ? REASON_INTERNAL : REASON_OK;
}

static Reason prepare(CreateCode *create, const CodeOrder *order) {
        LoginCode *record = &create->record;
        const Claims *claims;
        Reason reason;

        reason = check_token(create, order);
        if (reason != REASON_OK)
                return reason;
        claims = create->claims;
        memcpy(record->sid, claims->sid, sizeof(record->sid));
        record->generation = claims->generation;
        record->issued_at_sec = claims->issued_at_sec;
        record->is_foreign = claims->origin == CLAIMS_FOREIGN;
        record->end_sec = operation_now_sec() + STATE_CODE_LIFETIME_SEC;
        if (record->end_sec > claims->expires_at_sec)
                record->end_sec = claims->expires_at_sec;
        return draw(create, order->is_long);
}

int create_code_start(Context *context, const CodeOrder *order, OperationDone done, void *userdata,
        Operation **ret_op) {
        CreateCode *create = calloc(1, sizeof(*create));
        Reason reason;
        int r;

        if (!create)
                return -ENOMEM;
        operation_init(&create->op, context, (OperationWaiter){ done, userdata }, create_code_free);
        create->uid = order->uid;
        reason = prepare(create, order);
        if (reason == REASON_OK) {
                r = user_queue_change(context->queue, context->config->tenant,
                        create->claims->subject,
                        &(UserChange){
                                .decide = decide, .done = on_committed, .userdata = create });
        } else {
                tell_journal(create, reason);
                r = operation_finish_later(&create->op, reason);
        }
        return operation_started(&create->op, r, ret_op);
}
