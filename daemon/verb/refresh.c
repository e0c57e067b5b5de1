/* SPDX-License-Identifier: MIT */

/*
 * whose is it → is the MAC right → load → decide, compose → commit → sign. No token is used up if its successor
 * cannot be made. A crash after the commit only loses the answer: the client comes again with its old token,
 * and within the grace time gets the same successor.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/translation.h"
#include "daemon/config/config.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/clock-keeper.h"
#include "daemon/operation/deadline.h"
#include "daemon/operation/hook.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/owner-cache.h"
#include "daemon/operation/session-ending.h"
#include "daemon/operation/session-token.h"
#include "daemon/operation/user-queue.h"
#include "daemon/operation/user-rules.h"
#include "daemon/policy/rotation.h"
#include "daemon/session/state-end.h"
#include "daemon/session/user-state.h"
#include "daemon/store/user-store.h"
#include "daemon/token/keyring-refresh.h"
#include "daemon/token/keyring.h"
#include "daemon/token/refresh-token.h"
#include "daemon/token/token-cache.h"
#include "daemon/verb/refresh.h"

typedef struct Refresh {
        Operation op;
        RefreshToken token;
        char *user;
        StoreCall *call;
        Rotation rotation;
        SessionToken next;
        uid_t uid;
} Refresh;

static void refresh_free(Operation *op) {
        Refresh *refresh = (Refresh *)op;

        store_call_free(refresh->call);
        session_token_clear(&refresh->next);
        free(refresh->user);
        free(refresh);
}

static void tell_journal(Refresh *refresh, Reason reason) {
        audit(refresh->op.context,
                &(AuditRecord){
                        .event = reason == REASON_SESSION_REUSED ? AUDIT_REUSE : AUDIT_REFRESH,
                        .reason = reason,
                        .user = refresh->user,
                        .sid = *refresh->token.sid ? refresh->token.sid : NULL,
                        .uid = refresh->uid,
                });
}

static void refuse(Refresh *refresh, Reason reason) {
        tell_journal(refresh, reason);
        operation_finish_reason(&refresh->op, reason);
}

/* Before the commit: if the new generation were recorded and its token could not be made, the client would be
 * shut out. After this only the signature itself can fail. */
static Reason compose(Refresh *refresh, const UserState *state) {
        const Session *session = user_state_find(state, refresh->token.sid);

        session_token_clear(&refresh->next);
        return session ? session_token_compose(
                                 refresh->op.context, refresh->user, session, &refresh->next)
                       : REASON_INTERNAL;
}

static Reason decide(UserState *state, uint64_t now_sec, bool *ret_changed, void *userdata) {
        Refresh *refresh = userdata;
        Context *context = refresh->op.context;
        const Key *key = keyring_refresh_key(context->keyring);
        Moment moment = clock_keeper_now(context->clock);
        RotationOrder order = {
                .sid = refresh->token.sid,
                .generation = refresh->token.generation,
                .max_token_lifetime_sec = context->config->max_lifetime_sec,
        };
        PolicyRules rules;

        (void)now_sec;
        /* A reload may have taken it away since the start. */
        if (!key)
                return REASON_NO_REFRESH_KEY;
        order.refresh_kid = key_kid(key);
        user_state_prune(state, &moment);
        /* The session may have begun under the general rules; from now on the present rules of its
         * user apply. */
        (void)user_rules_last(context, refresh->user, &rules);
        refresh->rotation = rotation_decide(&rules, state, &order, &moment);
        switch (refresh->rotation.kind) {
        case ROTATION_NEXT:
                *ret_changed = true;
                return compose(refresh, state);
        case ROTATION_REPEATED:
                return compose(refresh, state);
        case ROTATION_REUSED: /* is to be kept, so it is no refusal yet */
                *ret_changed = true;
                return REASON_OK;
        case ROTATION_REFUSED:
                break;
        }
        return refresh->rotation.reason;
}

static void tell_everybody(Refresh *refresh, const UserState *state) {
        const Session *session = user_state_find(state, refresh->token.sid);
        Context *context = refresh->op.context;

        /* Under the current rules the session may end earlier than before, so its open logins
         * need their new deadline. */
        deadline_timer_note(context->deadlines, state);
        token_cache_drop_session(context->cache, refresh->token.sid);
        if (context->sink)
                context->sink(&(SessionEvent){ .type = SESSION_EVENT_REFRESHED,
                                      .sid = refresh->token.sid },
                        context->sink_userdata);
        hook_send(context, &(HookEvent){
                                   .kind = HOOK_REFRESH,
                                   .user = refresh->user,
                                   .session = refresh->token.sid,
                                   .reason = reason_code(REASON_OK),
                                   .platform = session ? session->platform : NULL,
                                   .device = session ? session->device : NULL,
                           });
}

