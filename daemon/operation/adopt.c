/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/container-of.h"
#include "common/text.h"
#include "daemon/config/config.h"
#include "daemon/operation/admission.h"
#include "daemon/operation/adopt.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/deadline.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/session-ending.h"
#include "daemon/operation/user-queue.h"
#include "daemon/operation/user-rules.h"
#include "daemon/policy/binding.h"
#include "daemon/session/session-check.h"
#include "daemon/session/user-state.h"
#include "daemon/store/user-store.h"
#include "daemon/token/claim-mapping.h"
#include "daemon/token/claims.h"
#include "daemon/token/token-verifier.h"

#define COUNTED_MAX 4u

static int copy_list(const char *const *items, size_t n_items, char **ret_json) {
        json_auto_t *array = json_array();
        int r = array ? 0 : -ENOMEM;

        if (n_items == 0)
                return r;
        for (size_t i = 0; i < n_items && r == 0; i++)
                r = json_array_append_new(array, json_string(items[i])) ? -ENOMEM : 0;
        if (r == 0)
                *ret_json = json_dumps(array, JSON_COMPACT);
        return r < 0 || *ret_json ? r : -ENOMEM;
}

/* It ends with its token, which cannot be renewed here. */
static int make_session(Adopt *adopt) {
        _cleanup_(session_unrefp) Session *session = calloc(1, sizeof(*session));
        const Claims *claims = adopt->claims;
        const char *source = claims->origin == CLAIMS_FOREIGN ? claims->issuer : claims->source;
        int r;

        if (!session)
                return -ENOMEM;
        memcpy(session->sid, claims->sid, sizeof(session->sid));
        r = copy_list(claims->audience, claims->n_audience, &session->audience_json);
        if (r == 0)
                r = copy_list(claims->roles, claims->n_roles, &session->roles_json);
        if (r == 0)
                r = text_copy(claims->platform, &session->platform);
        if (r == 0)
                r = text_copy(claims->device, &session->device);
        if (r == 0)
                r = text_copy(source, &session->source);
        if (r < 0)
                return r;
        session->adopted = 1;
        session->generation = claims->generation;
        session->created_at_sec = operation_now_sec();
        session->rotated_at_sec = session->created_at_sec;
        session->issued_at_sec = claims->issued_at_sec;
        session->token_end_sec = claims->expires_at_sec;
        session->expires_at_sec = claims->expires_at_sec;
        adopt->session = TAKE_PTR(session);
        return 0;
}

static void finish(Adopt *adopt, Reason reason) {
        audit(adopt->context, &(AuditRecord){
                                      .event = AUDIT_ADOPT,
                                      .reason = reason,
                                      .user = adopt->claims->subject,
                                      .sid = adopt->claims->sid,
                                      .rhost = adopt->rhost,
                                      .note = adopt->claims->issuer,
                              });
        adopt->done(adopt, reason);
}

/* Asking hooks and groups may have taken seconds, and the configuration may have been reloaded. */
static Reason check_claims(const Adopt *adopt, uint64_t now_sec) {
        const VerifyRules *rules = verify_rules_of(&adopt->context->rules, adopt->claims);
        Reason reason;

        if (!rules)
                return REASON_ISSUER_MISMATCH;
        /* Leeway is for tokens: a session that ends with its own would have ended already. */
        if (adopt->claims->expires_at_sec <= now_sec)
                return REASON_TOKEN_EXPIRED;
        if (adopt->claims->origin == CLAIMS_STATELESS &&
                now_sec >= adopt->context->config->adopt_stateless_until_sec)
                return REASON_ADOPTION_OVER;
        reason = claims_check(adopt->claims, rules, &(VerifyRequest){ .now_sec = now_sec });
        return reason == REASON_OK ? claim_mapping_check(adopt->claims, rules) : reason;
}

/* Another login by the same token may have been first. */
static Reason decide(UserState *state, uint64_t now_sec, bool *ret_changed, void *userdata) {
        Adopt *adopt = userdata;
        const char *sid = adopt->claims->sid;
        const Session *session = user_state_find(state, sid);
        const EndedSession *ended = user_state_find_ended(state, sid);
        Reason reason = check_claims(adopt, now_sec);

        /* Sessions that an earlier attempt would have ended go on if the session exists by now. */
        policy_ended_clear(&adopt->ended);
        if (reason != REASON_OK)
                return reason;
        if (session)
                return session_check(session, now_sec);
        if (ended)
                return ended->reason;
        /* Somebody deleted the user's record, and with it the ends of sessions. */
        if (adopt->was_known)
                return REASON_SESSION_UNKNOWN;
        if (state->forgotten_sec != 0 &&
                adopt->claims->issued_at_sec <= state->forgotten_sec + SESSION_END_MARGIN_SEC)
                return REASON_ADOPTION_BEFORE;
        /* Our own token from the second of a revocation had a session, which has ended; for another issuer's
         * token the order is unknown. */
        if (state->not_before_sec != 0 && adopt->claims->issued_at_sec <= state->not_before_sec)
                return REASON_ISSUED_BEFORE;
        reason = admission_decide(adopt->context, state, adopt->session, now_sec, &adopt->ended);
        *ret_changed = reason == REASON_OK;
        return reason;
}

