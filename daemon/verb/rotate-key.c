/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/translation.h"
#include "daemon/config/config.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/key-keeper.h"
#include "daemon/operation/operation-object.h"
#include "daemon/store/store-type.h"
#include "daemon/token/keyring.h"
#include "daemon/verb/rotate-key.h"

typedef struct RotateKey {
        Operation op;
        uid_t uid;
        bool is_new, stage;
        char before[KEY_KID_MAX + 1]; /* the key that signs when it begins */
} RotateKey;

static void rotate_key_free(Operation *op) {
        free(op);
}

static Reason reason_of(int r) {
        switch (r) {
        case 0:
                return REASON_OK;
        case KEY_E_CONFIGURED:
                return REASON_KEY_CONFIGURED;
        case KEY_E_SIGNING_KEY:
                return REASON_KEY_CANNOT_SIGN;
        case KEY_E_NONE:
                return REASON_NO_SIGNING_KEY;
        case KEY_E_FULL:
                return REASON_LIMIT_REACHED;
        case KEY_E_BUSY:
                return REASON_TOO_MANY_REQUESTS;
        default:
                return REASON_KEYS_REFUSED;
        }
}

static void tell_journal(RotateKey *rotate, AuditEvent event, Reason reason, const char *kid) {
        audit(rotate->op.context, &(AuditRecord){
                                          .event = event,
                                          .reason = reason,
                                          .kid = kid && *kid ? kid : NULL,
                                          .uid = rotate->uid,
                                  });
}

static void tell_bus(const RotateKey *rotate, const char *kid) {
        const Context *context = rotate->op.context;

        if (context->sink)
                context->sink(&(SessionEvent){ .type = SESSION_EVENT_KEY_ROTATED, .kid = kid },
                        context->sink_userdata);
}

static void on_done(KeyTask *task, KeyTaskResult *result, void *userdata) {
        RotateKey *rotate = userdata;
        Reason reason = reason_of(result->r);
        bool is_change = !rotate->stage && strcmp(rotate->before, result->kid) != 0;
        AuditEvent event = rotate->stage ? AUDIT_KEY_GENERATED : AUDIT_KEY_ROTATED;

        (void)task;
        if (reason == REASON_OK && rotate->is_new)
                tell_journal(rotate, AUDIT_KEY_GENERATED, reason, result->kid);
        if (reason != REASON_OK || is_change)
                tell_journal(rotate, event, reason, result->kid);
        if (reason == REASON_OK && is_change)
                tell_bus(rotate, result->kid);
        operation_finish(&rotate->op,
                &(OperationResult){
                        .reason = reason,
                        .kid = result->kid,
                        .detail = reason == REASON_KEYS_REFUSED ? result->fault.text : NULL,
                });
}

static const char *fault_of(const KeyOrder *order) {
        if (order->kid && (order->algorithm || order->stage))
                return N_("a key that is there takes neither algorithm nor stage");
        if (order->algorithm && !algorithm_find(order->algorithm))
                return N_("there is no algorithm of this name");
        return NULL;
}

/* A key that other hosts do not know yet must not sign: they would refuse its tokens. */
static Reason check(const Context *context, const KeyOrder *order) {
        if (fault_of(order))
                return REASON_BAD_REQUEST;
        if (context->config->signing_kid && !order->stage)
                return REASON_KEY_CONFIGURED;
        if (store_type_is_shared(context->config->store_type) && !order->stage && !order->kid)
                return REASON_KEY_NOT_SHARED;
        return REASON_OK;
}

/* Tokens with a longer lifetime, from an earlier configuration, are refused under this one. */
static uint64_t overlap_of(const Config *config) {
        return config->max_lifetime_sec + config->leeway_sec;
}

static int begin(RotateKey *rotate, const KeyOrder *order) {
        Context *context = rotate->op.context;
        const char *algorithm =
                order->algorithm ? order->algorithm : context->config->key_algorithm;
        const KeyRotation rotation = {
                .algorithm = algorithm_find(algorithm),
                .kid = order->kid,
                .stage = order->stage,
                .overlap_sec = overlap_of(context->config),
        };
        Reason reason = check(context, order);
        int r = 0;

        if (reason == REASON_OK) {
                r = key_keeper_rotate(context->keeper, &rotation, on_done, rotate);
                reason = r == KEY_KEEPER_E_BUSY ? REASON_TOO_MANY_REQUESTS : REASON_OK;
        }
        if (r < 0 || reason == REASON_OK)
                return r;
        tell_journal(rotate, AUDIT_KEY_ROTATED, reason, order->kid);
        return operation_refuse_later(&rotate->op, reason, fault_of(order));
}

int rotate_key_start(Context *context, const KeyOrder *order, OperationDone done, void *userdata,
        Operation **ret_op) {
        const Key *signing = keyring_signing_key(context->keyring);
        RotateKey *rotate = calloc(1, sizeof(*rotate));

        if (!rotate)
                return -ENOMEM;
        operation_init(&rotate->op, context, (OperationWaiter){ done, userdata }, rotate_key_free);
        rotate->uid = order->uid;
        rotate->is_new = !order->kid;
        rotate->stage = order->stage;
        if (signing)
                (void)snprintf(rotate->before, sizeof(rotate->before), "%s", key_kid(signing));
        return operation_started(&rotate->op, begin(rotate, order), ret_op);
}