static void on_signed(Reason reason, void *userdata) {
        Refresh *refresh = userdata;

        if (reason != REASON_OK) {
                refuse(refresh, reason);
                return;
        }
        tell_journal(refresh, REASON_OK);
        operation_finish(&refresh->op, &(OperationResult){
                                               .reason = REASON_OK,
                                               .token = refresh->next.access,
                                               .refresh = refresh->next.refresh,
                                               .sid = refresh->token.sid,
                                               .jti = refresh->next.jti,
                                               .kid = refresh->next.kid,
                                               .user = refresh->user,
                                               .expires_at_sec = refresh->next.expires_at_sec,
                                               .session_end_sec = refresh->next.session_end_sec,
                                       });
}

static void on_committed(Reason reason, const UserState *state, void *userdata) {
        Refresh *refresh = userdata;
        Context *context = refresh->op.context;

        if (user_change_is_done(reason) && refresh->rotation.kind == ROTATION_REUSED) {
                session_ending_start_one(
                        context, refresh->user, refresh->token.sid, REASON_SESSION_REUSED);
                reason = REASON_SESSION_REUSED;
        }
        if (reason == REASON_OK && refresh->rotation.kind == ROTATION_NEXT)
                tell_everybody(refresh, state);
        if (reason == REASON_OK) {
                owner_cache_put(context->owners, refresh->token.sid, refresh->user);
                reason = session_token_sign(
                        context, &refresh->next, (SessionTokenWaiter){ on_signed, refresh });
        }
        if (reason != REASON_OK)
                refuse(refresh, reason);
}

static Reason queue_change(Refresh *refresh) {
        const Context *context = refresh->op.context;
        const UserChange change = { .decide = decide, .done = on_committed, .userdata = refresh };
        Reason reason;

        /* The index is a hint, but the user is in the MAC. */
        reason = session_token_check_refresh(context, &refresh->token, refresh->user);
        if (reason == REASON_OK && user_queue_change(context->queue, context->config->tenant,
                                           refresh->user, &change) < 0)
                return REASON_INTERNAL;
        return reason;
}

/* Mostly an access token. */
static const char *detail_of(Reason reason) {
        return reason == REASON_TOKEN_MALFORMED
                       ? N_("not the form of a refresh token, which begins with atr1.")
                       : NULL;
}

/* Do not reveal to somebody who only knows its id that the session exists. */
static Reason answer_of(Reason reason) {
        return reason == REASON_SIGNATURE_INVALID ? REASON_SESSION_UNKNOWN : reason;
}

static void on_found(StoreCall *call, int r, const char *user, void *userdata) {
        Refresh *refresh = userdata;
        Reason reason;

        reason = operation_reason_of_store(r);
        if (reason == REASON_OK) {
                refresh->user = strdup(user);
                reason = refresh->user ? queue_change(refresh) : REASON_INTERNAL;
        }
        refresh->call = store_call_free(call);
        if (reason == REASON_OK)
                return;
        tell_journal(refresh, reason);
        operation_finish_reason(&refresh->op, answer_of(reason));
}

static Reason prepare(Refresh *refresh, const Secret *token) {
        const Keyring *keyring = refresh->op.context->keyring;

        if (refresh_token_parse(token->data, token->size, &refresh->token))
                return REASON_TOKEN_MALFORMED;
        if (!keyring_signing_key(keyring))
                return REASON_NO_SIGNING_KEY;
        return keyring_refresh_key(keyring) ? REASON_OK : REASON_NO_REFRESH_KEY;
}

int refresh_start(Context *context, const RefreshOrder *order, OperationDone done, void *userdata,
        Operation **ret_op) {
        Refresh *refresh = malloc(sizeof(*refresh));
        const char *owner;
        Reason reason;
        int r = 0;

        if (!refresh)
                return -ENOMEM;
        *refresh = (Refresh){ .uid = order->uid };
        operation_init(&refresh->op, context, (OperationWaiter){ done, userdata }, refresh_free);
        reason = prepare(refresh, order->token);
        owner = reason == REASON_OK ? owner_cache_get(context->owners, refresh->token.sid) : NULL;
        if (owner) {
                refresh->user = strdup(owner);
                reason = refresh->user ? queue_change(refresh) : REASON_INTERNAL;
        }
        if (reason == REASON_OK && !owner) {
                r = user_store_find_sid(context->store,
                        (StoreName){ context->config->tenant, refresh->token.sid }, on_found,
                        refresh, &refresh->call);
        } else if (reason != REASON_OK) {
                tell_journal(refresh, reason);
                r = operation_refuse_later(&refresh->op, answer_of(reason), detail_of(reason));
        }
        return operation_started(&refresh->op, r, ret_op);
}
