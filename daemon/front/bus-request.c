/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>

#include "common/secret.h"
#include "common/translation.h"
#include "daemon/config/config.h"
#include "daemon/front/bus-error.h"
#include "daemon/front/bus-method.h"
#include "daemon/front/bus-request.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/context.h"
#include "daemon/verb/session-verbs.h"

static void request_free(BusRequest *request) {
        bus_peer_leave(&request->ticket);
        polkit_call_free(request->polkit);
        user_rules_call_free(request->rules_call);
        operation_detach(request->op);
        bus_arguments_clear(&request->arguments);
        sd_bus_message_unref(request->message);
        free(request->owner);
        free(request->sid);
        free(request);
}

/* If the caller cannot be reached, there is nobody else to tell. */
static void finish_with_error(BusRequest *request, const sd_bus_error *error) {
        (void)sd_bus_reply_method_error(request->message, error);
        request_free(request);
}

static void finish_with_reason(BusRequest *request, Reason reason) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;

        (void)bus_error_set_reason(&error, reason);
        finish_with_error(request, &error);
}

static void finish_with_detail(BusRequest *request, const OperationResult *result) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;

        (void)bus_error_set_detail(&error, result->reason, result->detail);
        finish_with_error(request, &error);
}

static Reason reason_of_errno(int r) {
        if (r == -E2BIG || r == -EMSGSIZE)
                return REASON_LIMIT_REACHED;
        return r == -EBUSY ? REASON_TOO_MANY_REQUESTS : REASON_INTERNAL;
}

static const char *subject_user(const BusRequest *request) {
        return request->arguments.user ? request->arguments.user : request->owner;
}

static void tell_journal(const BusRequest *request, Reason reason) {
        audit(request->scope->context, &(AuditRecord){
                                               .event = AUDIT_BUS_CALL,
                                               .reason = reason,
                                               .user = subject_user(request),
                                               .service = request->method->name,
                                               .uid = bus_peer_uid(&request->ticket),
                                       });
}

/* No verb was started that could tell the journal. */
static void refuse(BusRequest *request, Reason reason) {
        tell_journal(request, reason);
        finish_with_reason(request, reason);
}

static void deny(BusRequest *request, const char *words) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;

        tell_journal(request, REASON_NOT_AUTHORISED);
        (void)sd_bus_error_setf(&error, SD_BUS_ERROR_ACCESS_DENIED, "%s: %s",
                reason_code(REASON_NOT_AUTHORISED), words);
        finish_with_error(request, &error);
}

/* @result: of the verb; NULL: there was none. */
static int fill(sd_bus_message *reply, const BusRequest *request, const OperationResult *result) {
        const BusMethod *method = request->method;

        if (method->show)
                return method->show(reply, request->scope->context);
        return method->reply ? method->reply(reply, result) : 0;
}

static void finish_with_result(BusRequest *request, const OperationResult *result) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(request->message, &reply);
        if (r >= 0)
                r = fill(reply, request, result);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        if (r >= 0)
                request_free(request);
        else
                finish_with_reason(request, reason_of_errno(r));
}

static void answer_at_once(BusRequest *request) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r = 0;

        /* No verb tells the journal whose order it was. */
        if (!bus_authz_is_free(request->permission->others))
                tell_journal(request, REASON_OK);
        if (request->method->at_once)
                r = request->method->at_once(request, &error);
        if (r >= 0)
                finish_with_result(request, NULL);
        else if (sd_bus_error_is_set(&error))
                finish_with_error(request, &error);
        else
                finish_with_reason(request, reason_of_errno(r));
}

void bus_request_on_done(Operation *op, const OperationResult *result, void *userdata) {
        BusRequest *request = userdata;

        (void)op;
        request->op = NULL;
        if (result->reason == REASON_OK)
                finish_with_result(request, result);
        else if (result->detail)
                finish_with_detail(request, result);
        else
                finish_with_reason(request, result->reason);
}

static void start(BusRequest *request) {
        int r;

        r = request->method->start(request);
        if (r < 0)
                finish_with_reason(request, reason_of_errno(r));
}

/* Go on even if the groups are unknown: a verb that needs them refuses by itself, and ending a
 * session must not fail because of them. */
static void on_rules(UserRulesCall *call, Reason reason, const PolicyRules *rules, void *userdata) {
        BusRequest *request = userdata;

        (void)reason;
        (void)rules;
        request->rules_call = user_rules_call_free(call);
        start(request);
}

static bool has_rules(const BusRequest *request) {
        const char *user = subject_user(request);
        PolicyRules rules;

        return !user || !request->method->needs_rules ||
               user_rules_now(request->scope->context, user, &rules);
}

/* Authorised. Only now may it be told that the session does not exist. */
static void run(BusRequest *request) {
        int r;

        if (request->owner_reason != REASON_OK) {
                refuse(request, request->owner_reason);
                return;
        }
        if (!request->method->start) {
                answer_at_once(request);
                return;
        }
        if (has_rules(request)) {
                start(request);
                return;
        }
        r = user_rules_find(request->scope->context, subject_user(request), on_rules, request,
                &request->rules_call);
        /* Too many look-ups wait: as if this one had failed. */
        if (r < 0)
                start(request);
}

static void on_polkit(PolkitCall *call, PolkitAnswer answer, void *userdata) {
        BusRequest *request = userdata;

        request->polkit = polkit_call_free(call);
        request->ticket.has_question = false;
        switch (answer) {
        case POLKIT_YES:
                run(request);
                return;
        case POLKIT_CHALLENGE:
                deny(request, N_("interactive authentication is required"));
                return;
        case POLKIT_ABSENT:
                deny(request, N_("polkit does not answer"));
                return;
        case POLKIT_NO:
                break;
        }
        deny(request, N_("polkit does not allow it"));
}

