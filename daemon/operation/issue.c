/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/secret.h"
#include "common/text.h"
#include "daemon/config.h"
#include "daemon/login/login-registry.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/session-ending.h"
#include "daemon/operation/user-queue.h"
#include "daemon/policy/policy.h"
#include "daemon/session/user-state.h"
#include "daemon/token/claims.h"
#include "daemon/token/keyring.h"
#include "daemon/token/token-issuer.h"

/* The token is signed before the session is committed and handed out after it: a crash in between
 * leaves a session without a token, never a token without a session. */
typedef struct Issue {
        Operation op;
        char *user;
        Session *session; /* until a state has taken it */
        char jti[JTI_SIZE_MAX + 1];
        char kid[KEY_KID_MAX + 1];
        uint64_t expires_at_sec;
        Secret *token;
        PolicyEnded ended; /* older sessions that gave way */
} Issue;

static void issue_free(Operation *op) {
        Issue *issue = (Issue *)op;

        free(issue->user);
        session_free(issue->session);
        secret_free(issue->token);
        policy_ended_clear(&issue->ended);
        free(issue);
}

static void tell_journal(Issue *issue, Reason reason) {
        char sid[SID_SIZE + 1] = "";

        memcpy(sid, issue->jti, strlen(issue->jti) > SID_SIZE ? SID_SIZE : 0);
        audit(issue->op.context, &(AuditRecord){
                                         .event = AUDIT_ISSUE,
                                         .reason = reason,
                                         .user = issue->user,
                                         .sid = *sid ? sid : NULL,
                                 });
}

typedef struct Search {
        const Session *session;
        bool found;
} Search;

static bool is_of_session(Login *login, void *userdata) {
        Search *search = userdata;

        search->found = !strcmp(login->sid, search->session->sid);
        return !search->found;
}

/* On other hosts of a fleet a session that was ever used may still have opened one. */
static bool may_be_open(const Session *session, void *userdata) {
        Search search = { .session = session };
        const Issue *issue = userdata;
        const Config *config = issue->op.context->config;

        if (session->last_seen_sec == 0)
                return false;
        if (config->store_type == STORE_REDIS)
                return true;
        login_registry_each(
                issue->op.context->logins, config->tenant, issue->user, is_of_session, &search);
        return search.found;
}

/* Several tries may be needed, and a state owns what it takes: each try gets a copy. */
static Reason decide(UserState *state, uint64_t now_sec, bool *ret_changed, void *userdata) {
        _cleanup_(session_freep) Session *session = NULL;
        Issue *issue = userdata;
        Reason reason;

        user_state_prune(state, now_sec);
        if (session_copy(issue->session, &session) < 0)
                return REASON_INTERNAL;
        policy_ended_clear(&issue->ended);
        reason = policy_admit(&issue->op.context->config->policy, state, session,
                &(PolicyScene){ now_sec, may_be_open, issue }, &issue->ended);
        if (reason == REASON_OK) {
                TAKE_PTR(session);
                *ret_changed = true;
        }
        return reason;
}

static void on_committed(Reason reason, const UserState *state, void *userdata) {
        Issue *issue = userdata;

        (void)state;
        tell_journal(issue, reason);
        if (reason != REASON_OK) {
                operation_finish_reason(&issue->op, reason);
                return;
        }
        /* Their end is durable, like the new session; the reply does not wait for their logins. */
        session_ending_start_each(issue->op.context, issue->user, &issue->ended);
        operation_finish(&issue->op, &(OperationResult){
                                             .reason = REASON_OK,
                                             .token = issue->token,
                                             .sid = issue->session->sid,
                                             .jti = issue->jti,
                                             .kid = issue->kid,
                                             .user = issue->user,
                                             .expires_at_sec = issue->expires_at_sec,
                                     });
}

static int copy_text(const char *text, char **ret_copy) {
        if (!text || !*text)
                return 0;
        *ret_copy = strdup(text);
        return *ret_copy ? 0 : -ENOMEM;
}

static int copy_list(const char *const *items, size_t n_items, char **ret_json) {
        json_t *array = json_array();
        int r = array ? 0 : -ENOMEM;

        for (size_t i = 0; i < n_items && r == 0; i++)
                r = json_array_append_new(array, json_string(items[i])) ? -EINVAL : 0;
        if (r == 0) {
                *ret_json = json_dumps(array, JSON_COMPACT);
                r = *ret_json ? 0 : -ENOMEM;
        }
        json_decref(array);
        return r;
}

