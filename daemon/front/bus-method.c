/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>

#include "common/secret.h"
#include "daemon/config/config.h"
#include "daemon/front/bus-error.h"
#include "daemon/front/bus-exclusion.h"
#include "daemon/front/bus-method.h"
#include "daemon/front/bus-reply.h"
#include "daemon/front/bus-status.h"
#include "daemon/operation/context.h"
#include "daemon/operation/metrics.h"
#include "daemon/token/keyring.h"
#include "daemon/verb/confirm-adoption.h"
#include "daemon/verb/create-code.h"
#include "daemon/verb/login-verbs.h"
#include "daemon/verb/refresh.h"
#include "daemon/verb/rotate-key.h"
#include "daemon/verb/session-verbs.h"

#define RELOAD_MESSAGE_MAX 512u

static const char *note_of(const BusRequest *request) {
        return STRING_OR_EMPTY(request->arguments.note);
}

static SessionFilter filter_of(const BusRequest *request) {
        const BusArguments *arguments = &request->arguments;

        return (SessionFilter){
                .user = arguments->user ? arguments->user : request->owner,
                .sid = request->sid,
                .adoptable_until_sec = request->adoptable_until_sec,
                .platform = arguments->platform,
                .device = arguments->device,
        };
}

static int start_issue(BusRequest *request) {
        const BusArguments *arguments = &request->arguments;

        return issue_start(request->scope->context,
                &(IssueOrder){
                        .user = arguments->user,
                        .audience = (const char *const *)arguments->audience.items,
                        .n_audience = arguments->audience.n_items,
                        .roles = (const char *const *)arguments->roles.items,
                        .n_roles = arguments->roles.n_items,
                        .platform = arguments->platform,
                        .device = arguments->device,
                        .source = arguments->source,
                        .name = arguments->name,
                        .data_json = arguments->data_json,
                        .client_address = arguments->client_address,
                        .user_agent = arguments->user_agent,
                        .is_self = request->is_own,
                        .lifetime_sec = arguments->lifetime_sec,
                        .not_before_sec = arguments->not_before_sec,
                        .no_refresh = arguments->no_refresh,
                        .uid = bus_peer_uid(&request->ticket),
                },
                bus_request_on_done, request, &request->op);
}

static int start_refresh(BusRequest *request) {
        return refresh_start(request->scope->context,
                &(RefreshOrder){
                        .token = request->arguments.token,
                        .uid = bus_peer_uid(&request->ticket),
                },
                bus_request_on_done, request, &request->op);
}

static int start_create_code(BusRequest *request) {
        const BusArguments *arguments = &request->arguments;

        return create_code_start(request->scope->context,
                &(CodeOrder){
                        .token = arguments->subject,
                        .user = arguments->token_user,
                        .is_long = arguments->is_long,
                        .uid = bus_peer_uid(&request->ticket),
                },
                bus_request_on_done, request, &request->op);
}

static int reply_code(sd_bus_message *reply, const OperationResult *result) {
        int r;

        r = sd_bus_message_sensitive(reply);
        return r < 0 ? r : sd_bus_message_append(reply, "s", result->token->data);
}

static int start_validate(BusRequest *request) {
        const BusArguments *arguments = &request->arguments;

        return validate_start(request->scope->context,
                &(LoginRequest){
                        .uid = bus_peer_uid(&request->ticket),
                        .audience = arguments->one_audience,
                        .token = arguments->token->data,
                        .token_size = arguments->token->size,
                },
                bus_request_on_done, request, &request->op);
}

