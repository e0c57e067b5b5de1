/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/container-of.h"
#include "common/text.h"
#include "daemon/config/config.h"
#include "daemon/operation/adopt.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/clock-keeper.h"
#include "daemon/operation/code-redeem.h"
#include "daemon/operation/login-grant.h"
#include "daemon/operation/login-hook.h"
#include "daemon/operation/login-limit.h"
#include "daemon/operation/login-place.h"
#include "daemon/operation/login-subject.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/touch.h"
#include "daemon/operation/user-queue.h"
#include "daemon/policy/session-demand.h"
#include "daemon/session/session-check.h"
#include "daemon/session/user-state.h"
#include "daemon/store/user-store.h"
#include "daemon/token/login-code.h"
#include "daemon/token/token-cache.h"
#include "daemon/verb/login-verbs.h"

typedef struct Authenticate {
        Operation op;
        LoginSubject subject;
        Claims *claims;
        CodeRedeem redeem;
        LoginLimit limit;
        Adopt adopt;
        char *role; /* that the session must have; NULL: any will do */
        StoreCall *call;
        LoginHook hook;
        LoginPlace place;
        Reason refusal; /* answered as soon as it is counted; REASON_OK: none yet */
} Authenticate;

static void on_loaded(StoreCall *call, int r, UserState *state, void *userdata);

static void authenticate_free(Operation *op) {
        Authenticate *auth = (Authenticate *)op;

        login_subject_clear(&auth->subject);
        code_redeem_clear(&auth->redeem);
        login_limit_clear(&auth->limit);
        adopt_clear(&auth->adopt);
        claims_unref(auth->claims);
        free(auth->role);
        store_call_free(auth->call);
        login_hook_clear(&auth->hook);
        free(auth);
}

static void tell_journal(Authenticate *auth, Reason reason) {
        AuditRecord record = login_subject_audit(&auth->subject, AUDIT_AUTHENTICATE, reason);

        if (auth->claims)
                record.sid = auth->claims->sid;
        record.note = auth->hook.note;
        audit(auth->op.context, &record);
}

static void on_redeemed(CodeRedeem *redeem, Reason reason, Claims *claims);

/* A code is for a login: an ordinary user who could try codes here would never be seen at a
 * prompt. */
static Reason check_code(Authenticate *auth, const LoginRequest *request) {
        if (request->uid != 0)
                return REASON_NOT_AUTHORISED;
        auth->redeem = (CodeRedeem){
                .context = auth->op.context,
                .user = auth->subject.user,
                .service = auth->subject.service,
                .limit = &auth->limit,
                .done = on_redeemed,
        };
        return code_redeem_prepare(&auth->redeem, request->token, request->token_size);
}

static Reason check_credential(Authenticate *auth, const LoginRequest *request) {
        Context *context = auth->op.context;
        VerifyRequest question = {
                .token = request->token,
                .token_size = request->token_size,
                .now_sec = operation_now_sec(),
                .audience = context->config->audience,
                .user = request->user,
        };
        ServiceRules rules;

        config_service_of(context->config, request->service, &rules);
        if (rules.audience)
                question.audience = rules.audience;
        if (!text_is_user_name(request->user, strlen(request->user)))
                return REASON_USER_INVALID;
        if (login_limit_is_reached(auth->op.context, &auth->subject))
                return REASON_LOCKED_OUT;
        if (!rules.takes_tokens)
                return REASON_SERVICE_REFUSED;
        if (login_code_is_meant(request->token, request->token_size))
                return check_code(auth, request);
        return token_cache_verify(
                context->cache, context->keyring, &context->rules, &question, &auth->claims);
}

/* Only root's requests are logins; questions of others change nothing. */
static void note_use(Authenticate *auth, const Session *session) {
        if (auth->subject.uid == 0 && session)
                touch_session(auth->op.context, auth->subject.user, session);
}

/* The journal was told when the place was locked out. */
static void note_refusal(Authenticate *auth, Reason reason) {
        if (reason == REASON_LOCKED_OUT && !auth->limit.is_full) {
                audit_count_only(auth->op.context,
                        &(AuditRecord){ .event = AUDIT_AUTHENTICATE, .reason = reason });
                return;
        }
        tell_journal(auth, reason);
        login_limit_settle(&auth->limit, auth->op.context, &auth->subject, reason);
}

static void on_noted(LoginLimit *limit) {
        Authenticate *auth = CONTAINER_OF(limit, Authenticate, limit);

        /* A wrong code may be counted before there is a refusal. */
        if (auth->refusal != REASON_OK)
                operation_finish_reason(&auth->op, auth->refusal);
}