static int make_session(const IssueOrder *order, IssueRequest *request, Session **ret_session) {
        _cleanup_(session_freep) Session *session = calloc(1, sizeof(*session));
        int r;

        if (!session)
                return -ENOMEM;
        r = sid_generate(session->sid);
        if (r >= 0)
                r = copy_list(request->audience, request->n_audience, &session->audience_json);
        if (r >= 0 && order->n_roles)
                r = copy_list(order->roles, order->n_roles, &session->roles_json);
        if (r >= 0)
                r = copy_text(order->platform, &session->platform);
        if (r >= 0)
                r = copy_text(order->device, &session->device);
        if (r >= 0)
                r = copy_text(order->source, &session->source);
        if (r >= 0)
                r = copy_text(order->name, &session->name);
        if (r >= 0)
                r = copy_text(order->data_json, &session->data_json);
        if (r >= 0)
                r = copy_text(order->client_address, &session->client_address);
        if (r >= 0)
                r = copy_text(order->user_agent, &session->user_agent);
        if (r < 0)
                return r;
        session->generation = 1;
        session->created_at_sec = request->issued_at_sec;
        session->rotated_at_sec = request->issued_at_sec;
        session->issued_at_sec = request->issued_at_sec;
        session->token_end_sec = request->expires_at_sec;
        *ret_session = TAKE_PTR(session);
        return 0;
}

static uint64_t lifetime_of(const Config *config, const IssueOrder *order) {
        uint64_t lifetime_sec = order->lifetime_sec ? order->lifetime_sec : config->lifetime_sec;

        if (lifetime_sec > config->policy.absolute_lifetime_sec)
                lifetime_sec = config->policy.absolute_lifetime_sec;
        return lifetime_sec;
}

static Reason sign(Issue *issue, IssueRequest *request) {
        Context *context = issue->op.context;
        Key *key = keyring_signing_key(context->keyring);

        request->sid = issue->session->sid;
        request->generation = issue->session->generation;
        switch (token_issue(context->keyring, request, &issue->token)) {
        case 0:
                break;
        case TOKEN_ISSUER_E_NO_KEY:
                return REASON_NO_SIGNING_KEY;
        case TOKEN_ISSUER_E_INVALID:
                return REASON_CLAIM_INVALID;
        case TOKEN_ISSUER_E_TOO_LARGE:
                return REASON_TOKEN_TOO_LARGE;
        default:
                return REASON_INTERNAL;
        }
        jti_format(request->sid, request->generation, issue->jti);
        snprintf(issue->kid, sizeof(issue->kid), "%s", key ? STRING_OR_EMPTY(key_kid(key)) : "");
        issue->expires_at_sec = request->expires_at_sec;
        return REASON_OK;
}

/* Who has only one need not carry its name in each token. */
static const char *tenant_claim(const char *tenant) {
        return strcmp(tenant, CLAIMS_DEFAULT_TENANT) != 0 ? tenant : NULL;
}

static Reason prepare(Issue *issue, const IssueOrder *order) {
        const Config *config = issue->op.context->config;
        const char *const own_audience[] = { config->audience };
        uint64_t now_sec = operation_now_sec();
        IssueRequest request = {
                .issuer = config->issuer,
                .subject = order->user,
                .audience = order->n_audience ? order->audience : own_audience,
                .n_audience = order->n_audience ? order->n_audience : 1,
                .issued_at_sec = now_sec,
                .expires_at_sec = now_sec + lifetime_of(config, order),
                .not_before_sec = order->not_before_sec,
                .has_not_before = order->not_before_sec != 0,
                .roles = order->roles,
                .n_roles = order->n_roles,
                .platform = order->platform,
                .device = order->device,
                .source = order->source,
                .name = order->name,
                .tenant = tenant_claim(config->tenant),
                .data_json = order->data_json,
                .max_size = config->max_size,
        };
        int r;

        if (!text_is_user_name(order->user, strlen(order->user)))
                return REASON_USER_INVALID;
        if (order->lifetime_sec > config->max_lifetime_sec)
                return REASON_LIFETIME_EXCEEDED;
        /* It would be over before it begins. */
        if (request.has_not_before && request.not_before_sec >= request.expires_at_sec)
                return REASON_CLAIM_INVALID;
        r = make_session(order, &request, &issue->session);
        if (r < 0)
                return r == -EINVAL ? REASON_CLAIM_INVALID : REASON_INTERNAL;
        return sign(issue, &request);
}

int issue_start(Context *context, const IssueOrder *order, OperationDone done, void *userdata,
        Operation **ret_op) {
        Issue *issue = calloc(1, sizeof(*issue));
        Reason reason;
        int r;

        if (!issue)
                return -ENOMEM;
        operation_init(&issue->op, context, (OperationWaiter){ done, userdata }, issue_free);
        r = copy_text(order->user, &issue->user);
        if (r >= 0) {
                reason = prepare(issue, order);
                if (reason == REASON_OK) {
                        r = user_queue_change(context->queue, context->config->tenant, issue->user,
                                &(UserChange){
                                        .decide = decide,
                                        .done = on_committed,
                                        .userdata = issue,
                                });
                } else {
                        tell_journal(issue, reason);
                        r = operation_finish_later(&issue->op, reason);
                }
        }
        if (r < 0) {
                operation_abandon(&issue->op);
                return r;
        }
        if (ret_op)
                *ret_op = &issue->op;
        return 0;
}