static int reply_validate(sd_bus_message *reply, const OperationResult *result) {
        int r;

        r = sd_bus_message_sensitive(reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = bus_reply_text(reply, "user", result->user);
        if (r >= 0)
                r = bus_reply_text(reply, "session", result->sid);
        if (r >= 0)
                r = bus_reply_text(reply, "jti", result->jti);
        if (r >= 0)
                r = bus_reply_text(reply, "claims", result->claims_json);
        if (r >= 0)
                r = bus_reply_number(reply, "expires", result->expires_at_sec);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static EndOrder end_order(const BusRequest *request) {
        return (EndOrder){
                .filter = filter_of(request),
                .note = note_of(request),
                .uid = bus_peer_uid(&request->ticket),
        };
}

static int start_revoke(BusRequest *request) {
        EndOrder order = end_order(request);

        return revoke_start(
                request->scope->context, &order, bus_request_on_done, request, &request->op);
}

static int start_logout(BusRequest *request) {
        EndOrder order = end_order(request);

        return logout_start(
                request->scope->context, &order, bus_request_on_done, request, &request->op);
}

static int start_kick(BusRequest *request) {
        EndOrder order = end_order(request);

        return kick_start(
                request->scope->context, &order, bus_request_on_done, request, &request->op);
}

static int start_list(BusRequest *request) {
        SessionFilter filter = filter_of(request);

        return list_start(
                request->scope->context, &filter, bus_request_on_done, request, &request->op);
}

static int reply_revoked(sd_bus_message *reply, const OperationResult *result) {
        return sd_bus_message_append(reply, "u", (uint32_t)result->n_revoked);
}

static int reply_kicked(sd_bus_message *reply, const OperationResult *result) {
        return sd_bus_message_append(
                reply, "uu", (uint32_t)result->n_ended, (uint32_t)result->n_failed);
}

static int reply_sessions(sd_bus_message *reply, const OperationResult *result) {
        return bus_reply_sessions(reply, result->sessions, result->n_sessions);
}

static int reply_count(sd_bus_message *reply, const OperationResult *result) {
        return sd_bus_message_append(reply, "u", (uint32_t)result->n_sessions);
}

static int start_confirm_adoption(BusRequest *request) {
        return confirm_adoption_start(request->scope->context,
                &(AdoptionOrder){
                        .since_sec = request->arguments.number,
                        .uid = bus_peer_uid(&request->ticket),
                },
                bus_request_on_done, request, &request->op);
}

static int start_rotate_key(BusRequest *request) {
        const BusArguments *arguments = &request->arguments;

        return rotate_key_start(request->scope->context,
                &(KeyOrder){
                        .algorithm = arguments->algorithm,
                        .kid = arguments->kid,
                        .stage = arguments->stage,
                        .uid = bus_peer_uid(&request->ticket),
                },
                bus_request_on_done, request, &request->op);
}

static int reply_kid(sd_bus_message *reply, const OperationResult *result) {
        return sd_bus_message_append(reply, "s", result->kid);
}

static int show_keys(sd_bus_message *reply, const Context *context) {
        return bus_reply_keys(reply, context->keyring);
}

static int show_jwks(sd_bus_message *reply, const Context *context) {
        _cleanup_(freep) char *json = NULL;
        int r;

        r = keyring_jwks(context->keyring, &json);
        return r < 0 ? r : sd_bus_message_append(reply, "s", json);
}

static int show_metrics(sd_bus_message *reply, const Context *context) {
        _cleanup_(freep) char *text = NULL;
        int r;

        r = metrics_text(context, &text);
        return r < 0 ? r : sd_bus_message_append(reply, "s", text);
}

static int reload(BusRequest *request, sd_bus_error *error) {
        char message[RELOAD_MESSAGE_MAX] = "";
        int r;

        r = request->scope->reload(message, sizeof(message), request->scope->reload_userdata);
        if (r > 0)
                return sd_bus_error_set(error, BUS_ERROR_REFUSED, message);
        return r;
}

static const BusMethod methods[] = {
        {
                "IssueToken",
                { { BUS_ARGUMENT_USER, BUS_ARGUMENT_OPTIONS },
                        BUS_OPTION_AUDIENCE | BUS_OPTION_ROLES | BUS_OPTION_PLATFORM |
                                BUS_OPTION_DEVICE | BUS_OPTION_SOURCE | BUS_OPTION_NAME |
                                BUS_OPTION_DATA | BUS_OPTION_LIFETIME | BUS_OPTION_NOT_BEFORE |
                                BUS_OPTION_NO_REFRESH | BUS_OPTION_CLIENT_ADDRESS |
                                BUS_OPTION_USER_AGENT },
                .start = start_issue,
                .reply = bus_reply_tokens,
                .needs_rules = true,
        },
        {
                "RefreshToken",
                { { BUS_ARGUMENT_TOKEN }, 0 },
                .start = start_refresh,
                .reply = bus_reply_tokens,
        },
        {
                "ValidateToken",
                { { BUS_ARGUMENT_TOKEN, BUS_ARGUMENT_OPTIONS }, BUS_OPTION_ONE_AUDIENCE },
                .start = start_validate,
                .reply = reply_validate,
        },
        {
                "CreateCode",
                { { BUS_ARGUMENT_SUBJECT, BUS_ARGUMENT_OPTIONS },
                        BUS_OPTION_TOKEN_USER | BUS_OPTION_LONG },
                .start = start_create_code,
                .reply = reply_code,
        },
        {
                "RevokeToken",
                { { BUS_ARGUMENT_SUBJECT, BUS_ARGUMENT_NOTE }, 0 },
                .start = start_revoke,
        },
        {
                "RevokeSession",
                { { BUS_ARGUMENT_SID, BUS_ARGUMENT_NOTE }, 0 },
                .start = start_revoke,
        },
        {
                "RevokeUser",
                { { BUS_ARGUMENT_USER, BUS_ARGUMENT_NOTE }, 0 },
                .start = start_revoke,
                .reply = reply_revoked,
        },
        {
                "RevokeSessions",
                { { BUS_ARGUMENT_USER, BUS_ARGUMENT_OPTIONS, BUS_ARGUMENT_NOTE },
                        BUS_OPTION_PLATFORM | BUS_OPTION_DEVICE },
                .start = start_revoke,
                .reply = reply_revoked,
        },
        {
                "RevokeBefore",
                { { BUS_ARGUMENT_USER, BUS_ARGUMENT_NUMBER, BUS_ARGUMENT_NOTE }, 0 },
                .start = bus_exclusion_start_revoke_before,
                .reply = reply_revoked,
        },
        {
                "LowerBefore",
                { { BUS_ARGUMENT_USER, BUS_ARGUMENT_NOTE }, 0 },
                .start = bus_exclusion_start_lower_before,
                .reply = reply_revoked,
        },
        {
                "RevokeAll",
                { { BUS_ARGUMENT_NOTE }, 0 },
                .start = bus_exclusion_start_revoke_all,
                .reply = reply_revoked,
        },
        {
                "BanUser",
                { { BUS_ARGUMENT_USER, BUS_ARGUMENT_NUMBER, BUS_ARGUMENT_NOTE }, 0 },
                .start = bus_exclusion_start_ban,
                .reply = reply_kicked,
        },
        {
                "UnbanUser",
                { { BUS_ARGUMENT_USER }, 0 },
                .start = bus_exclusion_start_unban,
        },
        {
                "ListBans",
                { { BUS_ARGUMENT_NONE }, 0 },
                .start = bus_exclusion_start_list,
                .reply = bus_exclusion_reply_bans,
        },
        {
                "LiftLockOut",
                { { BUS_ARGUMENT_USER, BUS_ARGUMENT_PLACE }, 0 },
                .start = bus_exclusion_start_lift,
                .reply = bus_exclusion_reply_lifted,
        },
        {
                "ListLockOuts",
                { { BUS_ARGUMENT_OPTIONS }, BUS_OPTION_USER },
                .start = bus_exclusion_start_list_lock_outs,
                .reply = bus_exclusion_reply_lock_outs,
        },
        {
                "KickSession",
                { { BUS_ARGUMENT_SID, BUS_ARGUMENT_NOTE }, 0 },
                .start = start_kick,
                .reply = reply_kicked,
                .needs_rules = true,
        },
        {
                "KickUser",
                { { BUS_ARGUMENT_USER, BUS_ARGUMENT_OPTIONS, BUS_ARGUMENT_NOTE },
                        BUS_OPTION_PLATFORM | BUS_OPTION_DEVICE },
                .start = start_kick,
                .reply = reply_kicked,
                .needs_rules = true,
        },
        {
                "ListSessions",
                { { BUS_ARGUMENT_OPTIONS },
                        BUS_OPTION_USER | BUS_OPTION_PLATFORM | BUS_OPTION_DEVICE },
                .start = start_list,
                .reply = reply_sessions,
        },
        {
                "CountSessions",
                { { BUS_ARGUMENT_OPTIONS },
                        BUS_OPTION_USER | BUS_OPTION_PLATFORM | BUS_OPTION_DEVICE },
                .start = start_list,
                .reply = reply_count,
        },
        {
                "Logout",
                { { BUS_ARGUMENT_USER, BUS_ARGUMENT_PLATFORM, BUS_ARGUMENT_DEVICE }, 0 },
                .start = start_logout,
                .reply = reply_revoked,
        },
        { "ListKeys", { { BUS_ARGUMENT_NONE }, 0 }, .show = show_keys },
        { "GetJWKS", { { BUS_ARGUMENT_NONE }, 0 }, .show = show_jwks },
        {
                "RotateKey",
                { { BUS_ARGUMENT_OPTIONS },
                        BUS_OPTION_ALGORITHM | BUS_OPTION_KID | BUS_OPTION_STAGE },
                .start = start_rotate_key,
                .reply = reply_kid,
        },
        { "ConfirmAdoption", { { BUS_ARGUMENT_NONE }, 0 }, .start = start_confirm_adoption },
        { "ConfirmAdoptionSince", { { BUS_ARGUMENT_NUMBER }, 0 }, .start = start_confirm_adoption },
        { "GetStatus", { { BUS_ARGUMENT_NONE }, 0 }, .show = bus_status_append },
        { "GetMetrics", { { BUS_ARGUMENT_NONE }, 0 }, .show = show_metrics },
        { "Reload", { { BUS_ARGUMENT_NONE }, 0 }, .at_once = reload },
};

const BusMethod *bus_method_find(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
                if (!strcmp(methods[i].name, name))
                        return &methods[i];
        return NULL;
}