/* A failure is counted before it is answered. */
static void refuse(Authenticate *auth, Reason reason) {
        note_refusal(auth, reason);
        auth->refusal = reason;
        if (!auth->limit.note)
                operation_finish_reason(&auth->op, reason);
}

static void accept(Authenticate *auth, const UserState *state) {
        OperationResult result = { .reason = REASON_OK, .sid = auth->claims->sid };
        const LoginSubject *subject = &auth->subject;
        Context *context = auth->op.context;
        const LoginGrant grant = { auth->claims->sid, operation_now_sec() };

        if (subject->uid == 0 && login_grant(context, subject, &grant, &result.handle) < 0) {
                refuse(auth, REASON_INTERNAL);
                return;
        }
        /* The user need not wait for the journal. */
        operation_tell(&auth->op, &result);
        tell_journal(auth, REASON_OK);
        note_use(auth, user_state_find(state, auth->claims->sid));
        operation_finish(&auth->op, &result);
}

static int load(Authenticate *auth) {
        Context *context = auth->op.context;

        return user_store_load(context->store,
                (StoreName){ context->config->tenant, auth->subject.user }, on_loaded, auth,
                &auth->call);
}

/* A new session is made after everything that can refuse it. */
static int go_on(Authenticate *auth) {
        return auth->adopt.is_ready ? adopt_commit(&auth->adopt) : load(auth);
}

static void on_hooks(LoginHook *hook, Reason reason) {
        Authenticate *auth = CONTAINER_OF(hook, Authenticate, hook);

        if (reason == REASON_OK && go_on(auth) < 0)
                reason = REASON_INTERNAL;
        if (reason != REASON_OK)
                refuse(auth, reason);
}

static Reason decide_place(UserState *state, uint64_t now_sec, bool *ret_changed, void *userdata) {
        Authenticate *auth = userdata;
        const Session *session = user_state_find(state, auth->claims->sid);
        _cleanup_(session_unrefp) Session *bound = NULL;

        (void)now_sec;
        if (!session || binding_check_address(session, auth->place.text) != BINDING_FIRST)
                return REASON_OK;
        if (session_copy(session, &bound) < 0 || binding_take_address(bound, auth->place.text) < 0)
                return REASON_INTERNAL;
        user_state_put(state, TAKE_PTR(bound));
        *ret_changed = true;
        return REASON_OK;
}

static void on_bound(Reason reason, const UserState *state, void *userdata) {
        Authenticate *auth = userdata;

        (void)state;
        /* Somebody else may have been first: check everything again. */
        if (reason == REASON_OK && load(auth) < 0)
                reason = REASON_INTERNAL;
        if (reason != REASON_OK)
                refuse(auth, reason);
}

/* Now there is a session, and everything goes on as with any other. */
static void on_adopted(Adopt *adopt, Reason reason) {
        Authenticate *auth = CONTAINER_OF(adopt, Authenticate, adopt);

        adopt->is_ready = false;
        if (reason == REASON_OK && load(auth) < 0)
                reason = REASON_INTERNAL;
        if (reason != REASON_OK)
                refuse(auth, reason);
}

/* Of two first uses from two places at once only one may pass, so the place is stored before it counts. */
static void bind_to_place(Authenticate *auth) {
        const UserChange change = { .decide = decide_place, .done = on_bound, .userdata = auth };
        Context *context = auth->op.context;

        if (user_queue_change(
                    context->queue, context->config->tenant, auth->subject.user, &change) < 0)
                refuse(auth, REASON_INTERNAL);
}

/* Only tokens of other issuers, and only for a login. */
static bool may_adopt(const Authenticate *auth, Reason reason) {
        return reason == REASON_SESSION_UNKNOWN && auth->subject.uid == 0 &&
               auth->claims->origin != CLAIMS_OURS && !auth->adopt.context;
}

static Reason check_session(Authenticate *auth, const Session *session, bool *ret_first) {
        Context *context = auth->op.context;
        SessionDemand demand;
        ServiceRules rules;
        Reason reason;

        config_service_of(context->config, auth->subject.service, &rules);
        demand = session_demand_of(&rules, auth->role, context->rules.issuers);
        reason = session_demand_check(&demand, session);
        return reason == REASON_OK ? login_place_check(context, &auth->subject, session,
                                             &auth->place, ret_first)
                                   : reason;
}

static Reason check_adoption(Adopt *adopt) {
        Authenticate *auth = CONTAINER_OF(adopt, Authenticate, adopt);
        bool is_first;

        return check_session(auth, adopt->session, &is_first);
}