static Reason count(Adopt *adopt) {
        adopt->n_counted++;
        return adoption_ask(adopt->context->adoption, &adopt->request) < 0 ? REASON_INTERNAL
                                                                           : REASON_OK;
}

/* The epoch has changed, so count again: older tokens may be accepted in the new one. */
static void on_committed(Reason reason, const UserState *state, void *userdata) {
        Adopt *adopt = userdata;

        if (reason == REASON_ADOPTION_UNCONFIRMED && adopt->n_counted < COUNTED_MAX &&
                count(adopt) == REASON_OK)
                return;
        if (reason == REASON_OK) {
                deadline_timer_note(adopt->context->deadlines, state);
                session_ending_start_each(adopt->context, adopt->claims->subject, &adopt->ended);
        }
        finish(adopt, reason);
}

int adopt_commit(Adopt *adopt) {
        const UserChange change = {
                .decide = decide,
                .done = on_committed,
                .userdata = adopt,
                .guard = adoption_guard(&adopt->request),
        };
        Context *context = adopt->context;

        return user_queue_change(
                context->queue, context->config->tenant, adopt->claims->subject, &change);
}

static void on_counted(AdoptionRequest *request, Reason reason) {
        Adopt *adopt = CONTAINER_OF(request, Adopt, request);
        bool was_ready = adopt->is_ready;

        if (reason == REASON_OK && was_ready && adopt_commit(adopt) < 0)
                reason = REASON_INTERNAL;
        adopt->is_ready = reason == REASON_OK;
        if (reason != REASON_OK)
                finish(adopt, reason);
        else if (!was_ready)
                adopt->ready(adopt);
}

/* The user's state is known: if it does not admit the session, nobody else need be asked. */
static Reason try_out(Adopt *adopt) {
        _cleanup_(user_state_unrefp) UserState *copy = NULL;
        bool changed = false;
        Reason reason;

        if (user_state_copy(adopt->state, &copy) < 0)
                return REASON_INTERNAL;
        reason = decide(copy, operation_now_sec(), &changed, adopt);
        policy_ended_clear(&adopt->ended);
        return reason;
}

static Reason check(Adopt *adopt, const PolicyRules *rules) {
        Reason reason = try_out(adopt);

        binding_set(adopt->session, rules);
        if (reason == REASON_OK)
                reason = adopt->check(adopt);
        return reason == REASON_OK ? count(adopt) : reason;
}

static void on_rules(UserRulesCall *call, Reason reason, const PolicyRules *rules, void *userdata) {
        Adopt *adopt = userdata;

        adopt->rules_call = user_rules_call_free(call);
        if (reason == REASON_OK)
                reason = check(adopt, rules);
        if (reason != REASON_OK)
                finish(adopt, reason);
}

/* The session begins by the rules of its user's groups. Look them up now: the decision cannot wait
 * for them. */
static Reason find_rules(Adopt *adopt) {
        const char *user = adopt->claims->subject;
        PolicyRules rules;

        if (user_rules_now(adopt->context, user, &rules))
                return check(adopt, &rules);
        return user_rules_find(adopt->context, user, on_rules, adopt, &adopt->rules_call) < 0
                       ? REASON_INTERNAL
                       : REASON_OK;
}

static void on_found(StoreCall *call, int r, const char *user, void *userdata) {
        Adopt *adopt = userdata;
        Reason reason = r == STORE_E_NOT_FOUND ? REASON_OK : operation_reason_of_store(r);

        (void)user;
        adopt->call = store_call_free(call);
        adopt->was_known = r == 0;
        if (reason == REASON_OK)
                reason = find_rules(adopt);
        if (reason != REASON_OK)
                finish(adopt, reason);
}

int adopt_start(Adopt *adopt) {
        Context *context = adopt->context;
        int r;

        r = make_session(adopt);
        if (r < 0)
                return r;
        adopt->request = (AdoptionRequest){
                .wish = ADOPTION_WISH_ADOPT,
                .stateless = adopt->claims->origin == CLAIMS_STATELESS,
                .issued_at_sec = adopt->claims->issued_at_sec,
                .done = on_counted,
        };
        return user_store_find_sid(context->store,
                (StoreName){ context->config->tenant, adopt->claims->sid }, on_found, adopt,
                &adopt->call);
}

void adopt_clear(Adopt *adopt) {
        if (adopt->context && adopt->context->adoption)
                adoption_cancel(adopt->context->adoption, &adopt->request);
        store_call_free(adopt->call);
        user_rules_call_free(adopt->rules_call);
        session_unref(adopt->session);
        adopt->state = user_state_unref(adopt->state);
        policy_ended_clear(&adopt->ended);
}
