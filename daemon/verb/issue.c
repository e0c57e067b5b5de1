/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "common/translation.h"
#include "common/word-list.h"
#include "daemon/config/config.h"
#include "daemon/operation/admission.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/session-ending.h"
#include "daemon/operation/session-token.h"
#include "daemon/operation/user-queue.h"
#include "daemon/operation/user-rules.h"
#include "daemon/policy/issue-rules.h"
#include "daemon/policy/policy.h"
#include "daemon/session/user-state.h"
#include "daemon/token/json-strings.h"
#include "daemon/token/keyring-refresh.h"
#include "daemon/token/keyring.h"
#include "daemon/verb/session-verbs.h"

/* The token is signed before the session is committed and handed out after it: a crash in between
 * leaves a session without a token, never a token without a session. */
typedef struct Issue {
        Operation op;
        Session *session; /* until a state has taken it */
        SessionToken token;
        PolicyEnded ended; /* older sessions that gave way */
        uid_t uid;         /* whose order it is */
        char user[];
} Issue;

static void issue_free(Operation *op) {
        Issue *issue = (Issue *)op;

        session_unref(issue->session);
        session_token_clear(&issue->token);
        policy_ended_clear(&issue->ended);
        free(issue);
}

static void tell_journal(Issue *issue, Reason reason) {
        const char *sid = *issue->token.jti ? issue->session->sid : NULL;

        audit(issue->op.context, &(AuditRecord){
                                         .event = AUDIT_ISSUE,
                                         .reason = reason,
                                         .user = issue->user,
                                         .sid = sid,
                                         .uid = issue->uid,
                                 });
}

static Reason decide(UserState *state, uint64_t now_sec, bool *ret_changed, void *userdata) {
        Issue *issue = userdata;
        Reason reason;

        reason = admission_decide(issue->op.context, state, issue->session, now_sec, &issue->ended);
        *ret_changed = reason == REASON_OK;
        return reason;
}

/* A new token can only be older than a not-before time in the future. Explain that, as nobody
 * would think of it. */
static const char *explain(Reason reason) {
        if (reason != REASON_ISSUED_BEFORE)
                return NULL;
        return N_("the user's not-before time is to come by the clock of this host: if a clock was "
                  "wrong, "
                  "revoke --before now --lower puts it back");
}

static void on_committed(Reason reason, const UserState *state, void *userdata) {
        Issue *issue = userdata;
        const Session *session;

        tell_journal(issue, reason);
        if (reason != REASON_OK) {
                operation_finish(&issue->op, &(OperationResult){
                                                     .reason = reason,
                                                     .detail = explain(reason),
                                             });
                return;
        }
        /* Their end is durable, like the new session; the reply does not wait for their logins. */
        session_ending_start_each(issue->op.context, issue->user, &issue->ended);
        /* The rules may have shortened it. */
        session = user_state_find(state, issue->session->sid);
        operation_finish(
                &issue->op, &(OperationResult){
                                    .reason = REASON_OK,
                                    .token = issue->token.access,
                                    .refresh = issue->token.refresh,
                                    .sid = issue->session->sid,
                                    .jti = issue->token.jti,
                                    .kid = issue->token.kid,
                                    .user = issue->user,
                                    .expires_at_sec = issue->token.expires_at_sec,
                                    .session_end_sec = session ? session->expires_at_sec : 0,
                            });
}

static int copy_texts(const IssueOrder *order, Session *session) {
        const struct {
                const char *text;
                char **place;
        } rows[] = {
                { order->platform, &session->platform },
                { order->device, &session->device },
                { order->source, &session->source },
                { order->name, &session->name },
                { order->data_json, &session->data_json },
                { order->client_address, &session->client_address },
                { order->user_agent, &session->user_agent },
        };
        int r = 0;

        /* An empty text of an order is one that was not given. */
        for (size_t i = 0; i < ARRAY_SIZE(rows) && r >= 0; i++)
                r = text_copy(*STRING_OR_EMPTY(rows[i].text) ? rows[i].text : NULL, rows[i].place);
        return r;
}

/* An order without roles gets those of the rules. */
static int set_roles(const PolicyRules *rules, const IssueOrder *order, Session *session) {
        WordList given;
        int r;

        if (order->n_roles)
                return json_strings_write(order->roles, order->n_roles, &session->roles_json);
        if (!*STRING_OR_EMPTY(rules->roles))
                return 0;
        r = word_list_parse(rules->roles, &given);
        if (r < 0)
                return r;
        if (given.n_words)
                r = json_strings_write(
                        (const char *const *)given.words, given.n_words, &session->roles_json);
        word_list_clear(&given);
        return r;
}