static void on_ready(Adopt *adopt) {
        Authenticate *auth = CONTAINER_OF(adopt, Authenticate, adopt);

        if (login_hook_is_due(&auth->hook))
                login_hook_start(&auth->hook, adopt->session);
        else if (go_on(auth) < 0)
                refuse(auth, REASON_INTERNAL);
}

static Reason adopt(Authenticate *auth, UserState *state) {
        auth->adopt = (Adopt){
                .context = auth->op.context,
                .claims = auth->claims,
                .rhost = auth->subject.rhost,
                .state = user_state_ref(state),
                .check = check_adoption,
                .ready = on_ready,
                .done = on_adopted,
        };
        return adopt_start(&auth->adopt) < 0 ? REASON_INTERNAL : REASON_OK;
}

static void on_loaded(StoreCall *call, int r, UserState *state, void *userdata) {
        _cleanup_(user_state_unrefp) UserState *owned = state;
        Authenticate *auth = userdata;
        const Claims *claims = auth->claims;
        const Session *session;
        Moment moment = clock_keeper_now(auth->op.context->clock);
        bool is_first = false;
        Reason reason;

        auth->call = store_call_free(call);
        reason = operation_reason_of_store(r);
        if (reason == REASON_OK)
                reason = auth->limit.reason;
        if (reason == REASON_OK)
                reason = user_state_check_token(owned,
                        &(TokenFacts){ claims->sid, claims->generation, claims->issued_at_sec },
                        auth->op.context->config->policy.refresh_grace_sec, &moment);
        if (may_adopt(auth, reason)) {
                reason = adopt(auth, owned);
                if (reason == REASON_OK)
                        return;
        }
        session = owned ? user_state_find(owned, claims->sid) : NULL;
        if (reason == REASON_OK)
                reason = check_session(auth, session, &is_first);
        if (reason != REASON_OK)
                refuse(auth, reason);
        else if (login_hook_is_due(&auth->hook))
                login_hook_start(&auth->hook, session);
        else if (is_first)
                bind_to_place(auth);
        else
                accept(auth, owned);
}

/* From here on everything is as if the token had been presented. */
static void on_redeemed(CodeRedeem *redeem, Reason reason, Claims *claims) {
        Authenticate *auth = CONTAINER_OF(redeem, Authenticate, redeem);

        login_limit_settle(&auth->limit, auth->op.context, &auth->subject, reason);
        if (redeem->claims) {
                AuditRecord record =
                        login_subject_audit(&auth->subject, AUDIT_CODE_USED, REASON_OK);

                record.sid = redeem->claims->sid;
                audit(auth->op.context, &record);
        }
        if (reason == REASON_OK) {
                auth->claims = claims_ref(claims);
                if (load(auth) >= 0)
                        return;
                reason = REASON_INTERNAL;
        }
        refuse(auth, reason);
}

/* One round trip: the store is asked for both at once. */
static int start_asking(Authenticate *auth) {
        Context *context = auth->op.context;
        int r;

        if (!auth->redeem.code) {
                r = login_limit_ask(&auth->limit, context, &auth->subject);
                return r < 0 ? r : load(auth);
        }
        r = login_limit_reserve(&auth->limit, context, &auth->subject);
        if (r >= 0)
                r = code_redeem_start(&auth->redeem);
        if (r < 0)
                login_limit_settle(&auth->limit, context, &auth->subject, REASON_INTERNAL);
        return r;
}

int authenticate_start(Context *context, const LoginRequest *request, OperationDone done,
        void *userdata, Operation **ret_op) {
        Authenticate *auth = calloc(1, sizeof(*auth));
        Reason reason;
        int r;

        if (!auth)
                return -ENOMEM;
        operation_init(&auth->op, context, (OperationWaiter){ done, userdata }, authenticate_free);
        auth->hook = (LoginHook){
                .context = context,
                .subject = &auth->subject,
                .deadline_usec = request->deadline_usec,
                .done = on_hooks,
        };
        auth->limit.noted = on_noted;
        r = login_subject_copy(request, &auth->subject);
        if (r >= 0 && request->role) {
                auth->role = strdup(request->role);
                r = auth->role ? 0 : -ENOMEM;
        }
        if (r < 0) {
                operation_abandon(&auth->op);
                return r;
        }
        reason = check_credential(auth, request);
        if (reason == REASON_OK) {
                r = start_asking(auth);
        } else {
                note_refusal(auth, reason);
                auth->refusal = reason;
                r = auth->limit.note ? 0 : operation_finish_later(&auth->op, reason);
        }
        return operation_started(&auth->op, r, ret_op);
}