static void ask_for(BusRequest *request, const char *action) {
        int r;

        if (bus_authz_is_free(action)) {
                run(request);
                return;
        }
        if (!bus_peer_may_question(&request->ticket)) {
                refuse(request, REASON_TOO_MANY_REQUESTS);
                return;
        }
        r = polkit_check(request->scope->bus,
                &(PolkitQuestion){
                        .action = action,
                        .caller = bus_peer_unique_name(&request->ticket),
                        .user = subject_user(request),
                        .may_interact = sd_bus_message_get_allow_interactive_authorization(
                                                request->message) > 0,
                },
                on_polkit, request, &request->polkit);
        request->ticket.has_question = r >= 0;
        if (r < 0)
                finish_with_reason(request, reason_of_errno(r));
}

static void on_name(BusTicket *ticket, int r, void *userdata) {
        BusRequest *request = userdata;
        const char *caller = bus_peer_user(ticket), *user = subject_user(request);

        if (r < 0)
                finish_with_reason(request, reason_of_errno(r));
        else {
                request->is_own = caller && !strcmp(caller, user);
                ask_for(request,
                        request->is_own ? request->permission->own : request->permission->others);
        }
}

/* The question must not reveal whether the subject exists: for a session that does not exist, a caller
 * gets the same question, and the same "no", as for somebody else's session. */
static void authorise(BusRequest *request) {
        const BusPermission *permission = request->permission;
        int r;

        if (bus_authz_is_privileged(bus_peer_uid(&request->ticket))) {
                run(request);
                return;
        }
        if (!subject_user(request) || !strcmp(permission->own, permission->others)) {
                ask_for(request, permission->others);
                return;
        }
        r = bus_peer_ask_name(&request->ticket, on_name);
        if (r == BUS_PEER_E_KNOWN)
                on_name(&request->ticket, 0, request);
        else if (r < 0)
                finish_with_reason(request, reason_of_errno(r));
}

static void on_owner(Operation *op, const OperationResult *result, void *userdata) {
        BusRequest *request = userdata;

        (void)op;
        request->op = NULL;
        if (bus_error_is_outage(result->reason)) {
                refuse(request, result->reason);
                return;
        }
        request->owner_reason = result->reason;
        if (result->reason == REASON_OK) {
                request->owner = strdup(result->user);
                request->sid = strdup(result->sid);
                request->adoptable_until_sec = result->adoptable_until_sec;
                if (!request->owner || !request->sid) {
                        finish_with_reason(request, REASON_INTERNAL);
                        return;
                }
        }
        authorise(request);
}

static void on_uid(BusTicket *ticket, int r, void *userdata) {
        BusRequest *request = userdata;

        if (r < 0) {
                finish_with_reason(request, reason_of_errno(r));
                return;
        }
        if (!bus_authz_is_privileged(bus_peer_uid(ticket)) && !bus_peer_may_go_on(ticket)) {
                refuse(request, REASON_TOO_MANY_REQUESTS);
                return;
        }
        if (!request->arguments.subject) {
                authorise(request);
                return;
        }
        r = find_owner_start(request->scope->context, request->arguments.subject->data, on_owner,
                request, &request->op);
        if (r < 0)
                finish_with_reason(request, reason_of_errno(r));
}

static void on_lost(BusTicket *ticket, BusLoss loss, void *userdata) {
        (void)ticket;
        switch (loss) {
        case BUS_LOSS_VANISHED:
                request_free(userdata);
                return;
        case BUS_LOSS_STOPPING:
                finish_with_reason(userdata, REASON_DAEMON_ABSENT);
                return;
        }
}

static int join(BusRequest *request, sd_bus_error *error) {
        const char *sender = sd_bus_message_get_sender(request->message);
        int r;

        /* Only the bus can say who somebody is. */
        if (!sender)
                return bus_error_set_reason(error, REASON_NOT_AUTHORISED);
        request->ticket.lost = on_lost;
        request->ticket.userdata = request;
        r = bus_peer_join(request->scope->peers, sender, &request->ticket);
        return r < 0 ? bus_error_set_reason(error, reason_of_errno(r)) : 0;
}

/* After success the request may be over already. */
static int begin(BusRequest *request, sd_bus_error *error) {
        size_t token_max = request->scope->context->config->max_size;
        int r;

        r = join(request, error);
        if (r < 0)
                return r;
        r = bus_arguments_read(
                request->message, &request->method->rule, token_max, &request->arguments, error);
        if (r < 0) {
                /* The uid of the caller has not been asked for yet; the caller is told the mistake. */
                audit_count_only(request->scope->context,
                        &(AuditRecord){ .event = AUDIT_BUS_CALL, .reason = REASON_BAD_REQUEST });
                return r;
        }
        r = bus_peer_ask_uid(&request->ticket, on_uid);
        if (r < 0)
                return bus_error_set_reason(error, reason_of_errno(r));
        if (r == BUS_PEER_E_KNOWN)
                on_uid(&request->ticket, 0, request);
        return 0;
}

int bus_request_handle(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *member = sd_bus_message_get_member(message);
        const BusPermission *permission = bus_authz_find(member);
        const BusMethod *method = bus_method_find(member);
        BusRequest *request;
        int r;

        if (!permission || !method)
                return bus_error_set_reason(error, REASON_NOT_AUTHORISED);
        request = calloc(1, sizeof(*request));
        if (!request)
                return -ENOMEM;
        request->scope = userdata;
        request->method = method;
        request->permission = permission;
        request->message = sd_bus_message_ref(message);
        r = begin(request, error);
        if (r < 0)
                request_free(request);
        return r < 0 ? r : 1;
}