static uint64_t lifetime_of(
        const Config *config, const PolicyRules *rules, const IssueOrder *order) {
        uint64_t lifetime_sec = order->lifetime_sec ? order->lifetime_sec : config->lifetime_sec;

        if (lifetime_sec > rules->absolute_lifetime_sec)
                lifetime_sec = rules->absolute_lifetime_sec;
        return lifetime_sec;
}

static int make_session(const Context *context, const PolicyRules *rules, const IssueOrder *order,
        Session **ret_session) {
        _cleanup_(session_unrefp) Session *session = malloc(sizeof(*session));
        const char *const own_audience[] = { context->config->audience };
        Key *key = keyring_refresh_key(context->keyring);
        uint64_t now_sec = operation_now_sec();
        int r;

        if (!session)
                return -ENOMEM;
        *session = (Session){ .generation = 1 };
        r = sid_generate_for(key, context->config->tenant, order->user, session->sid);
        if (r >= 0)
                r = json_strings_write(order->n_audience ? order->audience : own_audience,
                        order->n_audience ? order->n_audience : 1, &session->audience_json);
        if (r >= 0)
                r = set_roles(rules, order, session);
        if (r >= 0)
                r = copy_texts(order, session);
        if (r >= 0 && key && !order->no_refresh)
                r = text_copy(key_kid(key), &session->refresh_kid);
        if (r < 0)
                return r;
        session->created_at_sec = now_sec;
        session->rotated_at_sec = now_sec;
        session->issued_at_sec = now_sec;
        session->not_before_sec = order->not_before_sec;
        session->token_end_sec = now_sec + lifetime_of(context->config, rules, order);
        *ret_session = TAKE_PTR(session);
        return 0;
}

/* A session is stored only if its token can be handed out. */
static void on_signed(Reason reason, void *userdata) {
        Issue *issue = userdata;
        Context *context = issue->op.context;

        if (reason == REASON_OK &&
                user_queue_change(context->queue, context->config->tenant, issue->user,
                        &(UserChange){
                                .decide = decide,
                                .done = on_committed,
                                .userdata = issue,
                        }) < 0)
                reason = REASON_INTERNAL;
        if (reason == REASON_OK)
                return;
        tell_journal(issue, reason);
        operation_finish_reason(&issue->op, reason);
}

static Reason prepare(Issue *issue, const IssueOrder *order) {
        const IssueWish wish = { order->is_self, order->roles, order->n_roles };
        Context *context = issue->op.context;
        PolicyRules rules;
        Reason reason;
        int r;

        if (!text_is_user_name(order->user, strlen(order->user)))
                return REASON_USER_INVALID;
        if (order->lifetime_sec > context->config->max_lifetime_sec)
                return REASON_LIFETIME_EXCEEDED;
        /* The bus has looked the user's groups up, if it had to. */
        if (!user_rules_now(context, order->user, &rules))
                return REASON_GROUPS_UNKNOWN;
        reason = issue_rules_check(&rules, &wish);
        if (reason != REASON_OK)
                return reason;
        r = make_session(context, &rules, order, &issue->session);
        if (r < 0)
                return r == -EINVAL ? REASON_CLAIM_INVALID : REASON_INTERNAL;
        /* The session would be over before it begins. */
        if (order->not_before_sec >= issue->session->token_end_sec)
                return REASON_CLAIM_INVALID;
        reason = session_token_compose(context, issue->user, issue->session, &issue->token);
        if (reason != REASON_OK)
                return reason;
        return session_token_sign(context, &issue->token, (SessionTokenWaiter){ on_signed, issue });
}

/* For the caller: which part of the order is wrong. */
static const char *fault_of(Reason reason) {
        if (reason == REASON_LIFETIME_EXCEEDED)
                return N_("the lifetime is longer than MaxLifetime= in authtokend.conf(5)");
        if (reason == REASON_CLAIM_INVALID)
                return N_(
                        "data has to be a JSON object, a text has no control characters and is not "
                        "empty, "
                        "and not_before is before the token's end");
        return NULL;
}

int issue_start(Context *context, const IssueOrder *order, OperationDone done, void *userdata,
        Operation **ret_op) {
        size_t user_size = strlen(order->user) + 1;
        Issue *issue = malloc(sizeof(*issue) + user_size);
        Reason reason;
        int r = 0;

        if (!issue)
                return -ENOMEM;
        *issue = (Issue){ .uid = order->uid };
        operation_init(&issue->op, context, (OperationWaiter){ done, userdata }, issue_free);
        memcpy(issue->user, order->user, user_size);
        reason = prepare(issue, order);
        if (reason != REASON_OK) {
                tell_journal(issue, reason);
                r = operation_refuse_later(&issue->op, reason, fault_of(reason));
        }
        return operation_started(&issue->op, r, ret_op);
}
